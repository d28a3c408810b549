"""Who was found to be allowed is let in: while he still stands there, and a visitor for one visit less."""

import logging
from collections.abc import Callable

from controller.access.document import Vehicle
from controller.events.ports import Doors
from controller.events.visits import Visits
from doorwire import vocabulary as words

STALE_S = 5.0  # who was seen so long ago may have gone, and someone else may stand there
CARD_S = 10  # to show the card in, where a face stands for its PIN

_log = logging.getLogger(__name__)


class Opening:
    """Each answers with the outcome (see `Capture`)."""

    def __init__(self, doors: Doors, visits: Visits, unix: Callable[[], float]) -> None:
        self._doors = doors
        self._visits = visits
        self._unix = unix

    async def to_face(self, place: str, person: int, seen_unix: float) -> str:
        """The door, for a resident."""
        return await self._open(place, words.REASON_FACE, "face", person, seen_unix)

    async def to_card(self, place: str, person: int, seen_unix: float) -> str:
        """The door will open for this resident's card."""
        left_s = CARD_S - int(max(0.0, self._unix() - seen_unix))
        if left_s <= 0:
            return "stale"
        result = await self._doors.vouch(place, words.REASON_FACE, person, left_s)
        return "card-wanted" if result.done else result.reason

    async def to_vehicle(self, place: str, vehicle: Vehicle, seen_unix: float) -> str:
        """The barrier. A use stays counted where it may have gone up: opened, no answer, or the controller ends."""
        if not await self._visits.take(vehicle):
            return "uses-spent"
        try:
            outcome = await self._open(place, words.REASON_PLATE, "plate", vehicle.person, seen_unix)
        except Exception:
            await self._visits.give_back(vehicle)
            raise
        if outcome not in ("opened", "no-answer"):
            await self._visits.give_back(vehicle)
        return outcome

    async def _open(self, place: str, reason: int, who: str, person: int, seen_unix: float) -> str:
        late_s = self._unix() - seen_unix
        if late_s > STALE_S:
            _log.warning("a sighting for %s came %.1f s late; nothing is opened", place, late_s)
            return "stale"
        result = await self._doors.open(place, reason, who, person)
        return "opened" if result.done else result.reason
