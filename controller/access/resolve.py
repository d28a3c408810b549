"""A doubtful read against the plates that are registered: which one it most likely is, and how likely."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.plates.likelihood import likelihood_ratio, measured_confusion

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
    confusion = measured_confusion()
    each = RESIDENTS / len(plates)
    weights = [each * likelihood_ratio(read, posteriors, plate, confusion) for plate in plates]
    best = max(range(len(plates)), key=weights.__getitem__)
    if weights[best] <= 0:
        return None
    return Resolved(plates[best], weights[best] / (sum(weights) + 1 - RESIDENTS))
