"""The frozen start: what does not mount is never formatted. Needs LittleFS."""

import sys

import vfs

from device.tests.ramflash import BLOCK_SIZE, BLOCKS, RamFlash, blank
from frozen import door_flash

AT = "/door"


class Flash(RamFlash):
    """Counts what is written; its first `bad` reads fail, or all do."""

    def __init__(self, data, bad=0):
        super().__init__(data)
        self._bad = bad

    def readblocks(self, block, buffer, offset=0):
        if self._bad:
            self._bad -= 1
            raise OSError(5)
        super().readblocks(block, buffer, offset)


def with_file():
    """A file system with a door's list in it."""
    flash = Flash(blank())
    assert door_flash.mount(flash, AT)
    with open(AT + "/list.bin", "wb") as file:
        file.write(b"residents" * 300)
    vfs.umount(AT)
    return bytearray(flash.data)


def started(flash):
    """Run the frozen `_boot.py` on this flash, mounted at `AT` instead of `/`; whether it mounted."""
    real = door_flash.chip, door_flash.mount
    seen = []
    door_flash.chip = lambda: flash
    door_flash.mount = lambda flash, at: seen.append(real[1](flash, AT)) or seen[-1]
    sys.modules["door_flash"] = door_flash
    try:
        sys.modules.pop("frozen._boot", None)
        __import__("frozen._boot")
        return seen == [True]
    finally:
        door_flash.chip, door_flash.mount = real


def in_state(flash):
    """What `menshen flash` is told."""
    real = door_flash.chip
    door_flash.chip = lambda: flash
    try:
        return door_flash.state()
    finally:
        door_flash.chip = real


def test_boot_mounts_what_is_there():
    flash = Flash(with_file())
    assert started(flash) and flash.operations == 0
    with open(AT + "/list.bin", "rb") as file:
        assert file.read() == b"residents" * 300
    vfs.umount(AT)
    assert in_state(flash) == "mounted"


def test_boot_formats_nothing_whatever_is_broken():
    data = with_file()
    for spoilt in (range(2), range(BLOCKS), (0,), (1,)):
        broken = bytearray(data)
        for block in spoilt:
            for i in range(BLOCK_SIZE):
                broken[block * BLOCK_SIZE + i] ^= 0x5A
        flash = Flash(bytearray(broken))
        if started(flash):  # LittleFS keeps its root twice
            vfs.umount(AT)
            assert len(spoilt) == 1
        else:
            assert len(spoilt) > 1 and in_state(flash) == "damaged"
        assert flash.operations == 0 and flash.data == broken


def test_boot_on_a_new_board_formats_nothing_either():
    flash = Flash(bytearray(b"\xff" * (BLOCKS * BLOCK_SIZE)))
    assert not started(flash) and flash.operations == 0
    assert in_state(flash) == "blank"
    flash.data[-1] = 0xFE
    assert in_state(flash) == "damaged"
    assert not started(None) and in_state(None) == "damaged"


def test_boot_tries_again_when_a_read_fails():
    assert started(Flash(with_file(), bad=door_flash.TRIES - 1))
    vfs.umount(AT)
    flash = Flash(with_file(), bad=10_000)
    assert not door_flash.mount(flash, AT) and flash.operations == 0


def test_make_leaves_an_empty_file_system():
    flash = Flash(bytearray(b"\x5a" * (BLOCKS * BLOCK_SIZE)))
    door_flash.make(flash, AT)
    vfs.umount(AT)
    assert in_state(flash) == "mounted"
