"""Exact nearest-template search: a compact int8 first pass, then the few that can still be nearest in float32.

    index = FaceIndex(vectors, persons)     # (N, 128) float32, (N,) int64
    found = index.nearest(vector)           # who, how far, how far the nearest other person is

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
_ROUNDING = np.float32(1e-5)  # of float32 sums, beside the quantisation's error


@dataclass(frozen=True, slots=True)
class Nearest:
    """Euclidean distances; `other_distance` is the nearest template's of anybody else, inf where there is nobody."""

    person: int
    row: int
    distance: float
    other_distance: float


class FaceIndex:
    """Not to be shared between threads. The gallery of 10,000 is built in about 0.1 s."""

    def __init__(self, vectors: Vectors, persons: NDArray[np.int64], threads: int = 1) -> None:
        if vectors.ndim != 2 or len(vectors) != len(persons) or not len(persons):
            raise ValueError(f"templates {vectors.shape} of {persons.shape} persons")
        self._persons = persons
        self._mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._vectors = np.ascontiguousarray(vectors - self._mean, np.float32)
        self._bias = np.asarray(-0.5 * np.einsum("ij,ij->i", self._vectors, self._vectors), np.float32)
        order = np.argsort(persons, kind="stable")
        self._names, starts = np.unique(persons[order], return_index=True)
        self._rows = np.split(order, starts[1:])
        self._network = self._compact(threads) if len(persons) >= COMPACT_FROM else None
        largest = float(np.abs(self._vectors).max())
        self._row_step = largest / 127  # what one unit of the coarsest template's int8 is worth
        self._row_sum = float(np.abs(self._vectors).sum(axis=1).max())

    def nearest(self, vector: Vectors) -> Nearest:
        """The nearest template of (128,) `vector`, and the distance of the nearest of another person."""
        probe = np.asarray(vector - self._mean, np.float32)
        scores, error = self._scores(probe)
        row, score = self._best(scores, error, probe)
        person = int(self._persons[row])
        scores[self._rows[int(np.searchsorted(self._names, person))]] = -np.inf
        other = self._best(scores, error, probe)[1] if len(self._names) > 1 else -np.inf
        energy = float(probe @ probe)
        return Nearest(person, row, _distance(energy, score), _distance(energy, other))

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
        error = self._row_step / 2 * (float(np.abs(probe).sum()) + 128 * probe_step) + probe_step * self._row_sum
        return self._network.run(probe[None])[0][0], error + float(_ROUNDING)

    def _best(self, scores: Vectors, error: float, probe: Vectors) -> tuple[int, float]:
        """(row, exact score) of the best."""
        first = int(np.argmax(scores))
        if not error:
            return first, float(scores[first])
        rows = np.flatnonzero(scores >= scores[first] - 2 * error)
        exact = self._vectors[rows] @ probe + self._bias[rows]
        at = int(np.argmax(exact))
        return int(rows[at]), float(exact[at])


def _distance(energy: float, score: float) -> float:
    return float(np.sqrt(max(energy - 2 * score, 0.0)))
