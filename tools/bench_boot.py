"""`menshen bench boot`: a door is reset at any moment of its life, hangs, and has exceptions in each of its tasks.

What happens to it, and what may never happen, is in `firmware/device/tests/resets.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tools.bench import Report
from tools.firmware_tests import WARP_HEAP
from tools.machine import describe
from tools.simulate import simulate, whole

RESETS = 10_000
PART = 500  # resets of one door, with one seed
PROCESSES = 2


def bench_boot(resets: int = RESETS, show: Callable[[int], None] = lambda done: None) -> Report:
    """How often a door was reset, and what its relay did that it may not. `show` hears of each part's end."""
    parts = -(-resets // PART)
    with ThreadPoolExecutor(PROCESSES) as pool:
        found: list[Report] = []
        for report in pool.map(_run, range(1, parts + 1)):
            found.append(report)
            show(PART)
    wrong = _sum(found, "found")
    figures: Report = {
        "resets": sum(whole(report["resets"]) for report in found),
        "resets_of": _sum(found, "ways"),
        "exceptions": sum(_sum(found, "exceptions").values()),
        "exceptions_of": _sum(found, "exceptions"),
        "relay_edges": sum(whole(report["rises"]) for report in found),
        "edges_at_boot": wrong["an edge of the relay at boot"],
        "edges_unasked": wrong["an edge of the relay that nobody asked for"],
        "relays_left_on": wrong["a relay left on"],
        "shut_out": wrong["a resident shut out"],
        "told": [report["told"] for report in found if report["told"]],
    }
    return {"name": "bench-boot", "figures": figures, "peers": {}, "machine": describe()}


def _run(seed: int) -> Report:
    return simulate("device.tests.resets", PART, seed, heap=WARP_HEAP)


def _sum(found: list[Report], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for report in found:
        counts = report[name]
        assert isinstance(counts, dict)
        total.update(counts)
    return total
