"""A door's life in no time: the real application on LittleFS in memory, on a board whose time jumps to the next thing.

Everything is in this process. `Warp` is the clock and asyncio's poll; importing this module puts it in their place.
MicroPython only.
"""

import asyncio
import asyncio.core
import json
import os
import time

import vfs

import app
import config
from device import flash
from device.board import RELAY, TICKS_MASK, Board
from device.tests import ramflash
from device.tests.controller import DEVICE, KEY
from doorlogic.door import RESTING, Levels

BITS = 26
RELEASE_S = 5
READ_MS = 60  # from a card's last edge to the relay, at most; 20 of them are the silence that ends a frame


class Warp:
    """Time that passes only by waiting. Never behind the real one, which asyncio's queue also looks at."""

    def __init__(self) -> None:
        self.now_ms = time.ticks_ms()
        self.cut_ms = -1  # the power fails then

    def ticks(self) -> int:
        """Asyncio's milliseconds."""
        return self.now_ms

    def wait(self, delay_ms: int) -> None:
        """In the place of asyncio's poll: nobody is outside."""
        if delay_ms < 0:
            raise RuntimeError("nothing will ever happen any more")
        if 0 <= self.cut_ms <= self.now_ms + delay_ms:
            self.now_ms, self.cut_ms = max(self.cut_ms, self.now_ms), -1
            raise ramflash.PowerCut
        self.now_ms += delay_ms


WARP = Warp()
asyncio.core.ticks = WARP.ticks
asyncio.core.IOQueue.wait_io_event = WARP.wait


class WarpFlash(ramflash.RamFlash):
    """One that goes on from what the last one left in `memories`: the first is in use, the other takes what a power
    cut leaves, because the collector may still write to the first.
    """

    def __init__(self, memories: "list[bytearray]") -> None:
        super().__init__(memories[0])
        self._memories = memories

    def arm(self, operations: int, torn: bool) -> None:
        """The power fails at the `operations`-th program or erase from now."""
        self._cut_at = self.operations + operations
        self._torn = torn

    def freeze(self) -> None:
        """The power has gone: the next boot has what is there now."""
        self._memories[1][:] = self.data
        self._memories.reverse()
        self.off()

    def _count(self, at, buffer):
        self.operations += 1
        if self.operations == self._cut_at:
            if self._torn:
                half = len(buffer) // 2
                self.data[at : at + half] = buffer[:half]
            raise ramflash.PowerCut


class WarpBoard(Board):
    """A relay as hardware has it: low at first, and at the end of a pulse, whatever the program does.

    Each call of the program is a moment at which `fault` may come true: `fault(count)` raises what it likes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._start_ms = self.fed_ms = WARP.now_ms
        self._changed = asyncio.Event()
        self._calls = 0
        self.fault = None
        self.levels = RESTING
        self.level_ms = WARP.now_ms  # since when
        self.releases = 0  # pulses of the relay that lengthened what was left of the one before
        self.rises = 0  # those, and holds, that found it low
        self.until_ms = WARP.now_ms  # a pulse's end
        self.longest_ms = 0
        self.held = False
        self.unasked_holds = 0  # without fire

    @property
    def relay(self) -> bool:
        """The pin's level."""
        return self.held or WARP.now_ms < self.until_ms

    def pulse(self, output: str, ms: int) -> None:
        self._call()
        if output == RELAY:
            self.rises += not self.relay
            self.releases += WARP.now_ms + ms > self.until_ms
            self.held, self.until_ms = False, WARP.now_ms + ms
            self.longest_ms = max(self.longest_ms, ms)
            self._call()

    def set(self, output: str, level: bool) -> None:
        self._call()
        if output == RELAY:
            self.rises += level and not self.relay
            self.held, self.until_ms = level, WARP.now_ms
            self.unasked_holds += level and not self.levels.fire

    def inputs(self) -> Levels:
        self._call()
        return self.levels

    def uptime_ms(self) -> int:
        self._call()
        return WARP.now_ms - self._start_ms

    def ticks_us(self) -> int:
        return WARP.now_ms * 1000 & TICKS_MASK

    async def wait(self, timeout_ms: int) -> None:
        try:
            await asyncio.wait_for_ms(self._changed.wait(), timeout_ms)
        except asyncio.TimeoutError:
            return
        self._changed.clear()

    def feed(self) -> None:
        self._call()
        self.fed_ms = WARP.now_ms

    def restart(self) -> None:
        raise ramflash.PowerCut

    def swipe(self, card: int, wrong: int = 0) -> None:
        """26 bits in the past milliseconds; `wrong`: bits turned over."""
        bits = wiegand26(card) ^ wrong
        for i in range(BITS):
            self.edges.put(bits >> (BITS - 1 - i) & 1, (WARP.now_ms - BITS + i) * 1000 & TICKS_MASK)
        self._changed.set()

    def level(self, contact: bool = False, rex: bool = False, fire: bool = False) -> None:
        """The inputs as they are now."""
        self.level_ms = WARP.now_ms
        self.levels = Levels(contact, rex, fire, False, False, False, False)
        self._changed.set()

    def _call(self) -> None:
        self._calls += 1
        if self.fault is not None:
            self.fault(self._calls)


def wiegand26(card: int) -> int:
    """24 bits between their parities."""
    data = card & 0xFFFFFF
    even = odd = 0
    for i in range(12):
        even ^= data >> (12 + i) & 1
        odd ^= data >> i & 1
    return even << 25 | data << 1 | (odd ^ 1)


def provisioned(blocks: int, whole_list: bytes) -> "list[bytearray]":
    """The memories of a door as it leaves the bench."""
    memories = [_memory(blocks * ramflash.BLOCK_SIZE), _memory(blocks * ramflash.BLOCK_SIZE)]
    power = WarpFlash(memories)
    vfs.VfsLfs2.mkfs(power, readsize=ramflash.UNIT, progsize=ramflash.UNIT)
    folder = ramflash.mount(power)
    settings = {
        "device": DEVICE.hex(),
        "site": "warp",
        "broker": {"host": "127.0.0.1", "port": 1, "name": "warp"},
        "board": "unix",
        "readers": [{"formats": [BITS]}],
        "release_s": RELEASE_S,
    }
    flash.replace(folder + "config.json", json.dumps(settings).encode())
    flash.replace(folder + "device.key", KEY)
    flash.replace(folder + "broker.key", b"secret")
    flash.replace(folder + "ca.pem", b"warp")
    flash.replace(folder + "list.bin", whole_list)
    power.freeze()
    return memories


def started(board: WarpBoard, power: WarpFlash) -> app.Door:
    """The application as `app.main` starts it, in the root of this flash."""
    os.chdir(ramflash.mount(power).rstrip("/"))
    door = app.Door(board, config.parse(flash.read("config.json")))
    door.boot_events()
    return door


def _memory(size: int) -> bytearray:
    """Memory that the collector does not look through."""
    import ffi
    import uctypes

    memory = uctypes.bytearray_at(ffi.open(None).func("p", "malloc", "L")(size), size)
    for at in range(0, size, ramflash.BLOCK_SIZE):
        memory[at : at + ramflash.BLOCK_SIZE] = b"\xff" * ramflash.BLOCK_SIZE
    return memory
