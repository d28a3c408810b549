"""NOR flash in memory whose power can be cut at any program or erase. MicroPython only."""

import vfs

BLOCK_SIZE = 4096
BLOCKS = 64
UNIT = 128  # bytes read or programmed at once, as on the boards
MOUNT = "/ram"


class PowerCut(BaseException):
    """The power has gone; no handler of ordinary errors may see it."""


class RamFlash:
    """For VfsLfs2. The `cut_at`-th program or erase (from 1; 0 = never) fails, half done when `torn`.

    After that, or `off`, it goes on as a flash nobody looks at: the collector closes files that were left open, and
    may not allocate while it does.
    """

    def __init__(self, data: bytearray, cut_at: int = 0, torn: bool = False) -> None:
        self.data = data
        self.operations = 0
        self.erases = [0] * (len(data) // BLOCK_SIZE)
        self.left = b""  # what the power cut left
        self._cut_at = cut_at
        self._torn = torn
        self._dead = False

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK_SIZE + offset
        if self._dead:
            _copy(self.data, at, buffer, 0, len(buffer))
        else:
            buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * BLOCK_SIZE + offset
        if self._dead:
            _copy(buffer, 0, self.data, at, len(buffer))
            return
        self._count(at, buffer)
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, op, argument):
        if op == 4:
            return len(self.erases)
        if op == 5:
            return BLOCK_SIZE
        if op == 6:
            at = argument * BLOCK_SIZE
            if self._dead:
                _copy(_ERASED, 0, self.data, at, BLOCK_SIZE)
            else:
                self._count(at, _ERASED)
                self.erases[argument] += 1
                self.data[at : at + BLOCK_SIZE] = _ERASED
        return 0

    def off(self):
        """Nobody looks any more."""
        self._dead = True

    def _count(self, at, buffer):
        """One more operation; PowerCut when it is the one."""
        self.operations += 1
        if self.operations == self._cut_at:
            if self._torn:
                half = len(buffer) // 2
                self.data[at : at + half] = buffer[:half]
            self.left = bytes(self.data)
            self._dead = True
            raise PowerCut


_ERASED = b"\xff" * BLOCK_SIZE
_in_place = []  # the flash mounted now


def _copy(source, start, target, at, count):
    """Byte by byte, because slices allocate."""
    i = 0
    while i < count:
        target[at + i] = source[start + i]
        i += 1


def blank(blocks: int = BLOCKS) -> bytearray:
    """A formatted flash."""
    flash = RamFlash(bytearray(b"\xff" * (BLOCK_SIZE * blocks)))
    vfs.VfsLfs2.mkfs(flash, readsize=UNIT, progsize=UNIT)
    return flash.data


def mount(flash: RamFlash) -> str:
    """Mount it in place of the last one; the path of its root."""
    for last in _in_place:
        last.off()
        vfs.umount(MOUNT)
    _in_place[:] = [flash]
    vfs.mount(vfs.VfsLfs2(flash, readsize=UNIT, progsize=UNIT), MOUNT)
    return MOUNT + "/"


def mounted() -> str:
    """A fresh, empty flash."""
    return mount(RamFlash(blank()))
