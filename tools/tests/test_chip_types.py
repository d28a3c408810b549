"""Each chip's code is held against that chip's modules: what only the other chip, or CPython, has is an error."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.chip_types import FIRMWARE, check_chips, sources
from tools.setup.stubs import CHIPS

SEEDS = {
    "esp32": ("board_esp32.py", "class Esp32Board", "import rp2\n\n\nclass Esp32Board", "rp2"),
    "rp2": ("board_rp2.py", "Pin.PULL_UP)", "Pin.PULL_HARD)", "PULL_HARD"),
    "both": ("board_chip.py", "asyncio.ThreadSafeFlag()", "asyncio.Queue()", "Queue"),
}


def test_each_chip_has_its_own_files_and_none_of_the_others() -> None:
    for chip, other in zip(CHIPS, reversed(CHIPS), strict=True):
        names = {path.name for path in sources(chip, FIRMWARE)}
        assert {"app.py", "board_chip.py", "uart_chip.py", f"board_{chip}.py"} <= names
        assert not names & {f"board_{other}.py", "board_unix.py", "uart_unix.py", "test_edges.py", "listwriter.py"}
    assert "pio_rp2.py" in {path.name for path in sources("rp2", FIRMWARE)}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_call_that_the_chip_does_not_have_is_an_error(
    seed: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name, before, after, word = SEEDS[seed]
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    file = firmware / "device" / name
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after, 1))
    assert check_chips(firmware) == 1
    told = capfd.readouterr().out
    assert word in told and all((f"{chip}: errors" in told) == (seed in (chip, "both")) for chip in CHIPS), told
