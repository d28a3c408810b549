"""Speed and memory, measured here and now: what the parts of `menshen bench …` share."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

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
