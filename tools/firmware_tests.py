"""The firmware's tests on MicroPython: the same files that pytest runs on CPython, and those only MicroPython can run.

A test is a function `test_*` in a `tests/test_*.py` of firmware/; `tests/mp_test_*.py` needs LittleFS: only here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.setup import system

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
_HEAP = "256m"  # tests hold whole lists in memory; the 128 kB of a door are tested on the virtual board
FLASH_HEAP = "8m"  # for tests that hold a flash: what runs on it collects often, which takes longer in a larger heap
WARP_HEAP = "2m"  # for those whose flash lies outside of it (`device/tests/warp.py`)
_HEAPS = {
    "device.tests.mp_test_full_flash": "24m",
    "device.tests.mp_test_resets": WARP_HEAP,
    "device.tests.mp_test_soak": WARP_HEAP,
}
_LONGEST = ("device.tests.mp_test_soak", "doorlogic.tests.test_door_search")  # begin first
_TIMEOUT_S = 600
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)

_COLLECT = """
import sys
sys.path.insert(0, FOLDER)
passed = failed = 0
for name in NAMES:
    module = __import__(name, None, None, ["x"])
    for test in sorted(dir(module)):
        if test.startswith("test_"):
            try:
                getattr(module, test)()
                passed += 1
            except Exception as error:
                failed += 1
                print("FAILED", name, test)
                sys.print_exception(error)
print("%d passed, %d failed" % (passed, failed))
"""


def collect(folder: str, names: list[str]) -> str:
    """What runs inside MicroPython: these test modules out of the firmware's `folder`, then the closing line."""
    return f"FOLDER = {folder!r}\nNAMES = {names!r}{_COLLECT}"


def modules(firmware: Path = FIRMWARE) -> list[str]:
    """Dotted names of every test file, as MicroPython imports them."""
    files = [*firmware.glob("*/tests/test_*.py"), *firmware.glob("*/tests/mp_test_*.py")]
    names = [".".join(file.relative_to(firmware).with_suffix("").parts) for file in files]
    return sorted(names, key=lambda name: (name not in _LONGEST, ".mp_test" not in name, name))


def run_on_micropython(names: list[str] | None = None) -> int:
    """Run them, each file in an interpreter of its own, and print the closing line; 0 when all passed, 1 otherwise."""
    passed = failed = 0
    with ThreadPoolExecutor(2) as pool:
        for name, output in pool.map(_run, names or modules()):
            closing = CLOSING.search(output)
            print(CLOSING.sub("", output).strip("\n") or f"{name}: ok")
            if closing is None:
                print(f"{name}: MicroPython ended before its tests did")
                failed += 1
            else:
                passed, failed = passed + int(closing.group(1)), failed + int(closing.group(2))
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def _run(name: str) -> tuple[str, str]:
    """(name, what its interpreter printed, without a closing line when it ended badly)."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "collect.py"
        script.write_text(collect(str(FIRMWARE), [name]))
        heap = _HEAPS.get(name, FLASH_HEAP if ".mp_test" in name else _HEAP)
        argv = [*system.micropython(), "-X", f"heapsize={heap}", str(script)]
        done = subprocess.run(
            argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_TIMEOUT_S, check=False
        )
    output = done.stdout.decode(errors="replace")
    return name, CLOSING.sub("", output) if done.returncode else output


if __name__ == "__main__":
    sys.exit(run_on_micropython(sys.argv[1:] or None))
