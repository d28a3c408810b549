"""The firmware's tests on an emulated RP2040: as far as it goes without a UF2 file, and all the way with one."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
from pathlib import Path

import pytest

from tools.firmware_tests import collect
from tools.second_opinion import (
    PICO,
    VARIABLE,
    NoUf2Error,
    ask,
    chip_modules,
    closing,
    flash_image,
    main,
    uf2_file,
)
from tools.setup import system

_MOUNT = """
import vfs
class Flash:
    def __init__(self, path):
        self.file = open(path, "rb")
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buffer)
    def ioctl(self, op, argument):
        return {4: BLOCKS, 5: 4096}.get(op, 0)
vfs.mount(vfs.VfsLfs2(Flash(IMAGE), progsize=256), "/chip")
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("chip") / "flash.img"
    file.write_bytes(flash_image())
    return file


def test_the_chips_flash_holds_all_that_its_tests_need(image: Path, tmp_path: Path) -> None:
    assert image.stat().st_size == PICO.fs_blockcount * PICO.fs_blocksize
    names = chip_modules()
    assert len(names) > 20
    script = tmp_path / "mount.py"
    head = f"IMAGE = {str(image)!r}\nBLOCKS = {PICO.fs_blockcount}{_MOUNT}"
    script.write_text(head + collect("/chip", ["device.tests.test_edges", "doorlogic.tests.test_decide"]))
    done = subprocess.run(
        [*system.micropython(), str(script)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    opinion = closing("both", done.stdout)
    assert opinion.passed > 20 and opinion.failed == 0, done.stdout


def test_an_interpreter_that_ends_before_its_tests_did_has_failed() -> None:
    assert closing("x", "Traceback\nMemoryError\n").failed == 1
    assert (closing("x", "FAILED\n3 passed, 1 failed\n").passed, closing("x", "3 passed, 1 failed\n").failed) == (3, 1)


def test_what_is_no_uf2_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert uf2_file() is None and main([]) == 1 and "Next step" in capsys.readouterr().out
    (tmp_path / "other.bin").write_bytes(b"ELF")
    for name in ("other.bin", "missing.uf2"):
        monkeypatch.setenv(VARIABLE, str(tmp_path / name))
        with pytest.raises(NoUf2Error):
            uf2_file()
        assert main([]) == 1 and f"{name} is no UF2" in capsys.readouterr().out


def test_a_chip_that_never_speaks_has_failed(image: Path, tmp_path: Path) -> None:
    """A UF2 of one block, whose program only runs in a circle."""
    block = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000, 256, 0, 1, 0xE48BFF56)
    block += struct.pack("<H", 0xE7FE) * 128
    (tmp_path / "circle.uf2").write_bytes(block.ljust(508, b"\0") + struct.pack("<I", 0x0AB16F30))
    opinion = asyncio.run(ask(tmp_path / "circle.uf2", image, "doorlogic.tests.test_wiegand", start_s=1.0))
    assert (opinion.passed, opinion.failed) == (0, 1) and "1.0" in opinion.output


@pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"second opinion: {VARIABLE} names no MicroPython (docs/BOARDS.md)"
)
@pytest.mark.parametrize("name", chip_modules())
def test_firmware_on_an_emulated_rp2040(name: str, image: Path) -> None:
    uf2 = uf2_file()
    assert uf2 is not None
    opinion = asyncio.run(ask(uf2, image, name))
    assert opinion.passed and not opinion.failed, opinion.output
