"""What can be seen from outside: frames on the broker, the page in a browser, the server's database."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import aiomqtt
from playwright.async_api import Browser, Page, Playwright, async_playwright

from doorwire import names
from doorwire.errors import WireError
from doorwire.frame import Frame
from doorwire.messages import Event, Message
from tools import processes
from tools.setup import system

_POLL_S = 0.05


class NotSeen(Exception):
    """What should have been seen was not, within its time; the message says what."""


async def until(what: str, true: Callable[[], bool], timeout_s: float) -> float:
    """Seconds until `true()`; NotSeen(`what`) after `timeout_s`."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > timeout_s:
            raise NotSeen(f"{what}: not within {timeout_s:g} s")
        await asyncio.sleep(_POLL_S)
    return time.monotonic() - began


@dataclass(frozen=True, slots=True)
class Heard:
    """One sealed frame from a door, opened with its key."""

    device: str
    message: Message
    at_monotonic: float


class Wire:
    """A listener on the broker. Keeps every frame that the doors sent; outlives a broker restart."""

    def __init__(self, port: int, ca_file: Path, password: str, site: str) -> None:
        self.heard: list[Heard] = []
        self.unreadable = 0
        self._keys: dict[str, bytes] = {}  # device id (hex) → key
        self._unknown: list[tuple[str, bytes]] = []  # frames of boards whose key is not known yet
        self._client = {
            "hostname": "localhost",
            "port": port,
            "username": "controller",
            "password": password,
            "identifier": "demo-listener",
            "tls_context": ssl.create_default_context(cafile=str(ca_file)),
        }
        self._topic = f"menshen/{site}/door/+/up"
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def __aenter__(self) -> Wire:
        self._task = asyncio.create_task(self._listen())
        await processes.ready(self._task, self.connected, 10)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await processes.end(self._task)

    def know(self, keys: Mapping[str, bytes]) -> None:
        """More boards' keys, by device id; what those have sent before counts too."""
        self._keys.update(keys)
        waiting, self._unknown = self._unknown, []
        for device, payload in waiting:
            self._take(device, payload)

    def events(self, device: str) -> list[Event]:
        """The door's events in the order heard, each seq once."""
        seen: dict[tuple[int, int], Event] = {}
        for heard in self.heard:
            if heard.device == device and isinstance(heard.message, Event):
                seen.setdefault((heard.message.epoch, heard.message.seq), heard.message)
        return list(seen.values())

    def last_event(self, device: str, *kinds: int) -> Event | None:
        """The door's newest event of one of `kinds`."""
        return next((event for event in reversed(self.events(device)) if event.kind in kinds), None)

    def says(self, device: str, kind: type[Message]) -> bool:
        """Whether the door has sent a message of this kind."""
        return any(heard.device == device and isinstance(heard.message, kind) for heard in self.heard)

    async def _listen(self) -> None:
        while True:
            try:
                async with aiomqtt.Client(**self._client) as client:  # type: ignore[arg-type]
                    await client.subscribe(self._topic, qos=1)
                    self.connected.set()
                    async for message in client.messages:
                        self._take(str(message.topic).split("/")[3], bytes(message.payload))
            except aiomqtt.MqttError:
                await asyncio.sleep(_POLL_S)  # before a door is back: what it tells then is not told again

    def _take(self, device: str, payload: bytes) -> None:
        if device not in self._keys:
            self._unknown.append((device, payload))
            return
        try:
            frame = Frame.from_bytes(self._keys[device], payload)
        except WireError:
            self.unreadable += 1
            return
        self.heard.append(Heard(device, frame.message, time.monotonic()))


def told(event: Event) -> str:
    """An event in two words: kind and reason."""
    return f"{names.EVENTS[event.kind]} ({names.REASONS[event.reason]})"


class DutyRoom:
    """A guard's browser: real Chromium on the real page, logged in once, never reloaded."""

    def __init__(self, url: str, user: str, password: str, pictures: Path) -> None:
        self._url, self._user, self._password, self._pictures = url, user, password, pictures
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self.page: Page

    async def __aenter__(self) -> DutyRoom:
        command = system.chromium()
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=command.argv[0], args=list(command.argv[1:]), env=dict(command.env)
        )
        context = await self._browser.new_context(viewport={"width": 1600, "height": 1000}, locale="zh-CN")
        self.page = await context.new_page()
        await self.page.goto(self._url)
        await self.page.fill("input[name=username]", self._user)
        await self.page.fill("input[name=password]", self._password)
        await self.page.click("button[type=submit]")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def picture(self, name: str) -> Path:
        """A screenshot, for a person to look at."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        file = self._pictures / f"{name}.png"
        await self.page.screenshot(path=file)
        return file

    async def both_languages(self) -> None:
        """A screenshot in Chinese and one in English."""
        await self.picture("page-zh")
        await self.page.click("#desk [data-action='language'], header [data-action='language']")
        await self.picture("page-en")


class ServerDatabase:
    """The community server's own record of events, read-only."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def events(self, device: str) -> list[tuple[int, int]]:
        """(epoch, seq) of the door's events, in order, as many times as they are there."""
        with contextlib.closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT epoch, seq FROM events WHERE device = ? ORDER BY epoch, seq", (device,))
            return [(int(epoch), int(seq)) for epoch, seq in rows]
