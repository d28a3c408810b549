"""Vehicles that may come so many times: counted before the barrier moves, so that a power cut gives no visit away."""

import logging

from controller.access.document import Document, Vehicle
from controller.store.errors import StoreBusyError, StoreFullError
from controller.store.visits import Visit, VisitCounts
from models.plates.alphabet import normal_plate

_log = logging.getLogger(__name__)


class Visits:
    """Counts in memory and in the store."""

    def __init__(self, counts: VisitCounts) -> None:
        self._counts = counts
        self._used: dict[Visit, int] = {}

    async def load(self) -> None:
        """What was counted before."""
        self._used = await self._counts.all()

    def used(self, vehicle: Vehicle) -> int:
        """How often it was let in so far."""
        return self._used.get(_visit(vehicle), 0)

    async def take(self, vehicle: Vehicle) -> bool:
        """Count one more; False when there is none left. Always True for a vehicle without limit."""
        if not vehicle.uses:
            return True
        if self.used(vehicle) >= vehicle.uses:
            return False
        await self._count(vehicle, 1)
        return True

    async def give_back(self, vehicle: Vehicle) -> None:
        """It was not let in after all; nothing happens if its count is forgotten meanwhile."""
        if vehicle.uses and self.used(vehicle):
            await self._count(vehicle, -1)

    async def tidy(self, document: Document) -> None:
        """Forget what the list in force does not have any more."""
        listed = {_visit(vehicle) for vehicle in document.vehicles if vehicle.uses}
        if gone := self._used.keys() - listed:
            await self._counts.forget(gone)
            for visit in gone:
                del self._used[visit]

    async def _count(self, vehicle: Vehicle, step: int) -> None:
        visit = _visit(vehicle)
        self._used[visit] = self._used.get(visit, 0) + step
        try:
            await self._counts.put(visit, self._used[visit])
        except (StoreFullError, StoreBusyError):  # in memory it still counts
            _log.warning("a visit is not in the database; it is forgotten if the controller restarts")


def _visit(vehicle: Vehicle) -> Visit:
    return Visit(normal_plate(vehicle.plate), vehicle.not_before, vehicle.not_after)
