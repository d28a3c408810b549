"""An hour counts passages."""

from dataclasses import dataclass

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Kind:
    """What is counted together. `what`: "person" or "vehicle"; `type`: the plate's, "" where none was read.

    `direction`: "in", "out", "visit" or ""; `lane` from 1, 0 where nobody tells lanes apart.
    """

    hour_unix: int
    camera: str
    what: str
    type: str
    direction: str
    lane: int


@dataclass(frozen=True, slots=True)
class Tally:
    """So many, and the sum of the seconds that they spent between the lines or in the zone."""

    count: int
    spent_s: float

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.count + other.count, self.spent_s + other.spent_s)


Counts = dict[Kind, Tally]


class HourlyCounts:
    """Passages since the last `take`."""

    def __init__(self) -> None:
        self._counts: Counts = {}

    def add(self, kind: Kind, spent_s: float = 0.0) -> None:
        """One passage."""
        self.give_back({kind: Tally(1, spent_s)})

    def take(self) -> Counts:
        """The counts, which then start at none."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, taken: Counts) -> None:
        """Counts that could not be stored."""
        for kind, tally in taken.items():
            self._counts[kind] = self._counts.get(kind, Tally(0, 0.0)) + tally


def hour_of(unix: float) -> int:
    """The first second of its hour."""
    return int(unix) // HOUR_S * HOUR_S


def change_inside(counts: Counts, gates: frozenset[str]) -> int:
    """How many vehicles more there are in the compound, by what the cameras of the gates counted."""
    signs = {"in": 1, "out": -1}
    return sum(
        signs.get(kind.direction, 0) * tally.count
        for kind, tally in counts.items()
        if kind.what == "vehicle" and kind.camera in gates
    )
