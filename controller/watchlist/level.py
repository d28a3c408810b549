"""Three levels of a watchlist hit, by how much the read speaks for the listed plate."""

from collections.abc import Sequence
from enum import StrEnum

from models.plates.likelihood import likelihood_ratio, measured_confusion

SURE_CONFIDENCE = 0.90  # minimum posterior of a whole plate that needs no second look
PERSON_RATIO = 500.0  # `menshen bench watchlist`: all but 0.4 % of single confusions, 0.08 % of strangers


class Level(StrEnum):
    """How sure."""

    SURE = "sure"
    NEEDS_PERSON = "needs-a-person"
    NONE = "none"


def plate_level(read: str, confidence: float, posteriors: Sequence[float], listed: str) -> Level:
    """The level of the plate `read` against one `listed`.

    `confidence` is the minimum posterior; `posteriors` one a character, or empty when unknown. Exact and confident is
    sure. Anything else that speaks for the listed plate `PERSON_RATIO` times more than for another car needs a person:
    one confusion, even a confident one, or a differing province alone; none of these is ever sure.
    """
    if not listed:
        return Level.NONE
    if read == listed and confidence >= SURE_CONFIDENCE:
        return Level.SURE
    ratio = plate_ratio(read, confidence, posteriors, listed)
    return Level.NEEDS_PERSON if ratio >= PERSON_RATIO or read == listed else Level.NONE


def plate_ratio(read: str, confidence: float, posteriors: Sequence[float], listed: str) -> float:
    """How much more `read` speaks for the plate `listed` than for another car; arguments as of `plate_level`."""
    return likelihood_ratio(read, posteriors or (confidence,) * len(read), listed, measured_confusion())
