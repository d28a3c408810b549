"""Where set-up puts things, and the words it uses when it cannot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"


class SetupError(Exception):
    """Set-up cannot go on; the message is the cause and the next step, in one line."""


def home() -> Path:
    """MENSHEN_HOME, else `.menshen` beside the sources. Everything a later start needs lies there."""
    return Path(os.environ.get("MENSHEN_HOME") or ROOT / ".menshen").absolute()


def say(text: str) -> None:
    """One line of progress for the person who waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def megabytes(folder: Path) -> float:
    """Size of what lies in `folder`, MB (10^6 bytes)."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink()) / 1e6
