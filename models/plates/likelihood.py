"""How much a read speaks for one certain plate, against any other car: a likelihood ratio.

A character read with posterior p is that character with probability p, and with 1 − p one of those that the reader is
known to take for it: `plate_reader/confusion.csv`, counted by `models/measure_plate_confusion.py`. Province and office
are shared by most cars of a place, so agreeing there proves nothing; disagreeing counts against, a province a little.
"""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from models.cards import FOLDER
from models.plates.alphabet import DIGITS, LETTERS, PROVINCES, SYMBOLS, UNKNOWN_PROVINCE

CONFUSION_TABLE = FOLDER / "plate_reader" / "confusion.csv"
_UNSEEN = 0.1
"""Counted for a confusion that was never seen, so that nothing is impossible."""
_SUREST = 0.995
"""No character is surer than this: of the reads called sure, about 1 in 200 is wrong (card of plate_reader)."""
_PROVINCE_FLOOR = 0.01
"""A wrong province is believed at least this often: it is the character read worst."""
_LETTERS_IN_SERIALS = 0.3  # of all places; GA 36 allows letters anywhere, most cities issue mostly digits
_LOCAL = 2
"""Province and office: the first characters, which most cars of a place share."""


class Confusion:
    """What the reader takes for what; counts of (truth, read) characters."""

    def __init__(self, counts: Mapping[tuple[str, str], int]) -> None:
        self._counts = {pair: count for pair, count in counts.items() if pair[0] != pair[1]}
        self._totals: dict[str, float] = {}
        for symbol in SYMBOLS:
            others = len(PROVINCES if symbol in PROVINCES else DIGITS + LETTERS) - 1
            wrong = sum(count for (_, read), count in self._counts.items() if read == symbol)
            self._totals[symbol] = wrong + _UNSEEN * others

    def truth_if_wrong(self, truth: str, read: str) -> float:
        """The probability that `truth` stands there, when `read` was read and is wrong."""
        if (truth in PROVINCES) != (read in PROVINCES):
            return 0.0
        return (self._counts.get((truth, read), 0) + _UNSEEN) / self._totals[read]


@lru_cache(maxsize=1)
def measured_confusion() -> Confusion:
    """The committed table of the committed reader."""
    with CONFUSION_TABLE.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        return Confusion({(row["truth"], row["read"]): int(row["count"]) for row in rows})


def likelihood_ratio(read: str, posteriors: Sequence[float], plate: str, confusion: Confusion) -> float:
    """P(read | this plate) / P(read | another car of the place); 0 for another length.

    `posteriors` are those of the read's characters; `?` stands for an unknown province and says nothing.
    """
    if not plate or len(read) != len(plate) or len(posteriors) != len(read):
        return 0.0
    places = enumerate(zip(read, posteriors, plate, strict=True))
    return math.prod([_share(place, seen, posterior, true, confusion) for place, (seen, posterior, true) in places])


def likelihood_ratios(
    read: str, posteriors: Sequence[float], plates: Iterable[str], confusion: Confusion
) -> list[float]:
    """`likelihood_ratio` of many plates: what a symbol contributes at a place is reckoned once."""
    length = len(read) if len(posteriors) == len(read) else 0
    shares = [_Shares(place, *seen, confusion) for place, seen in enumerate(zip(read, posteriors, strict=False))]
    return [math.prod(map(dict.__getitem__, shares, plate)) if 0 < len(plate) == length else 0.0 for plate in plates]


class _Shares(dict[str, float]):
    """What each symbol contributes that may stand where this character was read."""

    def __init__(self, place: int, seen: str, posterior: float, confusion: Confusion) -> None:
        super().__init__()
        self._read = (place, seen, posterior)
        self._confusion = confusion

    def __missing__(self, true: str) -> float:
        self[true] = share = _share(*self._read, true, self._confusion)
        return share


def _share(place: int, seen: str, posterior: float, true: str, confusion: Confusion) -> float:
    if seen == UNKNOWN_PROVINCE:
        return 1.0
    sureness = min(posterior, _SUREST)
    chance = sureness if seen == true else (1 - sureness) * confusion.truth_if_wrong(true, seen)
    if place < _LOCAL:
        return max(chance, _PROVINCE_FLOOR) if place == 0 else chance
    return chance / _commonness(true)


def _commonness(symbol: str) -> float:
    """How often a symbol stands at a serial's place."""
    if symbol in DIGITS:
        return (1 - _LETTERS_IN_SERIALS) / len(DIGITS)
    return _LETTERS_IN_SERIALS / len(LETTERS) if symbol in LETTERS else 1.0
