"""A doubtful read against the plates that are registered: which one it most likely is, and how likely."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.plates.likelihood import likelihood_ratios, measured_confusion

RESIDENTS = 0.5  # of the cars at a gate; a compound with a barrier sees more of its own than that


@dataclass(frozen=True, slots=True)
class Resolved:
    """`probability` that the car which was read carries `plate`; the rest are other residents and strangers."""

    plate: str
    probability: float


def resolve(read: str, posteriors: Sequence[float], registered: Iterable[str]) -> Resolved | None:
    """The likeliest registered plate; None when nothing speaks for any. Each is as likely to come as any other."""
    plates = list(registered)
    if not plates:
        return None
    ratios = likelihood_ratios(read, posteriors, plates, measured_confusion())
    best = max(ratios)
    if best <= 0:
        return None
    each = RESIDENTS / len(plates)
    return Resolved(plates[ratios.index(best)], each * best / (each * sum(ratios) + 1 - RESIDENTS))
