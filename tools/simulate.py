"""What a module of the firmware's tests prints when its `main` runs in a MicroPython of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable

from tools.bench import Report
from tools.firmware_tests import FIRMWARE, FLASH_HEAP
from tools.setup import system

_TIMEOUT_S = 600
_SCRIPT = """
import json
import sys
sys.path.insert(0, sys.argv[1])
module = __import__(sys.argv[2], None, None, ["x"])
module.main(*json.loads(sys.argv[3]))
"""


def simulate(
    module: str, *arguments: object, heap: str = FLASH_HEAP, show: Callable[[str], None] = lambda line: None
) -> Report:
    """The figures: the last line that `main(*arguments)` prints, a JSON object. `show` hears the lines before it.

    It runs in an empty folder. Raises RuntimeError, with the end of what it printed, when it ends in another way or
    not within ten minutes.
    """
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        argv = [*system.micropython(), "-X", f"heapsize={heap}", "-c", _SCRIPT, str(FIRMWARE), module]
        with subprocess.Popen(
            [*argv, json.dumps(arguments)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            late = threading.Timer(_TIMEOUT_S, process.kill)
            late.start()
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    if not line.startswith("{"):
                        show(line.rstrip())
            except BaseException:
                process.kill()
                raise
            finally:
                late.cancel()
    if process.returncode or not lines or not lines[-1].startswith("{"):
        raise RuntimeError(f"{module} ended with {process.returncode}: {''.join(lines)[-2000:]}")
    report: Report = json.loads(lines[-1])
    return report


def whole(value: object) -> int:
    """A figure that is counted."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no number")
    return value
