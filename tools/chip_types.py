"""The firmware's types on each chip, against the official stubs of its MicroPython: its modules, not CPython's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tools.setup.places import ROOT, VENV
from tools.setup.stubs import CHIPS, stubs

FIRMWARE = ROOT / "firmware"


def check_chips(firmware: Path = FIRMWARE) -> int:
    """mypy for every chip; 1 when one of them has an error."""
    return max([_check(chip, firmware) for chip in CHIPS])


def sources(chip: str, firmware: Path) -> list[Path]:
    """The files that run on `chip`; those of other boards end in their name."""
    others = tuple(f"_{name}" for name in ("unix", *CHIPS) if name != chip)
    return sorted(
        path
        for path in firmware.rglob("*.py")
        if "tests" not in path.parts
        and path.stem != "listwriter"
        and not path.stem.startswith("manifest_")
        and not path.stem.endswith(others)
    )


def _check(chip: str, firmware: Path) -> int:
    folder = stubs(chip)
    if not folder.is_dir():
        print(f"no stubs for {chip}. Next step: make setup")
        return 1
    words = [str(VENV / "bin" / "mypy"), "--config-file", str(FIRMWARE / "chips.ini"), "--no-error-summary"]
    words += ["--cache-dir", str(ROOT / ".mypy_cache" / chip), "--custom-typeshed-dir", str(folder)]
    words += [str(path) for path in sources(chip, firmware)]
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, "MYPYPATH": f"{firmware}:{firmware}/frozen:{folder}"}, check=False
    )
    print(f"{chip}: {'errors' if done.returncode else 'ok'}", flush=True)
    return 1 if done.returncode else 0
