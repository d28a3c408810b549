"""Best shots for the page: in memory, a few, for seconds. What else is kept is `events.keeper`'s to say."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass

from controller.events.live import Live

KEEP_S = 60.0
LIMIT = 60


@dataclass(frozen=True, slots=True)
class SeenVehicle:
    """What a passage told of a vehicle beside its plate, "" where it did not; words of `PlateSighting`.

    `differs`: what the register says, where it says otherwise: body_colour or vehicle_class → its word.
    """

    plate_type: str
    plate_colour: str
    body_colour: str
    body_confidence: float
    vehicle_class: str
    direction: str
    differs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Capture:
    """One passage at a camera. `outcome`: "opened", "known", "stranger", "watchlist" or a refusal's reason.

    `probability` is that of `plate`, where a doubtful read was resolved against the registered plates; `spare` is that
    of a face (see `FaceSighting`).
    """

    id: str
    camera: str
    kind: str
    at_unix: float
    outcome: str
    person: int | None
    plate: str | None
    probability: float | None = None
    spare: float = 0.0
    vehicle: SeenVehicle | None = None


class Captures:
    """The last `LIMIT` pictures that are younger than `KEEP_S`."""

    def __init__(
        self,
        live: Live,
        unix: Callable[[], float],
        offer: Callable[[Capture, bytes], None] = lambda capture, jpeg: None,
    ) -> None:
        """`offer` hears of each one that has a picture."""
        self._live = live
        self._unix = unix
        self._offer = offer
        self._kept: OrderedDict[str, tuple[Capture, bytes]] = OrderedDict()

    def add(self, capture: Capture, jpeg: bytes | None) -> None:
        """Show it, and keep its picture for a while."""
        self.drop_old()
        if jpeg:
            self._kept[capture.id] = (capture, jpeg)
            self._offer(capture, jpeg)
            while len(self._kept) > LIMIT:
                self._kept.popitem(last=False)
        self._live.publish("capture", asdict(capture))

    def recent(self) -> list[Capture]:
        """Newest first."""
        self.drop_old()
        return [capture for capture, _ in reversed(self._kept.values())]

    def jpeg(self, capture_id: str) -> bytes | None:
        """The picture, while it is kept."""
        self.drop_old()
        kept = self._kept.get(capture_id)
        return None if kept is None else kept[1]

    def find(self, capture_id: str) -> Capture | None:
        """While it is kept."""
        self.drop_old()
        kept = self._kept.get(capture_id)
        return None if kept is None else kept[0]

    def drop_old(self) -> None:
        """Forget what is older than `KEEP_S`."""
        oldest = self._unix() - KEEP_S
        for capture_id in [key for key, (capture, _) in self._kept.items() if capture.at_unix < oldest]:
            del self._kept[capture_id]


def new_capture_id() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(8)
