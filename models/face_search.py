"""Exact nearest-template search: a compact int8 first pass, then the few that can still be nearest in float32.

    index = FaceIndex(vectors)       # (N, dimensions) float32, a row for each person
    found = index.nearest(vector)    # which row, how far, how far the nearest others are

The first pass is one int8 dense layer in LiteRT with a template a row: it reads a quarter of the bytes, and reading is
what a search costs. Its error has a bound, so whatever could be nearest is looked at again: the answer is that of a
search through all of them in float32.

‖x − q‖² = ‖q′‖² − 2·(x′·q′ − ‖x′‖²/2), where ′ is "less the gallery's mean": small numbers, small rounding errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.graph import Graph
from models.runtime import Network
from models.tflite_writer import write

Vectors = NDArray[np.float32]
COMPACT_FROM = 2_000  # templates; below, float32 is read out of the cache as fast
OTHERS = 10  # what a face is compared with besides the nearest
_BLOCK = 64  # scores, far apart, of which the best is looked at first
_ROUNDING = np.float32(1e-5)  # of float32 sums, beside the quantisation's error


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Euclidean distances: of the nearest row, and of the `others` that come next, nearest first, OTHERS at most."""

    row: int
    distance: float
    others: Vectors


class FaceIndex:
    """Not to be shared between threads. The gallery of 10,000 is built in about 0.1 s."""

    def __init__(self, vectors: Vectors, threads: int = 1) -> None:
        if vectors.ndim != 2 or not len(vectors):
            raise ValueError(f"templates {vectors.shape}")
        self._mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._vectors = np.ascontiguousarray(vectors - self._mean, np.float32)
        self._bias = np.asarray(-0.5 * np.einsum("ij,ij->i", self._vectors, self._vectors), np.float32)
        self._network = self._compact(threads) if len(vectors) >= COMPACT_FROM else None
        largest = float(np.abs(self._vectors).max())
        self._row_step = largest / 127  # what one unit of the coarsest template's int8 is worth
        self._row_sum = float(np.abs(self._vectors).sum(axis=1).max())

    def __len__(self) -> int:
        return len(self._vectors)

    def nearest(self, vector: Vectors) -> Nearest:
        """The nearest row of (dimensions,) `vector` and those that come next."""
        probe = np.asarray(vector - self._mean, np.float32)
        scores, error = self._scores(probe)
        rows = np.flatnonzero(scores >= _least_of_best(scores, OTHERS + 1) - 2 * error)
        exact = self._vectors[rows] @ probe + self._bias[rows]
        order = np.argsort(-exact, kind="stable")[: OTHERS + 1]
        apart = np.sqrt(np.maximum(float(probe @ probe) - 2 * exact[order], 0.0)).astype(np.float32)
        return Nearest(int(rows[order[0]]), float(apart[0]), apart[1:])

    def _compact(self, threads: int) -> Network:
        graph = Graph()
        probe = graph.input((1, self._vectors.shape[1]))
        graph.output(graph.fully_connected(probe, self._vectors, self._bias))
        return Network(write(graph, int8_weights=True), threads)

    def _scores(self, probe: Vectors) -> tuple[Vectors, float]:
        """(N,) scores, the highest is the nearest, and how wrong each may be."""
        if self._network is None:
            return self._vectors @ probe + self._bias, 0.0
        probe_step = 2 * float(np.abs(probe).max()) / 254
        error = self._row_step / 2 * (float(np.abs(probe).sum()) + len(probe) * probe_step) + probe_step * self._row_sum
        return self._network.run(probe[None])[0][0], error + float(_ROUNDING)


def _least_of_best(scores: Vectors, count: int) -> float:
    """No more than the `count`-th largest score, and near it: of the best of each block, the `count`-th."""
    blocks = len(scores) // _BLOCK
    if blocks < count:
        return float(np.partition(scores, -count)[-count]) if len(scores) > count else float(scores.min())
    best = scores[: blocks * _BLOCK].reshape(_BLOCK, blocks).max(axis=0)  # columns: NumPy compares many at once
    return float(np.partition(best, -count)[-count])
