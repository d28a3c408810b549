"""Who a face is, if anyone: exact search over the gallery, with a threshold and a margin to the second best person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.face_search import FaceIndex

DIMENSIONS = 128  # of the embedder's vector


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest person; `person` None when too far or too near to another. `margin` is inf without another."""

    person: int | None
    distance: float
    margin: float


class Gallery:
    """Enrolled templates: `vectors` (N, 128) float32, `persons` (N,) int64. Several rows a person are welcome."""

    def __init__(self, vectors: NDArray[np.float32], persons: NDArray[np.int64]) -> None:
        self.index = FaceIndex(vectors, persons) if len(persons) else None

    @classmethod
    def empty(cls) -> Gallery:
        return cls(np.zeros((0, DIMENSIONS), np.float32), np.zeros(0, np.int64))


def match(vector: NDArray[np.float32], gallery: Gallery, threshold: float, margin: float) -> Match:
    """`vector` (128,). `threshold` and `margin` in Euclidean distance, from the embedder's card."""
    if gallery.index is None:
        return Match(None, float("inf"), float("inf"))
    found = gallery.index.nearest(vector)
    lead = found.other_distance - found.distance
    known = found.distance <= threshold and lead >= margin
    return Match(found.person if known else None, found.distance, lead)
