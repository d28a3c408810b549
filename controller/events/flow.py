"""Traffic statistics: what cameras count, into the store; how many people are in a zone now, in memory."""

from collections import Counter
from collections.abc import Callable, Iterable

from controller.flow.distinct import DAY_S, DistinctVehicles, day_of
from controller.flow.hours import HourlyCounts, Kind, change_inside, hour_of
from controller.settings import CameraSettings
from controller.store.alerts import Alerts, AuditRow
from controller.store.passages import Passages
from controller.store.store import Store
from controller.vision.sighting import FlowCount, PlateSighting, Presence

READABLE = 0.5  # confidence from which a read tells vehicles apart
_TURNED = {"in": "out", "out": "in"}


class Flow:
    """One site's. `new_key` makes a day's key; `offset_s`: local time ahead of UTC; `keep_days` of statistics."""

    def __init__(
        self,
        store: Store,
        cameras: Iterable[CameraSettings],
        unix: Callable[[], float],
        offset_s: Callable[[], int],
        new_key: Callable[[], bytes],
        keep_days: int,
    ) -> None:
        self._passages: Passages = store.passages
        self._alerts: Alerts = store.alerts
        self._cameras = {camera.id: camera for camera in cameras}
        self.gate_cameras = gate_counters(self._cameras.values())
        self._unix = unix
        self.offset_s = offset_s
        self._new_key = new_key
        self._keep_days = keep_days
        self._counts = HourlyCounts()
        self._dropped_unix = self.today()  # the day on which old counts were last dropped
        self._distinct = DistinctVehicles(self._dropped_unix, new_key())
        self._waiting: Counter[int] = Counter()
        """By day, different vehicles that are not stored yet."""
        self._present: dict[str, int] = {}

    def seen(self, seen: FlowCount | Presence) -> None:
        """A crossing or a visit; or how many are in a zone from now on."""
        if isinstance(seen, Presence):
            self._present[seen.camera] = seen.people
            return
        way = self._way(seen.camera, seen.direction) if seen.what == "vehicle" else seen.direction
        self._counts.add(Kind(hour_of(seen.at_unix), seen.camera, seen.what, "", way, seen.lane), seen.spent_s)

    def plate(self, seen: PlateSighting) -> None:
        """A vehicle whose plate was read."""
        way = self._way(seen.camera, seen.direction)
        self._counts.add(Kind(hour_of(seen.at_unix), seen.camera, "vehicle", seen.plate_type, way, 0))
        day_unix = day_of(seen.at_unix, self.offset_s())
        if day_unix > self._distinct.day_unix:
            self._begin(day_unix)
        if day_unix == self._distinct.day_unix and seen.confidence >= READABLE:
            self._distinct.see(seen.text)

    def today(self) -> int:
        """The first second of the local day."""
        return day_of(self._unix(), self.offset_s())

    def present(self) -> dict[str, int]:
        """People in the zone of each camera that has one, now."""
        return dict(self._present)

    async def store(self) -> None:
        """Add what was counted to the store; a new day begins with a new key."""
        today = self.today()
        if today != self._distinct.day_unix:
            self._begin(today)
        if today != self._dropped_unix:
            await self._passages.drop_old(today, self._keep_days * DAY_S)
            self._dropped_unix = today
        self._waiting[self._distinct.day_unix] += self._distinct.take()
        counts, days, self._waiting = self._counts.take(), +self._waiting, Counter()
        try:
            if counts or days:
                await self._passages.add(counts, change_inside(counts, self.gate_cameras), days)
        except Exception:  # not when cancelled: what was handed over is written all the same
            self._counts.give_back(counts)
            self._waiting += days
            raise

    def _begin(self, day_unix: int) -> None:
        """Another day, with another key; what the day before has not stored yet waits."""
        self._waiting[self._distinct.day_unix] += self._distinct.take()
        self._distinct = DistinctVehicles(day_unix, self._new_key())

    async def set_inside(self, vehicles: int, who: str) -> None:
        """A guard has counted the vehicles in the compound."""
        await self.store()
        now = self._unix()
        await self._passages.set_inside(vehicles, now)
        await self._alerts.audit(AuditRow(now, who, "vehicles-counted", "flow", str(vehicles)))

    def _way(self, camera: str, direction: str) -> str:
        """What "nearer" means at this camera."""
        settings = self._cameras.get(camera)
        turned = settings is not None and settings.approach == "out"
        return _TURNED.get(direction, direction) if turned else direction


def gate_counters(cameras: Iterable[CameraSettings]) -> frozenset[str]:
    """The cameras by which vehicles in the compound are reckoned: a gate's lane counters, else its plate cameras."""
    at_gates = [camera for camera in cameras if camera.opens is not None and camera.task in ("flow", "plate")]
    counted = {camera.opens for camera in at_gates if camera.task == "flow"}
    return frozenset(camera.id for camera in at_gates if camera.task == "flow" or camera.opens not in counted)
