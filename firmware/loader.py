"""Starts the application: counts the boot, chooses a slot, checks its image and runs it in place.

The application is one ROM image a slot (`a.rom`, `b.rom`: MicroPython's ROMFS and the SHA-256 of all of it), so that
its bytecode need not be copied to the heap. This file and `main.py` are written over serial only, never by an update.

The record `slot`, replaced whole at each boot: b"S1", the slot in force, boots begun of a firmware on trial (0 = it is
confirmed), flags, boots in a row that did not last, the lowest rollback number that may run (4 bytes), CRC-32.
"""

import gc
import os
import sys
from binascii import crc32
from hashlib import sha256

import vfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SLOTS = b"ab"
RECORD = "slot"
ERROR = "last.error"  # what ended the application, until it has been told
DIGEST_SIZE = 32
PASSED = 1  # flag: the firmware on trial passed its self-test once
UNDONE = 2  # flag: a firmware on trial was given up; until the application has told
TRIAL_BOOTS = 4
SAFE_AFTER = 5  # boots in a row that did not last: nothing optional starts
OTHER_AFTER = 10  # … the other slot is tried
_ERROR_SIZE = 400
_RESET_STATUS = 42  # of the virtual board
_PAUSE_S = 1


class Record:
    """What the loader and the application know of the slots."""

    def __init__(self, path: str = RECORD) -> None:
        self._path = path
        self.active = 0
        self.trial = self.flags = self.bad = self.floor = 0
        try:
            with open(path, "rb") as file:
                data = file.read(16)
        except OSError:
            return
        if len(data) == 14 and data[:2] == b"S1" and crc32(data[:10]).to_bytes(4, "little") == data[10:]:
            self.active, self.trial, self.flags, self.bad = data[2] & 1, data[3], data[4], data[5]
            self.floor = int.from_bytes(data[6:10], "little")

    def write(self) -> None:
        """Keep it: after a power cut it is the old or the new one. OSError when flash refuses."""
        with open(self._path + ".new", "wb") as file:
            file.write(encode(self.active, self.trial, self.flags, self.bad, self.floor))
        os.rename(self._path + ".new", self._path)

    def undo(self) -> None:
        """Back to the firmware before the one on trial."""
        self.active ^= 1
        self.trial, self.flags, self.bad = 0, UNDONE, 0


def encode(active: int, trial: int, flags: int, bad: int, floor: int) -> bytes:
    """The record's bytes; `active` 0 or 1."""
    data = b"S1" + bytes([active, trial, flags, bad]) + floor.to_bytes(4, "little")
    return data + crc32(data).to_bytes(4, "little")


def image_name(slot: int) -> str:
    """The file of a slot (0 or 1)."""
    return chr(SLOTS[slot]) + ".rom"


def start() -> None:
    """What main.py calls. Comes back only when there is nothing to run."""
    gc.threshold(2048)  # keep the heap compact while what stays is loaded into it
    record = Record()
    slot = _choose(record)
    try:
        record.write()
    except OSError:
        print("loader: flash refuses the boot record; the door goes on")
    for attempt in (slot, slot ^ 1):
        image = _image(image_name(attempt))
        if image is not None:
            if record.trial and attempt != record.active:
                record.undo()
            _run(image, record)
    print("loader: neither a.rom nor b.rom is whole. Nothing was formatted. Next step: menshen flash")


def _choose(record: Record) -> int:
    """Count this boot; the slot that it should be."""
    if record.trial > TRIAL_BOOTS:
        record.undo()
    elif record.trial:
        record.trial += 1
    record.bad = min(record.bad + 1, 255)
    other = record.bad > OTHER_AFTER and record.bad % 2 == 0
    return record.active ^ 1 if other else record.active


def _image(path: str) -> "memoryview | None":
    """The slot's image in memory, or None when it is not whole."""
    try:
        size = os.stat(path)[6] - DIGEST_SIZE
        memory = _memory(size)
        with open(path, "rb") as file:
            if size <= 0 or file.readinto(memory) != size or sha256(memory).digest() != file.read(DIGEST_SIZE):
                raise ValueError
    except (OSError, ValueError, MemoryError):
        print("loader:", path, "is missing or damaged")
        return None
    return memory


def _memory(size: int) -> "memoryview":
    """Room for an image. The virtual board's heap stands for what a chip leaves beside it, so there it lies outside."""
    if sys.platform != "linux":
        return memoryview(bytearray(size))
    import ffi
    import uctypes

    malloc = ffi.open(None).func("p", "malloc", "L")
    return memoryview(uctypes.bytearray_at(malloc(max(size, 1)), max(size, 0)))


def _run(image: "memoryview", record: Record) -> "NoReturn":
    """The application, until it ends; then the board starts again."""
    vfs.mount(vfs.VfsRom(image), "/rom")
    sys.path[:] = ["/rom", ".frozen"]
    try:
        import app

        app.main(record)
    except Exception as error:  # noqa: BLE001 (whatever it was: told at the next boot)
        sys.print_exception(error)
        keep_error(error)
    restart()


def keep_error(error: Exception) -> None:
    """Keep what ended the application, for the next boot to tell."""
    import io

    text = io.StringIO()
    sys.print_exception(error, text)
    try:
        with open(ERROR, "wb") as file:
            file.write(text.getvalue().encode()[-_ERROR_SIZE:])
    except OSError:
        pass


def restart() -> "NoReturn":
    """Start the board again, not faster than once a second: a boot that fails at once must not wear the flash out."""
    import time

    time.sleep(_PAUSE_S)
    if sys.platform == "linux":
        sys.exit(_RESET_STATUS)
    import machine

    machine.reset()
