"""`menshen bench match`: nearest-template search beside its peers, in one run on the same templates."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.face_search import OTHERS, FaceIndex
from tools.machine import describe

Vectors = NDArray[np.float32]
Search = Callable[[Vectors], object]
SIZES = (1_000, 10_000, 100_000, 1_000_000)
PROBES = 40
DIMENSIONS = 64  # as the shipped embedder's
_SPREAD = 3.6  # its impostors are 1.2 … 1.6 apart, 1.4 in the middle


def bench_match(progress: Callable[[int], None] = lambda size: None) -> dict[str, object]:
    """Median ms a probe (half residents, half strangers) for the nearest and the OTHERS next, which the decision needs;
    two threads each; drawn vectors, as far apart as faces are.

    `top1_mismatches`: answers that differ from a float64 search through everything. `bandwidth_share`: bytes of the
    compact templates over time, at 1,000,000, as a share of what reading memory reached in the same run. A peer that
    is not installed is null (`pip install faiss-cpu usearch`).
    """
    ours: dict[str, object] = {}
    peers: dict[str, dict[str, object] | None] = {"numpy": {}, "faiss_flat": {}, "usearch_exact": {}}
    mismatches, share = 0, 0.0
    for size in SIZES:
        progress(size)
        vectors, probes = templates(size, 1), _probes(size)
        index = FaceIndex(vectors, threads=2)
        spent_ms = _median_ms(index.nearest, probes)
        ours[f"ms_{size}"] = spent_ms
        mismatches += sum(index.nearest(probe).row != _exhaustive(vectors, probe) for probe in probes)
        for name, search in _peers(vectors).items():
            figures = peers[name]
            if search is None or figures is None:
                peers[name] = None
            else:
                figures[f"ms_{size}"] = _median_ms(search, probes)
        if size == SIZES[-1]:
            share = size * vectors.shape[1] / (spent_ms / 1000) / _read_bytes_a_second(vectors)
    figures = {**ours, "top1_mismatches": mismatches, "bandwidth_share": round(share, 2)}
    return {"name": "bench-match", "figures": figures, "peers": peers, "machine": describe()}


def templates(count: int, seed: int) -> Vectors:
    """(count, DIMENSIONS) vectors of length 1 around a common mean."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, DIMENSIONS), dtype=np.float32) * np.float32(_SPREAD / np.sqrt(DIMENSIONS))
    rows[:, 0] += 1
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _probes(size: int) -> Vectors:
    """Half of them pictures of templates, half of nobody."""
    random = np.random.default_rng(2)
    known = templates(size, 1)[random.integers(0, size, PROBES // 2)]
    known = known + random.standard_normal(known.shape, dtype=np.float32) * np.float32(0.8 / np.sqrt(DIMENSIONS))
    rows = np.concatenate([known, templates(PROBES // 2, 3)])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _exhaustive(vectors: Vectors, probe: Vectors) -> int:
    """In float64, in pieces."""
    parts = [vectors[at : at + 50_000].astype(np.float64) @ probe for at in range(0, len(vectors), 50_000)]
    return int(np.argmax(np.concatenate(parts)))


def _peers(vectors: Vectors) -> dict[str, Search | None]:
    found: dict[str, Search | None] = {
        "numpy": lambda probe: np.argpartition(vectors @ probe, -OTHERS - 1)[-OTHERS - 1 :]
    }
    found["faiss_flat"] = _faiss(vectors) if importlib.util.find_spec("faiss") else None
    found["usearch_exact"] = _usearch(vectors) if importlib.util.find_spec("usearch") else None
    return found


def _faiss(vectors: Vectors) -> Search:
    import faiss

    faiss.omp_set_num_threads(2)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    return lambda probe: flat.search(probe[None], OTHERS + 1)


def _usearch(vectors: Vectors) -> Search:
    from usearch.index import MetricKind, search

    return lambda probe: search(vectors, probe[None], OTHERS + 1, MetricKind.IP, exact=True, threads=2)


def _median_ms(search: Search, probes: Vectors) -> float:
    search(probes[0])
    spent = []
    for probe in probes:
        began = time.perf_counter()
        search(probe)
        spent.append(1000 * (time.perf_counter() - began))
    return round(float(np.median(spent)), 3)


def _read_bytes_a_second(vectors: Vectors) -> float:
    """The faster of BLAS and a copy, over 512 MB."""
    probe, target = vectors[0], np.empty_like(vectors)
    product = _median_ms(lambda _: vectors @ probe, vectors[:7])
    copied = _median_ms(lambda _: np.copyto(target, vectors), vectors[:7])
    return max(vectors.nbytes / product, 2 * vectors.nbytes / copied) * 1000
