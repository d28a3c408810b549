"""The firmware's tests on MicroPython: the same files that pytest runs on CPython, and those only MicroPython can run.

A test is a function `test_*` in a `tests/test_*.py` of firmware/; `tests/mp_test_*.py` needs LittleFS: only here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.setup import system

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
_HEAP = "256m"  # tests hold whole flashes in memory; the 128 kB of a door are tested on the virtual board
_TIMEOUT_S = 600
_CLOSING = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)

# What runs inside MicroPython: argv[1] is the path to firmware/, the rest are test modules.
_COLLECT = """
import gc
import sys
sys.path.insert(0, sys.argv[1])
passed = failed = 0
for name in sys.argv[2:]:
    module = __import__(name, None, None, ["x"])
    for test in sorted(dir(module)):
        if test.startswith("test_"):
            gc.threshold(-1)  # the firmware sets one; with a heap this size that would collect all day
            try:
                getattr(module, test)()
                passed += 1
            except Exception as error:
                failed += 1
                print("FAILED", name, test)
                sys.print_exception(error)
print("%d passed, %d failed" % (passed, failed))
"""


def modules(firmware: Path = FIRMWARE) -> list[str]:
    """Dotted names of every test file, as MicroPython imports them."""
    files = sorted(firmware.glob("*/tests/test_*.py")) + sorted(firmware.glob("*/tests/mp_test_*.py"))
    return [".".join(file.relative_to(firmware).with_suffix("").parts) for file in files]


def run_on_micropython(names: list[str] | None = None) -> int:
    """Run them, print the closing line; 0 when all passed, 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "collect.py"
        script.write_text(_COLLECT)
        argv = [*system.micropython(), "-X", f"heapsize={_HEAP}", str(script), str(FIRMWARE), *(names or modules())]
        done = subprocess.run(
            argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_TIMEOUT_S, check=False
        )
    output = done.stdout.decode(errors="replace")
    print(output, end="")
    closing = _CLOSING.search(output)
    if done.returncode or closing is None:
        print("MicroPython ended before its tests did")
        return 1
    return 0 if closing.group(2) == "0" and closing.group(1) != "0" else 1


if __name__ == "__main__":
    sys.exit(run_on_micropython(sys.argv[1:] or None))
