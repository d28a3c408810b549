"""Three levels of a watchlist hit, from what was read and how surely each character was read."""

from collections.abc import Sequence
from enum import StrEnum

SURE_CONFIDENCE = 0.90  # minimum posterior of a whole plate that needs no second look
# Characters that readers take for one another (HyperLPR #262, #402; our plate reader trial: G→6, 0→Q/D, A→4).
_CONFUSABLE = ("0DQ", "8B3", "1T7L", "2Z7", "5S", "6GC", "A4", "UV", "MNHW", "KX", "EF", "RP", "CL")


class Level(StrEnum):
    """How sure."""

    SURE = "sure"
    NEEDS_PERSON = "needs-a-person"
    NONE = "none"


def plate_level(read: str, confidence: float, posteriors: Sequence[float], listed: str) -> Level:
    """The level of the plate `read` against one `listed`.

    `confidence` is the minimum posterior; `posteriors` one a character, or empty when unknown. Exact and confident is
    sure. A doubtful exact one, one confusable character, or a differing province alone needs a person: the province is
    the character that is read worst, so it never makes a plate sure and never clears one.
    """
    if not listed or len(read) != len(listed):
        return Level.NONE
    different = [index for index, (ours, theirs) in enumerate(zip(read, listed, strict=True)) if ours != theirs]
    if not different:
        return Level.SURE if confidence >= SURE_CONFIDENCE else Level.NEEDS_PERSON
    if len(different) > 1:
        return Level.NONE
    index = different[0]
    if index == 0:
        return Level.NEEDS_PERSON
    if index < len(posteriors) and posteriors[index] >= SURE_CONFIDENCE:
        return Level.NONE
    return Level.NEEDS_PERSON if _confusable(read[index], listed[index]) else Level.NONE


def _confusable(a: str, b: str) -> bool:
    return any(a in group and b in group for group in _CONFUSABLE)
