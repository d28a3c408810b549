"""The virtual board: MicroPython's unix port, its pins the lines of a socket (docs/ARCHITECTURE.md).

The harness is the hardware: it holds the output pins and ends their pulses, so a program that hangs leaves no relay on.
Without MENSHEN_BOARD in the environment nothing is connected to the pins.
"""

import asyncio
import os
import socket
import sys
import time

from device.board import TICKS_MASK, Board
from device.waiting import readable
from doorlogic.door import INPUTS, Levels
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.uart_unix import Uart

_RESET_STATUS = 42  # the exit status that starts the board again
_LINE_LIMIT = 256
_FRAME_GAP_US = 25_000  # silence that ends a frame is 20 ms


class UnixBoard(Board):
    """Swipes arrive whole and are put into the edge ring when their last pulse has passed."""

    ID = words.BOARD_UNIX

    def __init__(self) -> None:
        super().__init__()
        self.edges.since_us = self.ticks_us()
        self.reset_cause = int(os.getenv("MENSHEN_RESET") or words.RESET_POWER_ON)
        self._start = time.ticks_ms()
        self._quiet_us = time.ticks_us() + _FRAME_GAP_US
        self._levels = [False] * len(INPUTS)
        self._changed = asyncio.Event()
        self._wire: socket.socket | None = None
        self._reading: asyncio.Task[None] | None = None

    def connect(self) -> None:
        """Connect the pins to the harness, if there is one."""
        address = os.getenv("MENSHEN_BOARD")
        if not address:
            return
        host, port = address.split(":")
        self._wire = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._wire.connect(socket.getaddrinfo(host, int(port))[0][-1])
        self._wire.setblocking(False)
        self._write("t " + (os.getenv("MENSHEN_BOARD_TOKEN") or ""))
        self._reading = asyncio.create_task(self._read(self._wire))

    def pulse(self, output: str, ms: int) -> None:
        self._write(f"p {output} 1 {time.ticks_us()} {ms}")

    def set(self, output: str, level: bool) -> None:
        self._write(f"p {output} {int(level)} {time.ticks_us()}")

    def inputs(self) -> Levels:
        return Levels(*self._levels)

    def uptime_ms(self) -> int:
        return time.ticks_diff(time.ticks_ms(), self._start)

    def ticks_us(self) -> int:
        return time.ticks_us() & TICKS_MASK

    def uart(self, baud: int) -> "Uart":
        from device.uart_unix import Uart

        return Uart()

    async def wait(self, timeout_ms: int) -> None:
        try:
            await asyncio.wait_for_ms(self._changed.wait(), timeout_ms)
        except asyncio.TimeoutError:
            return
        self._changed.clear()

    def running(self) -> None:
        self._write("r")

    def feed(self) -> None:
        self._write("f")

    def restart(self) -> None:
        sys.exit(_RESET_STATUS)

    def _write(self, line: str) -> None:
        """Straight to the socket: a pin is not queued. A harness that has gone is nobody's pin."""
        if self._wire is not None:
            try:
                self._wire.write(line.encode() + b"\n")
            except OSError:
                self._wire = None

    async def _read(self, wire: socket.socket) -> None:
        text = b""
        while True:
            await readable(wire)
            part = wire.read(_LINE_LIMIT)
            if not part:
                return
            lines = (text + part).split(b"\n")
            text = lines.pop()
            for line in lines:
                await self._heard(line.decode().split())

    async def _heard(self, line: "list[str]") -> None:
        if line[0] == "w":
            await self._swipe(line[1], int(line[2]))
        elif line[0] == "i":
            self._levels[INPUTS.index(line[1])] = line[2] == "1"
        self._changed.set()

    async def _swipe(self, bits: str, interval_us: int) -> None:
        early_us = time.ticks_diff(self._quiet_us, time.ticks_us())
        if early_us > 0:  # a reader keeps its frames apart
            await asyncio.sleep_ms(early_us // 1000 + 1)
        start = time.ticks_us()
        self._quiet_us = start + len(bits) * interval_us + _FRAME_GAP_US
        await asyncio.sleep_ms(interval_us * (len(bits) - 1) // 1000 + 1)
        for i in range(len(bits)):
            self.edges.put(int(bits[i]), (start + i * interval_us) & TICKS_MASK)
