"""A track that crosses both of two lines has passed; an hour counts passages."""

from dataclasses import dataclass, field

TRACK_LIMIT = 500  # tracks remembered at once; the oldest is forgotten
HOUR_S = 3600


@dataclass(slots=True)
class TwoLines:
    """Two parallel lines across a picture, as fractions of its height. First, then second = "in"; the reverse "out".

    A track must cross both: one that dithers on a line, or turns back between them, counts nothing.
    """

    first: float = 0.4
    second: float = 0.6
    _zones: dict[int, int] = field(default_factory=dict)

    def update(self, track: int, y: float) -> str | None:
        """The direction of a passage that this position completes. `y`: the track's foot point, 0 top … 1 bottom."""
        low, high = sorted((self.first, self.second))
        zone = -1 if y < low else 1 if y > high else 0
        before = self._zones.pop(track, zone)
        self._zones[track] = zone or before
        if len(self._zones) > TRACK_LIMIT:
            del self._zones[next(iter(self._zones))]
        if zone == 0 or before == 0 or zone == before:
            return None
        downwards = zone > before
        return "in" if downwards == (self.first < self.second) else "out"


class HourlyCounts:
    """Passages since the last `take`, by (hour, camera, what, direction)."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str, str, str], int] = {}

    def add(self, at_unix: float, camera: str, what: str, direction: str, count: int = 1) -> None:
        """So many passages. `what`: "person" or "vehicle"; `direction`: "in", "out" or ""."""
        key = (int(at_unix) // HOUR_S * HOUR_S, camera, what, direction)
        self._counts[key] = self._counts.get(key, 0) + count

    def take(self) -> dict[tuple[int, str, str, str], int]:
        """The counts, which then start at none."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, taken: dict[tuple[int, str, str, str], int]) -> None:
        """Counts that could not be stored."""
        for key, count in taken.items():
            self._counts[key] = self._counts.get(key, 0) + count
