"""A duty room for tests: real store, doors and API on a small site; cameras by hand; clocks by hand."""

import asyncio
import contextlib
import hashlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
import uvicorn

from controller.access.document import Credential, Document, Person, Vehicle, WatchlistEntry
from controller.api import create_app
from controller.api.consent import consent_text
from controller.conftest import DEVICES, HandClock, Middle, write_site
from controller.console import add_page
from controller.events.audit import GuardActions
from controller.events.captures import Captures
from controller.events.enrol import Enrolment
from controller.events.flow import Flow
from controller.events.keeper import Keeper
from controller.events.ports import CameraView, EnrolError
from controller.events.prompts import Prompts
from controller.health import Health
from controller.services import Services
from controller.settings import load
from controller.store.documents import SignedDocument
from controller.store.templates import Template
from doorwire import vocabulary as words
from tools.door_simulator import SimulatedDoor

GUARD, ADMIN, PASSWORD = "guard", "admin", "correct horse battery"
RESIDENT = 7
HOSTILE = '住户 <img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
ORIGIN = "http://room.test"


class HandVision:
    """`events.ports.Vision` by hand."""

    def __init__(self) -> None:
        self.frames: dict[str, bytes] = {}
        self.up = {"face-1": True, "cars": False}
        self.refuse = ""
        self.asked: list[tuple[bytes | None, str | None]] = []
        self.gallery: list[Template] = []

    def views(self) -> list[CameraView]:
        rows = (("face-1", "单元门口", "face", "b1-u1"), ("cars", "北门车道", "plate", "north"))
        return [CameraView(*row, self.up[row[0]], "" if self.up[row[0]] else "no signal") for row in rows]

    def last_frame(self, camera: str) -> bytes | None:
        return self.frames.get(camera)

    async def enrol(self, jpeg: bytes | None, camera: str | None) -> list[bytes]:
        self.asked.append((jpeg, camera))
        if self.refuse:
            raise EnrolError(self.refuse)
        return [np.zeros(128, np.float32).tobytes()]

    async def set_gallery(self, templates: list[Template]) -> None:
        self.gallery = templates


class DutyRoom:
    """Use as `async with DutyRoom(folder) as room`."""

    def __init__(self, folder: Path, extra_toml: str = "") -> None:
        settings = load(write_site(folder, extra=extra_toml))
        self.clock = HandClock()
        self.keys = {device: secrets.token_bytes(32) for device in DEVICES.values()}
        self.middle = Middle(settings, self.clock, self.keys)
        self.vision = HandVision()
        middle = self.middle
        consent = consent_text(settings.captures).version
        self.keeper = Keeper(settings.captures, consent, middle.store, self.clock.unix)
        self.captures = Captures(middle.live, self.clock.unix, self.keeper.offer)
        self.prompts = Prompts(["face-1"], self.clock.mono)
        self.health = Health(middle.live)
        key = partial(secrets.token_bytes, 32)
        self.flow = Flow(middle.store, settings.cameras, self.clock.unix, lambda: 8 * 3600, key, 400)
        self.services = Services(
            settings,
            middle.tree,
            middle.store,
            middle.live,
            middle.doors,
            middle.doors.updates,
            GuardActions(middle.store, middle.doors, self.clock.unix),
            middle.alarm,
            self.captures,
            self.prompts,
            Enrolment(middle.store, self.vision, self.clock.unix, "net 1", 0.02),
            self.vision,
            self.flow,
            self.health,
            self.clock.unix,
        )
        self.app = create_app(self.services)
        add_page(self.app, settings.site.name, self.prompts)
        self.desk = self.app.state.desk
        self.desk.mono = self.clock.mono
        self.doors = {place: SimulatedDoor(device, self.keys[device]) for place, device in DEVICES.items()}

    async def __aenter__(self) -> Self:
        await self.middle.start()
        await self.keeper.start()
        await self.middle.store.users.add(GUARD, "guard", PASSWORD, self.clock.unix())
        await self.publish()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.desk.feed.close()
        await self.keeper.idle()
        self.middle.live.close()
        await self.middle.stop()

    async def publish(self, name: str = HOSTILE) -> None:
        """A list with one resident and one wanted plate."""
        document = Document(
            site="demo",
            version=1,
            previous="",
            issued_unix=0,
            expires_unix=0,
            people=[Person(id=RESIDENT, name=name, doors=["b1"], gates=["north"]), Person(id=8, name="Resident 8")],
            credentials=[
                Credential(person=RESIDENT, kind="card", value=790_000),
                Credential(person=RESIDENT, kind="pin", value="135791"),
            ],
            vehicles=[Vehicle(plate="皖A12345", person=RESIDENT, gates=["north"])],
            watchlist=[WatchlistEntry(id=1, kind="plate", value="京B67893", reason="demo")],
        )
        payload = document.model_dump_json().encode()
        await self.middle.lists.apply(SignedDocument(document, payload, b"", hashlib.sha256(payload).digest()))

    async def greet(self) -> None:
        """Every board says hello and gets its list; from now on each frame is delivered at once, both ways."""
        self.middle.send = self._deliver
        for place, door in self.doors.items():
            door.connect(self.clock.now_s)
            self._flush(place)
        await self.until(lambda: all(view.list_current for view in self.middle.doors.views()))

    async def happen(
        self, place: str = "b1-u1", kind: int = words.EVENT_GRANTED, reason: int = words.REASON_LISTED
    ) -> str:
        """A resident's event at a door, stored and live; what the page calls it."""
        door = self.doors[place]
        seq = door.record(kind, reason, self.clock.now_s, RESIDENT, 790_000)
        door.pump(self.clock.now_s)
        self._flush(place)
        await self.until(lambda: seq not in door.journal)
        return f"{DEVICES[place]}-{door.epoch}-{seq}"

    def undo_firmware(self, place: str, reason: int) -> None:
        """The board restarts into the firmware that it was sent, and back."""
        self.doors[place].try_firmware(self.clock.now_s, reason)
        self._flush(place)

    async def until(self, true: Callable[[], bool]) -> None:
        """Let store and doors work until it is so; the scene's time limit ends a wait in vain."""
        while not true():
            await self.middle.settle()

    def _deliver(self, device: str, frame: bytes) -> None:
        place = next(place for place, known in DEVICES.items() if known == device)

        def arrive() -> None:
            self.doors[place].receive(frame, self.clock.now_s)
            self._flush(place)

        asyncio.get_running_loop().call_soon(arrive)

    def _flush(self, place: str) -> None:
        door = self.doors[place]
        up, door.outgoing = door.outgoing, []
        for frame in up:
            self.middle.doors.on_up(DEVICES[place], frame)

    def client(self, origin: str | None = ORIGIN, address: str = "10.0.0.1") -> httpx.AsyncClient:
        """A browser without JavaScript."""
        transport = httpx.ASGITransport(self.app, client=(address, 1))
        return httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={} if origin is None else {"origin": origin}
        )

    @contextlib.asynccontextmanager
    async def signed_in(self, name: str = GUARD) -> AsyncIterator[httpx.AsyncClient]:
        """One that has logged in."""
        if name == ADMIN:
            await self.middle.store.users.add(ADMIN, "admin", PASSWORD, self.clock.unix())
        async with self.client() as client:
            answer = await client.post("/api/login", json={"username": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """The same application on a real port; its address."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(self.app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await self.desk.feed.close()
            server.should_exit = True
            await task
            listener.close()


def play(folder: Path, scene: Callable[[DutyRoom], Any], limit_s: float = 60.0, extra_toml: str = "") -> None:
    """Run an async scene in a duty room."""

    async def bounded() -> None:
        async with asyncio.timeout(limit_s), DutyRoom(folder, extra_toml) as room:
            await scene(room)

    asyncio.run(bounded())
