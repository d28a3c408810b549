"""The door's OSDP readers: keeps their bus going, their cards and PINs to the doorway, its light and sound to them.

Their keys are in `reader.keys`: address and 16 bytes each. A key is made only while commissioning is open: for the
minutes in the file `commission`, which is written over serial and taken away by the boot that it counts for.
"""

import asyncio
import os

from device import aes, flash
from device.board import LED, Board
from device.doorway import Doorway
from doorlogic.osdp_panel import Panel
from doorlogic.osdp_reader import NEW_KEY, SECURE, News, Peripheral
from doorlogic.osdp_secure import KEY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEYS_FILE = "reader.keys"
COMMISSION_FILE = "commission"
LONGEST_WINDOW = 10  # minutes
_RECORD = 1 + KEY_SIZE


class Bus:
    """`alive` is called at every command that is sent."""

    def __init__(
        self, board: Board, doorway: Doorway, addresses: "tuple[int, ...]", baud: int, formats: "tuple[int, ...]"
    ) -> None:
        self._board = board
        self._doorway = doorway
        self._uart = board.uart(baud)
        self._speaking: Peripheral | None = None
        self.alive: Callable[[], None] | None = None
        now_ms = board.uptime_ms()
        keys = _keys()
        readers = [Peripheral(address, keys.get(address), formats, aes, os.urandom, now_ms) for address in addresses]
        minutes = _window()
        if minutes:
            print("readers: commissioning is open for", minutes, "minutes:", *addresses)
        self._panel = Panel(readers, baud, now_ms + minutes * 60_000 if minutes else 0)
        doorway.signal = self.signal

    def signal(self, output: str, ms: int) -> None:
        """Light or sound, at the board and at the reader that is being served; without one, at all of them."""
        self._board.pulse(output, ms)
        light_ms, sound_ms = (ms, 0) if output == LED else (0, ms)
        for reader in self._panel.readers:
            if self._speaking in (None, reader):
                reader.signal(light_ms, sound_ms)

    async def run(self) -> None:
        """For ever."""
        while True:
            now_ms = self._board.uptime_ms()
            frame = self._panel.step(now_ms, self._uart.read())
            for news in self._panel.news():  # a new key is in flash before it is on the line
                self._take(news)
            self._alarm()
            if frame:
                if self.alive is not None:
                    self.alive()
                self._uart.write(frame)
            await asyncio.sleep(self._panel.idle_ms(self._board.uptime_ms()) / 1000)

    def _take(self, news: News) -> None:
        if news.kind == NEW_KEY:
            flash.replace(KEYS_FILE, b"".join([bytes([r.address]) + r.key for r in self._panel.readers if r.key]))
            print("reader", news.address, "new key")
        elif news.kind == SECURE:
            print("reader", news.address, "secure")
        elif news.kind:  # its address where others have a credential
            print("reader", news.address, "event", news.kind, "reason", news.reason)
            self._doorway.record(news.kind, news.reason, credential=news.address)
        else:
            self._serve(news)

    def _serve(self, news: News) -> None:
        """Somebody is at a reader."""
        for reader in self._panel.readers:
            if reader.address == news.address:
                self._speaking = reader
        try:
            if news.reason:
                self._doorway.unreadable(news.reason, 1)
            else:
                self._doorway.badge(news.credential, news.value)
        finally:
            self._speaking = None

    def _alarm(self) -> None:
        """The readers' alarms are the door's."""
        alarms = 0
        for reader in self._panel.readers:
            alarms |= reader.alarms
        if alarms != self._doorway.alarms:
            self._doorway.alarms = alarms
            if self._doorway.changed is not None:
                self._doorway.changed()


def _keys() -> "dict[int, bytes]":
    data = flash.read(KEYS_FILE) or b""
    return {data[i]: data[i + 1 : i + _RECORD] for i in range(0, len(data) - KEY_SIZE, _RECORD)}


def _window() -> int:
    """For how many minutes commissioning is open; asked for once."""
    text = flash.read(COMMISSION_FILE)
    flash.remove(COMMISSION_FILE)
    if text is None or not text.isdigit() or flash.read(COMMISSION_FILE) is not None:
        return 0
    return min(int(text), LONGEST_WINDOW)
