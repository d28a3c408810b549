"""MicroPython onto an ESP chip, with esptool as a library."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import esptool
import serial

from tools.flash_errors import FlashError, NoSpaceError, SilentBoardError, WriteError

_FAST_BAUD = 460_800
_LEAST_FLASH = 4 << 20  # the application, 20,000 credentials and 20,000 events
_FIRST_AT = {"ESP32": 0x1000, "ESP32-S2": 0x1000}  # where the ROM looks for the boot loader; 0 on every later chip


class ChipError(FlashError):
    """The chip in the board is not the one this file is for."""

    cause = "wrong-chip"


def write_micropython(port: str, file: Path, erase: bool, progress: Callable[[str, int, int], None]) -> str:
    """Write `file` to the chip behind `port`, verified by esptool; the chip's name.

    The file system stays, with events not yet delivered, unless `erase`.
    """
    if not file.is_file():
        raise ChipError(f"no file {file}. Next step: build a door's MicroPython for this board (docs/BOARDS.md).")
    progress("micropython", 0, file.stat().st_size)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.ExitStack() as stack:
            chip = esptool.detect_chip(port, connect_attempts=3)
            stack.callback(chip._port.close)
            name: str = chip.CHIP_NAME
            chip = esptool.run_stub(chip)
            chip.change_baud(_FAST_BAUD)
            esptool.attach_flash(chip)
            _check_size(chip)
            if erase:
                esptool.erase_flash(chip)
            esptool.write_flash(chip, [(_FIRST_AT.get(name, 0), file.read_bytes())], no_progress=True)
            esptool.reset_chip(chip, "hard-reset")
    except serial.SerialException as error:
        raise WriteError("MicroPython", str(error)) from error
    except esptool.FatalError as error:
        if "connect" in str(error).lower():
            raise SilentBoardError(port) from error
        raise ChipError(f"{error}. Next step: check that {file.name} is for this chip.") from error
    progress("micropython", file.stat().st_size, file.stat().st_size)
    return name


def _check_size(chip: esptool.ESPLoader) -> None:
    size = esptool.cmds.detect_flash_size(chip)
    if size and size.endswith("MB") and int(size[:-2]) << 20 < _LEAST_FLASH:
        raise NoSpaceError(f"the chip has {size} of flash and a door needs {_LEAST_FLASH >> 20} MB")
