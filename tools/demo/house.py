"""Every part of Menshen started on this machine, in one private folder, and all of it gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType

import httpx

from tools import processes
from tools.authority import write_private
from tools.broker import Broker, BrokerError, free_port
from tools.bundle import BundleError, build_bundle
from tools.cameras.farm import CameraError, CameraFarm
from tools.demo import cast
from tools.demo.site_file import Addresses, site_toml
from tools.flash import Community, FlashReport, flash
from tools.provision import BrokerAddress, Identity, ledger_append, ledger_read, new_device, write_image
from tools.setup import system
from tools.virtual_board.board import BoardError, VirtualBoard
from tools.virtual_board.serial_board import SerialBoard

GUARD = "guard"
DOOR_SETTINGS = {"release_s": 1}  # shorter than a real door's 5 s: the story swipes many times
_START_S = 60.0  # a Raspberry Pi 4 loads and warms the models in about a third of this
Narrate = Callable[[str], None]


class DemoError(Exception):
    """A part of the demo did not start; the message says which and where its log is."""


PROBLEMS = (
    DemoError,
    BoardError,
    BrokerError,
    BundleError,
    CameraError,
    system.MissingPart,
)  # each says what to do next


class House:
    """The running demo. Use as `async with House(folder) as house`; the folder is made here and removed at the end."""

    def __init__(self, parent: Path, narrate: Narrate, cameras: dict[str, str] | None = None) -> None:
        self.bundle = build_bundle()  # first: when it fails, no folder is left
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="demo-", dir=parent))
        self.narrate = narrate
        self.broker = Broker(self.folder / "broker", cast.SITE)
        self.farm = CameraFarm()
        self.boards: dict[str, VirtualBoard] = {}
        self.identities: dict[str, Identity] = {}
        self.guard_password = secrets.token_urlsafe(9)
        self.controller_password = secrets.token_urlsafe(24)
        self.console_port = free_port()
        self.server_port = free_port()
        self._webcams = cameras or {}
        self._controller: asyncio.subprocess.Process | None = None
        self._server: asyncio.subprocess.Process | None = None
        self._new_boards: list[SerialBoard] = []

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def server_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def server_database(self) -> Path:
        return self.folder / "community" / "community.db"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def site_file(self) -> Path:
        return self.folder / "site.toml"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    async def __aenter__(self) -> House:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    # -- starting and stopping -------------------------------------------------------------------------------------

    async def _start(self) -> None:
        self.narrate("代理 broker: Mosquitto, TLS, one password a door")
        await self._start_broker()
        self.narrate("摄像机 cameras: three, over RTSP")
        await self.farm.start()
        self.narrate("社区服务器 community server: people, cards, vehicles, watchlist")
        await self._start_server()
        self.narrate("控制器 controller: access, vision, console")
        self._write_site()
        await self._add_guard()
        await self.start_controller()
        self.narrate("录入人脸 the resident's face, with consent")
        await self._enrol_resident()

    async def _start_broker(self) -> None:
        users = {"controller": self.controller_password, "server": secrets.token_urlsafe(24)}
        write_private(self.folder / "server.password", users["server"].encode())
        write_private(self.folder / "controller.password", users["controller"].encode())
        for door in (*cast.DOORS, cast.GATE):
            users |= self._provision(door)
        await self.broker.add_users(users)
        await self.broker.start()
        self.ca_file.write_bytes(self.broker.ca_pem)

    def _provision(self, door: str) -> dict[str, str]:
        """An identity, its flash image, its ledger row; the broker user that it is."""
        address = BrokerAddress("127.0.0.1", self.broker.port, "localhost")
        settings = {**DOOR_SETTINGS, "barrier": door == cast.GATE}
        identity = new_device(cast.SITE, address, self.broker.ca_pem, settings=settings)
        self.identities[door] = identity
        image = self.folder / f"{door}.flash"
        write_image(image, identity, self.bundle)
        ledger_append(self.ledger, identity, self.bundle.version)
        self.boards[door] = VirtualBoard(image, self.folder / f"{door}.log")
        return {identity.device: identity.broker_password}

    async def _start_server(self) -> None:
        words = ["-m", "tools.community", "--data", str(self.folder / "community"), "--site", cast.SITE]
        broker = ["--broker", f"localhost:{self.broker.port}", "--broker-ca", str(self.ca_file)]
        secret = ["--broker-password-file", str(self.folder / "server.password")]
        with (self.folder / "community.log").open("wb") as log:
            self._server = await processes.spawn(
                [sys.executable, *words, "--port", str(self.server_port), *broker, *secret], stderr=log, stdout=log
            )
        await self._answers(self._server, f"{self.server_url}/v1/health", "community server")
        for person, row in cast.PEOPLE.items():
            await self._admin("PUT", f"/v1/people/{person}", row)
        await self._admin("PUT", "/v1/credentials", cast.credentials(int(time.time())))
        plate = {"person": cast.RESIDENT, "gates": [cast.GATE], "not_before": 0, "not_after": 0}
        await self._admin("PUT", f"/v1/vehicles/{cast.RESIDENT_PLATE}", plate)
        watched = {"kind": "plate", "value": cast.WATCHED_PLATE, "reason": "演示布控 demo watchlist"}
        await self._admin("PUT", "/v1/watchlist/1", watched)
        await self._admin("POST", "/v1/publish")

    async def _answers(self, process: asyncio.subprocess.Process, url: str, what: str) -> None:
        """Wait until `url` gives any answer; DemoError with the last words of its log when it never does."""
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=2) as client:
            while process.returncode is None and time.monotonic() - began < _START_S:
                try:
                    await client.get(url)
                    return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        raise DemoError(f"the {what} did not start; its log is in {self.folder}")

    async def _admin(self, method: str, path: str, body: object = None) -> None:
        token = (self.folder / "community" / "admin.token").read_text().strip()
        async with httpx.AsyncClient(base_url=self.server_url, headers={"Authorization": f"Bearer {token}"}) as client:
            answer = await client.request(method, path, json=body)
        answer.raise_for_status()

    def _write_site(self) -> None:
        key = subprocess.run(
            [sys.executable, "-m", "tools.community", "--data", str(self.folder / "community"), "--print-public-key"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        token = (self.folder / "community" / "site.token").read_text()
        write_private(self.folder / "site.token", token.encode())
        urls = {name: self._webcams.get(name, self.farm.url(name)) for name in ("face", "plate", "people")}
        devices = {door: identity.device for door, identity in self.identities.items()}
        addresses = Addresses(self.broker.port, self.server_url, key, self.console_port, urls, devices)
        self.site_file.write_text(site_toml(addresses))

    async def _add_guard(self) -> None:
        """As a technician does: the password goes in on stdin."""
        words = [sys.executable, "-m", "tools.cli", "controller", "user", "add", GUARD, "--role", "admin"]
        process = await processes.spawn(
            [*words, "--config", str(self.site_file)], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        await process.communicate(self.guard_password.encode() + b"\n")
        if process.returncode:
            raise DemoError("the first user could not be added; see above")

    async def start_controller(self) -> None:
        """Returns when its page answers; recognition loads behind it."""
        with (self.folder / "controller.log").open("ab") as log:
            self._controller = await processes.spawn(
                [sys.executable, "-m", "controller", "--config", str(self.site_file)], stdout=log, stderr=log
            )
        await self._answers(self._controller, f"{self.console_url}/api/health", "controller")

    async def kill_controller(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._controller is not None:
            await processes.kill(self._controller)

    @property
    def controller_running(self) -> bool:
        return self._controller is not None and self._controller.returncode is None

    async def _enrol_resident(self) -> None:
        """Through the page's own interface: log in, picture and consent."""
        async with httpx.AsyncClient(base_url=self.console_url, headers={"Origin": self.console_url}) as client:
            login = {"username": GUARD, "password": self.guard_password}
            (await client.post("/api/login", json=login)).raise_for_status()
            picture = system.demo_pictures()["resident"]
            began = time.monotonic()
            while True:
                answer = await client.post(
                    f"/api/people/{cast.RESIDENT}/templates",
                    files={"picture": (picture.name, picture.read_bytes(), "image/png")},
                    data={"consent": "1"},
                    timeout=30,
                )
                if answer.is_success:
                    return
                if time.monotonic() - began > _START_S:
                    raise DemoError(f"the resident's face was not enrolled: {answer.status_code} {answer.text[:300]}")
                await asyncio.sleep(0.5)  # recognition is still loading, or the first list is on its way

    async def power_boards(self) -> None:
        """Every door gets power."""
        self.narrate(f"门 doors: {len(self.boards)} boards with the real firmware, MicroPython in 128 kB")
        await asyncio.gather(*[board.start() for board in self.boards.values()])

    async def _stop(self) -> None:
        """In the order in which nobody waits for somebody who has gone."""
        self.farm.clear()
        async with contextlib.AsyncExitStack() as stack:  # from its last to its first, each whatever becomes of others
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            stack.push_async_callback(self.broker.stop)
            stack.push_async_callback(self.farm.stop)
            for process in (self._server, self._controller):
                if process is not None:
                    stack.push_async_callback(processes.finish, process)
            for stop in [board.stop for board in self._new_boards] + [board.stop for board in self.boards.values()]:
                stack.push_async_callback(stop)

    # -- what happens in it ----------------------------------------------------------------------------------------

    def keys(self) -> dict[str, bytes]:
        """Device id (hex) → key, of every door so far."""
        return {device: row.key for device, row in ledger_read(self.ledger).items()}

    def show_resident(self) -> None:
        """The enrolled person faces the door camera."""
        self.farm.show_face(system.demo_pictures()["resident"], cast.PORTRAITS["resident"])

    def show_stranger(self) -> None:
        """Somebody else does."""
        self.farm.show_face(system.demo_pictures()["stranger"], cast.PORTRAITS["stranger"])

    def show_car(self, plate: str) -> None:
        """A car drives up to the gate."""
        self.farm.show_car(plate)

    def clear_scenes(self) -> None:
        """Nobody in view."""
        self.farm.clear()

    async def revoke(self, person: int, card: cast.Card, revoked: bool = True) -> None:
        """The server's administrator revokes (or restores) a card and publishes a new version."""
        row = {
            "person": person,
            "kind": "card",
            "value": card.value,
            "not_before": 0,
            "not_after": 0,
            "revoked": revoked,
        }
        await self._admin("PUT", "/v1/credentials", [row])
        await self._admin("POST", "/v1/publish")

    async def flash_new_board(self) -> FlashReport:
        """A virgin board on a pty becomes a door of this site, by the technician's own function."""
        name = f"new-{len(self._new_boards) + 1}"
        board = SerialBoard(self.folder / f"{name}.flash", self.folder / f"{name}.log")
        self._new_boards.append(board)
        await board.start()
        address = BrokerAddress("127.0.0.1", self.broker.port, "localhost")
        community = Community(cast.SITE, address, self.broker.ca_pem, self.ledger, DOOR_SETTINGS)
        known = set(self.keys())
        work = asyncio.create_task(asyncio.to_thread(flash, board.port, community, self.bundle))
        async for _ in ticks(0.1):  # the broker must know the board before its first hello
            new = set(self.keys()) - known
            if new or work.done():
                break
        rows = ledger_read(self.ledger)
        await self.broker.add_users({device: rows[device].broker_password for device in new})
        return await work

    def stored_events(self, device: str) -> list[tuple[int, int]]:
        """(epoch, seq) of the door's events in the controller's own store, read-only."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'menshen.db'}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT epoch, seq FROM events WHERE device = ? ORDER BY epoch, seq", (device,))
            return [(int(epoch), int(seq)) for epoch, seq in rows]

    def left_behind(self) -> str:
        """What of this demo is still there after its end, in words; empty when nothing is."""
        if self.folder.exists():
            return f"folder {self.folder}"
        mine = str(self.folder).encode()
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = process.read_bytes()
            except OSError:
                continue
            if mine in words:
                return f"process {process.parent.name}"
        return ""


async def ticks(every_s: float) -> AsyncIterator[None]:
    """For loops that look again and again."""
    while True:
        yield
        await asyncio.sleep(every_s)
