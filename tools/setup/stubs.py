"""The chips' MicroPython modules as type stubs, each chip's in a folder of its own."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tools.setup.environment import REQUIREMENTS, pip
from tools.setup.places import home, say

CHIPS = ("esp32", "rp2")


def stubs(chip: str) -> Path:
    """Where they lie."""
    return home() / "stubs" / chip


def ensure_stubs() -> None:
    """As the locks say. No network when nothing changed; SetupError when pip fails."""
    for chip in CHIPS:
        lock = REQUIREMENTS / "stubs" / f"{chip}.txt"
        stamp = stubs(chip) / "menshen.stamp"
        wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        say(f"type stubs: {chip}")
        shutil.rmtree(stubs(chip), ignore_errors=True)
        pip("install", "--quiet", "--require-hashes", "--no-deps", "--target", str(stubs(chip)), "-r", str(lock))
        stamp.write_text(wanted)
