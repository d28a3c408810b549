"""Speed and memory, measured here and now: `menshen bench …`. Each returns the object that the command prints."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from models.face import FacePipeline
from tools.machine import describe
from tools.setup import system

Report = dict[str, object]
RUNS = 50


def spread(values_ms: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    ordered = sorted(values_ms)
    return {
        "p50_ms": round(statistics.median(ordered), 2),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "max_ms": round(ordered[-1], 2),
    }


def timed(work: Callable[[], object], runs: int = RUNS) -> dict[str, float]:
    """Spread of `runs` calls after one that is not counted."""
    work()
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - began))
    return spread(found)


def bench_face() -> Report:
    """ms per stage on one and on two threads: a 960×540 frame with one face (a public-domain portrait)."""
    bgr = np.asarray(cv2.imread(str(system.demo_pictures()["resident"])))
    frame = np.full((540, 960, 3), 120, np.uint8)
    frame[14:526, 200:712] = np.ascontiguousarray(bgr[:, :, ::-1])
    figures: dict[str, object] = {}
    for threads in (1, 2):
        pipeline = FacePipeline(threads)
        face = pipeline.detect(frame)[0]
        figures[f"threads_{threads}"] = {
            "detect": timed(lambda p=pipeline: p.detect(frame)),  # type: ignore[misc]
            "landmarks": timed(lambda p=pipeline, f=face: p.landmarks(frame, f)),  # type: ignore[misc]
            "embed": timed(lambda p=pipeline, f=face: p.embed(frame, f)),  # type: ignore[misc]
        }
    return {"name": "bench-face", "figures": figures, "peers": {}, "machine": describe()}
