"""Starts the application: counts the boot, chooses a slot, checks its image and mounts it. See `mount` first.

The application is one image a slot, `a.rom` and `b.rom`: MicroPython's ROMFS, run in place so that its bytecode need
not be copied to the heap, its anti-rollback number (4 bytes), and the SHA-256 of all before. This file and `main.py`
are written over serial only, never by an update; the application brings a copy of its own, for `Record`.

The record `slot`, replaced whole at each boot: b"S1", a byte for each of `Record.FIELDS`, `floor` (4 bytes), CRC-32.
Without it, or when it is damaged, it is slot a, else b, whichever is whole.
"""

import gc
import os
import sys
from binascii import crc32
from hashlib import sha256

from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    import vfs

RECORD = "slot"
ERROR = "last.error"  # what ended the application, until the next boot has told
ROLLBACK_SIZE = 4
TRAILER_SIZE = ROLLBACK_SIZE + 32
TRIAL_BOOTS = 3  # for each of the two times that a firmware on trial has to pass
OTHER_AFTER = 10  # boots in a row that did not last: the other slot's turn
_ERROR_SIZE = 400
_RESET_STATUS = 42  # of the virtual board
_WATCHDOG_MS = 8_000  # the longest an RP2040 can wait
_PAUSE_S = 1


class Record:
    """What loader and application know of the slots.

    `active`: the slot to run, 0 or 1. `trial`: 0 = it is confirmed, else boots begun of it + 1. `passed`: on trial, and
    it has passed its self-test once. `bad`: boots in a row, this one too, that did not last. `why`: REASON_* of a
    firmware given up, until told. `asked`: 2 = the restart to come is wanted, 1 = that was this boot. `faults`: of
    the self-test, in the firmware before the one on trial. `floor`: the lowest rollback number that an update may have.
    """

    FIELDS = ("active", "trial", "passed", "bad", "why", "asked", "faults")

    def __init__(self, folder: str = "") -> None:
        self._path = folder + RECORD
        self.active = self.trial = self.passed = self.bad = self.why = self.asked = self.faults = self.floor = 0
        try:
            with open(self._path, "rb") as file:
                data = file.read(32)
        except OSError:
            return
        if len(data) == 17 and data[:2] == b"S1" and crc32(data[:13]).to_bytes(4, "little") == data[13:]:
            for i in range(7):
                setattr(self, self.FIELDS[i], data[2 + i])
            self.active &= 1
            self.floor = int.from_bytes(data[9:13], "little")

    def to_bytes(self) -> bytes:
        """As it is kept."""
        data = b"S1" + bytes([getattr(self, name) for name in self.FIELDS]) + self.floor.to_bytes(4, "little")
        return data + crc32(data).to_bytes(4, "little")

    def write(self) -> bool:
        """Keep it: after a power cut it is the old or the new one. False when flash refuses."""
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(self.to_bytes())
            os.rename(self._path + ".new", self._path)
        except OSError:
            print("slots: flash refuses the boot record; the door goes on. Next step: replace this board")
            return False
        return True

    def undo(self, why: int) -> None:
        """Back to the firmware before the one on trial."""
        self.active ^= 1
        self.trial = self.passed = self.bad = 0
        self.why = why


def image_name(slot: int) -> str:
    """The file of a slot (0 or 1)."""
    return "ab"[slot] + ".rom"


def choose(record: Record) -> None:
    """Count this boot, and settle which slot it is."""
    record.asked >>= 1
    if record.trial > TRIAL_BOOTS:
        record.undo(words.REASON_BAD_BOOTS)
    elif record.trial:
        record.trial += 1
    record.bad = min(record.bad + 1, 255)
    if record.bad > OTHER_AFTER and not record.trial:
        record.active ^= 1


def mount(folder: str = "") -> bool:
    """Mount the image of this boot at /rom, where imports find it from now on; False when there is none to run."""
    import vfs

    gc.threshold(2048)  # keep the heap compact while what stays is loaded into it
    if not hasattr(vfs, "VfsRom"):
        print("loader: this MicroPython has no VfsRom. Next step: a board build with MICROPY_VFS_ROM")
        return False
    record = Record(folder)
    choose(record)
    rom = _rom(folder + image_name(record.active)) or _other(folder, record)
    record.write()
    if rom is None:
        print("loader: neither a.rom nor b.rom is whole. Nothing was formatted. Next step: menshen flash")
        return False
    vfs.mount(rom, "/rom")
    sys.path[:] = ["/rom", ".frozen"]
    if sys.platform != "linux":  # the virtual board's watchdog needs no starting
        import machine

        machine.WDT(timeout=_WATCHDOG_MS)
    return True


def failed(error: Exception) -> "NoReturn":
    """The application ended with `error`: keep that for the next boot to tell, give a firmware on trial up, restart."""
    sys.print_exception(error)
    keep_error(error)
    record = Record()
    if record.trial:
        record.undo(words.REASON_EXCEPTION)
        record.write()
    restart()


def keep_error(error: Exception) -> None:
    """For the next boot to tell."""
    try:
        with open(ERROR, "wb") as file:
            file.write(traceback(error))
    except OSError:
        pass


def traceback(error: Exception) -> bytes:
    """Its end, with the innermost call."""
    import io

    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue().encode()[-_ERROR_SIZE:]


def restart() -> "NoReturn":
    """Start the board again, not faster than once a second: a boot that fails at once must not wear the flash out."""
    import time

    time.sleep(_PAUSE_S)
    if sys.platform == "linux":
        sys.exit(_RESET_STATUS)
    import machine

    machine.reset()


def _other(folder: str, record: Record) -> "vfs.VfsRom | None":
    """The slot of this boot has no firmware: the other one's, which is in force from now on."""
    if record.trial:
        record.undo(words.REASON_UPDATE_DIGEST)
    else:
        record.active ^= 1
    return _rom(folder + image_name(record.active))


def _rom(path: str) -> "vfs.VfsRom | None":
    """The file system in an image file, held in memory; None when the file is not whole."""
    import vfs

    gc.collect()
    try:
        size = os.stat(path)[6]
        with open(path, "rb") as file:
            memory = _memory(max(size, TRAILER_SIZE))
            file.readinto(memory)
        if sha256(memory[:-32]).digest() != bytes(memory[-32:]):
            raise OSError("digest")
        return vfs.VfsRom(memory[:-TRAILER_SIZE])
    except (OSError, MemoryError) as error:
        print("loader: no firmware in", path, error)
        return None


def _memory(size: int) -> "memoryview":
    """Room for an image. The virtual board's heap stands for what a chip leaves beside it, so there it lies outside."""
    if sys.platform != "linux":
        return memoryview(bytearray(size))
    import ffi
    import uctypes

    return memoryview(uctypes.bytearray_at(ffi.open(None).func("p", "malloc", "L")(size), size))
