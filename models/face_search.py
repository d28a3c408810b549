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
COMPACT_FROM = 8_000  # templates; below, float32 is read out of the cache as fast
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
        rows, exact = self._candidates(probe)
        order = np.argsort(-exact, kind="stable")[: OTHERS + 1]
        apart = np.sqrt(np.maximum(float(probe @ probe) - 2 * exact[order], 0.0)).astype(np.float32)
        return Nearest(int(rows[order[0]]), float(apart[0]), apart[1:])

    def _compact(self, threads: int) -> Network:
        graph = Graph()
        probe = graph.input((1, self._vectors.shape[1]))
        graph.output(graph.fully_connected(probe, self._vectors, self._bias))
        return Network(write(graph, int8_weights=True), threads)

    def _candidates(self, probe: Vectors) -> tuple[NDArray[np.intp], Vectors]:
        """Rows, rising, among which the OTHERS + 1 nearest are, and their scores: the highest is the nearest."""
        count = min(OTHERS + 1, len(self))
        if self._network is None:
            scores = self._vectors @ probe + self._bias
            rows = np.sort(np.argpartition(scores, -count)[-count:])
            return rows, scores[rows]
        probe_step = 2 * float(np.abs(probe).max()) / 254
        error = self._row_step / 2 * (float(np.abs(probe).sum()) + len(probe) * probe_step) + probe_step * self._row_sum
        rows = _best_rows(self._network.run(probe[None])[0][0], count, 2 * (error + float(_ROUNDING)))
        return rows, self._vectors[rows] @ probe + self._bias[rows]


def _best_rows(scores: Vectors, count: int, slack: float) -> NDArray[np.intp]:
    """In rising order, all rows among the `count` best or at most `slack` below the last of those; perhaps a few more.

    One pass through the COMPACT_FROM scores or more: of each block only the best is kept, and only blocks that count
    are looked into.
    """
    blocks = len(scores) // _BLOCK
    table = scores[: blocks * _BLOCK].reshape(_BLOCK, blocks)  # columns: NumPy compares many at once
    best = table.max(axis=0)
    least = np.partition(best, -count)[-count] - slack
    columns = np.flatnonzero(best >= least)
    depths, places = np.nonzero(table[:, columns] >= least)
    last = np.flatnonzero(scores[blocks * _BLOCK :] >= least) + blocks * _BLOCK
    return np.sort(np.concatenate([depths * blocks + columns[places], last]))
