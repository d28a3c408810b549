"""`menshen bench powercut`: the power fails at every program and erase of a door's flash, in every story there is.

The stories, and what has to hold after each cut, are in `firmware/device/tests/cuts.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.bench import Report
from tools.firmware_tests import FIRMWARE, FLASH_HEAP
from tools.machine import describe
from tools.setup import system

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
_TIMEOUT_S = 300
_FOUND = re.compile(r"^powercut (\{.*\})$", re.MULTILINE)
_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from device.tests.cuts import main
main(sys.argv[2:])
"""


def bench_powercut(scenarios: Sequence[str] = SCENARIOS, show: Callable[[str], None] = lambda name: None) -> Report:
    """How often the power was cut, and what did not hold afterwards. `show` hears the name of each finished story."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        found: list[Report] = []
        for report in pool.map(_run, scenarios):
            found.append(report)
            show(str(report["scenario"]))
    points = {str(report["scenario"]): _whole(report["cut_points"]) for report in found}
    failures = {str(report["scenario"]): report["failures"] for report in found if report["failures"]}
    figures: Report = {
        "cut_points": sum(points.values()),
        "failures": sum(len(words) for words in failures.values() if isinstance(words, list)),
        "cut_points_of": points,
        "failures_of": failures,
    }
    return {"name": "bench-powercut", "figures": figures, "peers": {}, "machine": describe()}


def _run(scenario: str) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "powercut.py"
        script.write_text(_SCRIPT)
        argv = [*system.micropython(), "-X", f"heapsize={FLASH_HEAP}", str(script), str(FIRMWARE), scenario]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    found = _FOUND.search(done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"{scenario} ended with {done.returncode}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    report: Report = json.loads(found.group(1))
    return report


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no number")
    return value
