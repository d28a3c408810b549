"""`menshen bench powercut`: the power fails at every program and erase of a door's flash, in every story there is.

The stories, and what has to hold after each cut, are in `firmware/device/tests/cuts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tools.bench import Report
from tools.machine import describe
from tools.simulate import simulate, whole

PROCESSES = 2
SCENARIOS = (  # the longest first
    "update",
    "journal_overwritten",
    "journal",
    "delta_on_delta",
    "delta_install",
    "list_install",
    "delta_merge",
    "list_over_delta",
    "first_list",
    "settings",
    "pass",
)


def bench_powercut(scenarios: Sequence[str] = SCENARIOS, show: Callable[[str], None] = lambda name: None) -> Report:
    """How often the power was cut, and what did not hold afterwards. `show` hears the name of each finished story."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        found: list[Report] = []
        for report in pool.map(_run, scenarios):
            found.append(report)
            show(str(report["scenario"]))
    points = {str(report["scenario"]): whole(report["cut_points"]) for report in found}
    failures = {str(report["scenario"]): report["failures"] for report in found if report["failures"]}
    figures: Report = {
        "cut_points": sum(points.values()),
        "failures": sum(len(words) for words in failures.values() if isinstance(words, list)),
        "cut_points_of": points,
        "failures_of": failures,
    }
    return {"name": "bench-powercut", "figures": figures, "peers": {}, "machine": describe()}


def _run(scenario: str) -> Report:
    return simulate("device.tests.cuts", scenario)
