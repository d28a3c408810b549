"""`menshen bench boot`: a door is reset at any moment of its life, hangs, and has exceptions in each of its tasks.

What happens to it, and what may never happen, is in `firmware/device/tests/resets.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.bench import Report
from tools.firmware_tests import FIRMWARE, FLASH_HEAP
from tools.machine import describe
from tools.setup import system

RESETS = 10_000
PART = 500  # resets of one door, with one seed
PROCESSES = 2
_TIMEOUT_S = 300
_FOUND = re.compile(r"^resets (\{.*\})$", re.MULTILINE)
_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from device.tests.resets import main
main(int(sys.argv[2]), int(sys.argv[3]))
"""


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
        "resets": sum(_whole(report["resets"]) for report in found),
        "resets_of": _sum(found, "ways"),
        "exceptions": sum(_sum(found, "exceptions").values()),
        "exceptions_of": _sum(found, "exceptions"),
        "relay_edges": sum(_whole(report["rises"]) for report in found),
        "edges_at_boot": wrong["an edge of the relay at boot"],
        "edges_unasked": wrong["an edge of the relay that nobody asked for"],
        "relays_left_on": wrong["a relay left on"],
        "shut_out": wrong["a resident shut out"],
        "told": [report["told"] for report in found if report["told"]],
    }
    return {"name": "bench-boot", "figures": figures, "peers": {}, "machine": describe()}


def _run(seed: int) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "boot.py"
        script.write_text(_SCRIPT)
        heap = f"heapsize={FLASH_HEAP}"
        argv = [*system.micropython(), "-X", heap, str(script), str(FIRMWARE), str(PART), str(seed)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    found = _FOUND.search(done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"seed {seed} ended with {done.returncode}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    report: Report = json.loads(found.group(1))
    return report


def _sum(found: list[Report], name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for report in found:
        counts = report[name]
        assert isinstance(counts, dict)
        total.update(counts)
    return total


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no number")
    return value
