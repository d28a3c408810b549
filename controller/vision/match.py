"""Who a face is, if anyone: exact search over the gallery, with a threshold and a margin to the second best person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 128  # of the embedder's vector


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest person; `person` None when too far or too near to another. `margin` is inf without another."""

    person: int | None
    distance: float
    margin: float


@dataclass(frozen=True, slots=True)
class Gallery:
    """Enrolled templates: `vectors` (N, 128) float32, `persons` (N,) int64. Several rows a person are welcome."""

    vectors: NDArray[np.float32]
    persons: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Gallery:
        return cls(np.zeros((0, DIMENSIONS), np.float32), np.zeros(0, np.int64))


def match(vector: NDArray[np.float32], gallery: Gallery, threshold: float, margin: float) -> Match:
    """`vector` (128,). `threshold` and `margin` in Euclidean distance, from the embedder's card."""
    if not len(gallery.persons):
        return Match(None, float("inf"), float("inf"))
    distances = np.linalg.norm(gallery.vectors - vector, axis=1)
    best = int(np.argmin(distances))
    person, distance = int(gallery.persons[best]), float(distances[best])
    others = distances[gallery.persons != person]
    lead = float(others.min()) - distance if len(others) else float("inf")
    return Match(person if distance <= threshold and lead >= margin else None, distance, lead)
