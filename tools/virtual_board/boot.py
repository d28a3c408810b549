# Runs in the MicroPython unix port before the firmware: gives it the flash that the image file is, and the shell of a
# board (`/` is that flash, `main.py` starts). Every prog and erase reaches the image by an unbuffered write(2), so
# SIGKILL at any moment is a power cut: what was written stays, what was not is not there.
#
# MENSHEN_IMAGE: the image file. MENSHEN_CUT_AT=n: the power fails half way through the n-th prog or erase.
# MENSHEN_BOARD, MENSHEN_BOARD_TOKEN: where the harness listens (for the firmware's device/board_unix.py).
# MENSHEN_TRACE: every prog is told on the console.
import gc
import os
import sys

import vfs

BLOCK_SIZE = 4096
BLOCK_COUNT = 512
UNIT = 128  # bytes read or programmed at once: LittleFS keeps files of up to 4 units in their directory's entry
DAMAGED = 3  # exit statuses; board.py knows them
POWER_CUT = 4


class Flash:
    """NOR flash for VfsLfs2 (extended interface): blocks are erased whole and programmed in parts."""

    def __init__(self, path, cut_at):
        self._file = open(path, "r+b")  # noqa: SIM115 - for as long as the board has power
        self._erased = b"\xff" * 512
        self._left = cut_at  # operations until the power fails; 0 = never
        self._trace = os.getenv("MENSHEN_TRACE")

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK_SIZE + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK_SIZE + offset)
        if self._cut():
            self._file.write(memoryview(buffer)[: len(buffer) // 2])
            _power_off()
        self._file.write(buffer)
        if self._trace:
            print("trace flash", block)

    def ioctl(self, op, argument):
        if op == 4:
            return BLOCK_COUNT
        if op == 5:
            return BLOCK_SIZE
        if op == 6:
            self._erase(argument)
        return 0

    def _erase(self, block):
        self._file.seek(block * BLOCK_SIZE)
        cut = self._cut()
        for _ in range(BLOCK_SIZE // 512 // (2 if cut else 1)):
            self._file.write(self._erased)
        if cut:
            _power_off()

    def _cut(self):
        self._left -= 1
        return self._left == 0


def _power_off():
    import ffi

    ffi.open(None).func("v", "_exit", "i")(POWER_CUT)


def _mount():
    flash = Flash(os.getenv("MENSHEN_IMAGE"), int(os.getenv("MENSHEN_CUT_AT") or "0"))
    vfs.umount("/")
    try:
        vfs.mount(vfs.VfsLfs2(flash, readsize=UNIT, progsize=UNIT), "/")
    except OSError as error:
        print("board: the flash is damaged, LittleFS does not mount (errno %d). Nothing was formatted." % error.errno)
        print("board: next step: keep a copy of the image for analysis, then flash the board again")
        sys.exit(DAMAGED)


def _main():
    sys.path[:] = ["", ".frozen"]
    try:
        with open("main.py") as source:
            text = source.read()
    except OSError:
        print("board: no main.py in flash. Next step: menshen flash")
        sys.exit(DAMAGED)
    gc.collect()
    exec(compile(text, "main.py", "exec"), {"__name__": "__main__"})


_mount()
_main()
