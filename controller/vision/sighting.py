"""What vision tells the access process: one value per passage, never per frame."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class FaceSighting:
    """One face that passed. `person` None: nobody who is enrolled. `distance` and `margin` are Euclidean."""

    camera: str
    track: int
    at_unix: float
    person: int | None
    distance: float
    margin: float
    frames: int
    quality: float
    jpeg: bytes | None
    latency_ms: float


@dataclass(frozen=True, slots=True)
class PlateSighting:
    """One plate that passed. `posteriors` one per character; `confidence` is their minimum."""

    camera: str
    track: int
    at_unix: float
    text: str
    confidence: float
    posteriors: tuple[float, ...]
    plate_type: str
    colour: str
    direction: str
    jpeg: bytes | None
    latency_ms: float


def to_json(sighting: FaceSighting | PlateSighting) -> dict[str, object]:
    """Plain values; the picture in base64."""
    values = asdict(sighting)
    if sighting.jpeg is not None:
        values["jpeg"] = base64.b64encode(sighting.jpeg).decode()
    return values
