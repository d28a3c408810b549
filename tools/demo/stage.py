"""The demo for a person: starts the house, opens the page, tells what happens, and takes single keys."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from doorwire import names
from doorwire import vocabulary as words
from doorwire.messages import Event, Hello, ListInstalled
from tools.demo import cast
from tools.demo.house import GUARD, House
from tools.demo.watch import Heard, Wire, told
from tools.virtual_board.wiegand import wiegand26

DOOR = "b1-u1"
FLASH_DOOR = "new"
HOUSEKEEPING = (words.EVENT_BOOT, words.EVENT_CLOCK_SET, words.EVENT_LIST_INSTALLED)  # stored, not told


class Stage:
    """Keys in, words out. `play()` returns when the person quits."""

    def __init__(self, house: House, wire: Wire, console: Console) -> None:
        self.house, self.wire, self.console = house, wire, console
        self._names = {identity.device: door for door, identity in house.identities.items()}
        self._told = 0
        self._events: set[tuple[str, int, int]] = set()
        self._keys: dict[str, tuple[str, Callable[[], Awaitable[None]]]] = {
            "b": ("住户刷卡  badge in as a resident", self.badge),
            "u": ("陌生卡  show an unknown card", self.unknown),
            "r": ("注销卡  show a revoked card", self.revoked),
            "f": ("住户刷脸  a resident faces the door", self.face),
            "s": ("陌生人  a stranger faces the door", self.stranger),
            "c": ("住户车辆  a resident's car at the gate", self.car),
            "w": ("布控车辆  a watchlist car at the gate", self.watched),
            "p": ("推送名单  push a list that revokes / restores the neighbour's card", self.push),
            "n": ("断网/恢复  pull / restore the network (the broker)", self.network),
            "k": ("杀掉/重启控制器  kill -9 / restart the controller", self.controller),
            "l": ("烧录新板  flash a new board over serial", self.flash),
        }
        self._revoked = False

    def help(self) -> None:
        """Which keys do what."""
        table = Table(title="门神 Menshen", show_header=False, box=None)
        for key, (what, _) in self._keys.items():
            table.add_row(f"[bold cyan]{key}[/]", what)
        table.add_row("[bold cyan]q[/]", "结束  quit (Ctrl-C does the same; nothing stays behind)")
        self.console.print(table)

    async def play(self) -> None:
        """Until `q`, Ctrl-C or the end of the input."""
        self.help()
        narrator = asyncio.create_task(self._narrate())
        try:
            with single_keys():
                async for key in typed():
                    if key in "q\x03\x04":
                        return
                    if key in self._keys:
                        await self._keys[key][1]()
                    elif key in "?h\n":
                        self.help()
        finally:
            narrator.cancel()

    async def _narrate(self) -> None:
        while True:
            for heard in self.wire.heard[self._told :]:
                self._tell(heard)
            self._told = len(self.wire.heard)
            await asyncio.sleep(0.1)

    def _tell(self, heard: Heard) -> None:
        door = self._names.get(heard.device, heard.device)
        if isinstance(heard.message, Event):
            key = (heard.device, heard.message.epoch, heard.message.seq)
            if key in self._events:  # sent again because nobody acknowledged it
                return
            self._events.add(key)
            if heard.message.kind in HOUSEKEEPING:
                return
            granted = heard.message.kind in (words.EVENT_GRANTED, words.EVENT_COMMAND_DONE)
            self.console.print(f"  [{'green' if granted else 'yellow'}]{door}[/]  {told(heard.message)}")
        elif isinstance(heard.message, Hello):
            self.console.print(f"  [blue]{door}[/]  hello, {heard.message.firmware.decode()}")
        elif isinstance(heard.message, ListInstalled):
            self.console.print(
                f"  [blue]{door}[/]  list {heard.message.version}: {names.REASONS[heard.message.reason]}"
            )

    def _say(self, text: str) -> None:
        self.console.print(f"[bold]» {text}[/]")

    async def _swipe(self, card: cast.Card) -> None:
        await self.house.boards[DOOR].swipe(wiegand26(card.facility, card.number))

    async def badge(self) -> None:
        self._say(f"a resident's card at {DOOR}: the door decides alone, from its own flash")
        await self._swipe(cast.RESIDENT_CARD)

    async def unknown(self) -> None:
        self._say("a card that nobody has issued")
        await self._swipe(cast.UNKNOWN_CARD)

    async def revoked(self) -> None:
        self._say("a former tenant's card: the deny set is looked up first")
        await self._swipe(cast.REVOKED_CARD)

    async def _for_a_while(self, show: Callable[[], None], seconds: float) -> None:
        show()
        await asyncio.sleep(seconds)
        self.house.clear_scenes()

    async def face(self) -> None:
        self._say("the enrolled resident walks up to the camera")
        await self._for_a_while(self.house.show_resident, 6)

    async def stranger(self) -> None:
        self._say("somebody who is not enrolled walks up: nothing may open")
        await self._for_a_while(self.house.show_stranger, 6)

    async def car(self) -> None:
        self._say("a resident's car drives up to the gate")
        await self._for_a_while(lambda: self.house.show_car(cast.RESIDENT_PLATE), 6)

    async def watched(self) -> None:
        self._say("a car on the watchlist drives up: an alert, and the barrier stays down")
        await self._for_a_while(lambda: self.house.show_car(cast.WATCHED_PLATE), 6)
        self._say("the page shows the alert with its picture; confirm it there")

    async def push(self) -> None:
        self._revoked = not self._revoked
        self._say(f"the server signs a list that {'revokes' if self._revoked else 'restores'} the neighbour's card")
        await self.house.revoke(cast.NEIGHBOUR, cast.NEIGHBOUR_CARD, revoked=self._revoked)

    async def network(self) -> None:
        if self.house.broker.running:
            self._say("the network is gone: badge away, the doors do not care")
            await self.house.broker.kill()
        else:
            self._say("the network is back: the doors send what they kept")
            await self.house.broker.start()

    async def controller(self) -> None:
        if self.house.controller_running:
            self._say("kill -9 on the controller")
            await self.house.kill_controller()
        else:
            self._say("the controller is back")
            await self.house.start_controller()

    async def flash(self) -> None:
        self._say("a virgin board on a serial port")
        report = await self.house.flash_new_board()
        self._names[report.device] = FLASH_DOOR
        self.wire.know(self.house.keys())
        self._say(f"{report.files_written} files in {report.seconds:.1f} s; self-test {report.self_test}")


@contextmanager
def single_keys() -> Iterator[None]:
    """The terminal gives each key at once; as it was afterwards. A pipe is left alone."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


async def typed() -> AsyncIterator[str]:
    """Characters as they are typed; ends with the input."""
    loop = asyncio.get_running_loop()
    keys: asyncio.Queue[str] = asyncio.Queue(16)

    def read() -> None:
        text = os.read(sys.stdin.fileno(), 16).decode(errors="ignore")
        for key in text or "\x04":
            if not keys.full():  # more keys than the stage can play: the newest are dropped
                keys.put_nowait(key)

    loop.add_reader(sys.stdin, read)
    try:
        while True:
            yield await keys.get()
    finally:
        loop.remove_reader(sys.stdin)


async def perform(parent: Path, console: Console, webcam: int | None, browse: bool) -> None:
    """The demo from the curtain to the last key."""
    cameras = {} if webcam is None else {"face": str(webcam)}
    async with House(parent, lambda text: console.print(f"[dim]{text}[/]"), cameras) as house:
        wire = Wire(house.broker.port, house.ca_file, house.controller_password, cast.SITE)
        wire.know(house.keys())
        async with wire:
            await house.power_boards()
            user = f"user [bold]{GUARD}[/]   password [bold]{house.guard_password}[/]"
            console.print(f"\n页面 page: [bold]{house.console_url}[/]   {user}\n")
            if browse and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
                webbrowser.open(house.console_url)
            await Stage(house, wire, console).play()
