"""Mounts the flash of a door, and formats it only when a technician asks for that.

MicroPython's own `_boot.py` formats a flash that does not mount: one bad read at boot, and a door has lost its
residents, its keys and its journal. Frozen, because nothing in flash can be asked before flash is mounted.
"""

import sys
import time

import vfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Flash = Any  # rp2.Flash or esp32.Partition

TRIES = 3
_PAUSE_MS = 200


def start() -> None:
    """At every start of MicroPython. What does not mount is left as it is, and the console is the technician's."""
    flash = chip()
    if mount(flash, "/"):
        return
    if is_blank(flash):
        print("flash: it is empty. Next step: menshen flash")
    else:
        print("flash: it does not mount. Nothing was formatted. Next step: menshen flash tells what there is to do")


def state() -> str:
    """`mounted`, `blank`: nothing was ever written, or `damaged`."""
    flash = chip()
    if mount(flash, "/look"):
        vfs.umount("/look")
        return "mounted"
    return "blank" if is_blank(flash) else "damaged"


def chip() -> "Flash":
    """The part of this chip's flash that is for files; None when there is none."""
    if sys.platform == "rp2":
        import rp2

        return rp2.Flash()
    from flashbdev import bdev  # the ESP32 port's

    return bdev


def mount(flash: "Flash", at: str) -> bool:
    """Whether it is mounted `at`. A bad read may be better the next time; LittleFS mends what a power cut left."""
    if flash is None:
        return False
    for n in range(TRIES):
        try:
            vfs.mount(vfs.VfsLfs2(flash, progsize=_program_size()), at)
            return True
        except OSError:
            time.sleep_ms(_PAUSE_MS if n < TRIES - 1 else 0)
    return False


def is_blank(flash: "Flash") -> bool:
    """Whether every byte is erased: then there is nothing to lose."""
    if flash is None:
        return False
    size = flash.ioctl(5, 0)
    erased = b"\xff" * size
    block = bytearray(size)
    for n in range(flash.ioctl(4, 0)):
        flash.readblocks(n, block)
        if block != erased:
            return False
    return True


def make(flash: "Flash", at: str) -> None:
    """A new, empty file system in place of all that was there."""
    vfs.VfsLfs2.mkfs(flash, progsize=_program_size())
    vfs.mount(vfs.VfsLfs2(flash, progsize=_program_size()), at)


def _program_size() -> int:
    """Bytes written at once: so many that LittleFS keeps the journal's tail in its entry (doorlogic/journal.py)."""
    return 256 if sys.platform == "rp2" else 128
