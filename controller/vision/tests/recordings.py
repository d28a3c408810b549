"""Recordings of real traffic, where this machine has them."""

from pathlib import Path

import pytest

FOLDERS = (
    Path(__file__).resolve().parents[4] / "shared" / "data" / "video",
    Path("/usr/share/doc/opencv-doc/examples/data"),
)


def recording(name: str) -> Path:
    """Where it is; the test is skipped when it is nowhere."""
    for folder in FOLDERS:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"{name} is not here: vtest.avi comes with Debian's opencv-doc, the others are Intel's sample videos")
