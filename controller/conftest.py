"""What the controller's tests share: a small site, clocks held by hand, a controller without broker and page."""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller.bus.doors import DoorRegistry
from controller.bus.edges import Edges
from controller.events.alarm import Alarm
from controller.events.ingest import Ingest
from controller.events.live import Live
from controller.settings import Settings, load
from controller.site.tree import Tree
from controller.store.devices import LedgerRow
from controller.store.store import Store
from controller.sync.lists import Lists
from tools.door_simulator import SimulatedDoor

DEVICES = {"b1-u1": "02000000000a", "b1-u2": "02000000000b", "north": "02000000000c"}
SITE_TOML = """\
[site]
id = "demo"
name = "Demo"
[broker]
host = "127.0.0.1"
port = {broker_port}
ca = "ca.pem"
password_file = "broker.password"
[console]
port = {console_port}
[store]
database = "controller.db"
box_key_file = "box.key"
ledger = "ledger.jsonl"
[vision]
enabled = false
[[grid]]
id = "g1"
name = "一格"
[[building]]
id = "b1"
name = "一栋"
grid = "g1"
[[unit]]
id = "b1-e1"
name = "一单元"
building = "b1"
[[unit]]
id = "b1-e2"
name = "二单元"
building = "b1"
[[door]]
id = "b1-u1"
name = "一单元门"
unit = "b1-e1"
device = "02000000000a"
[[door]]
id = "b1-u2"
name = "二单元门"
unit = "b1-e2"
device = "02000000000b"
[[gate]]
id = "north"
name = "北门"
device = "02000000000c"
[[camera]]
id = "face-1"
name = "单元门口"
url = "rtsp://127.0.0.1/face"
task = "face"
opens = "b1-u1"
[[camera]]
id = "cars"
name = "北门车道"
url = "rtsp://127.0.0.1/cars"
task = "plate"
opens = "north"
"""


@cache
def _ca_pem() -> bytes:
    """Some community's CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a community")])
    now = datetime.now(UTC)
    number, until = x509.random_serial_number(), now + timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), number, now, until)
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    certificate = builder.add_extension(constraints, critical=True).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)


class HandClock:
    """Both clocks stand until they are moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def unix(self) -> float:
        return 1_800_000_000.0 + self.now_s

    def mono(self) -> float:
        return self.now_s


def write_site(folder: Path, broker_port: int = 8883, console_port: int = 8443, extra: str = "") -> Path:
    """The site's files in `folder`; the path of its TOML file."""
    (folder / "ca.pem").write_bytes(_ca_pem())
    (folder / "broker.password").write_text("a password\n")
    path = folder / "site.toml"
    path.write_text(SITE_TOML.format(broker_port=broker_port, console_port=console_port) + extra, encoding="utf-8")
    return path


def write_ledger(folder: Path, keys: dict[str, bytes]) -> None:
    """The ledger of these boards."""
    lines = [
        json.dumps(
            {"device": device, "key": key.hex(), "broker_password": "x", "board": "unix", "firmware": "", "at": 0}
        )
        for device, key in keys.items()
    ]
    (folder / "ledger.jsonl").write_text("\n".join(lines) + "\n")


@dataclass
class Middle:
    """Store, ingest, doors and lists, joined as in `app.py`; frames down wait in `down`."""

    settings: Settings
    clock: HandClock
    keys: dict[str, bytes]
    refused: list[tuple[str, str]] = field(default_factory=list)
    down: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Store(self.settings.store.database, self.settings.store.box_key_file)
        self.tree = Tree(self.settings)
        self.live = Live()
        self.alarm = Alarm(self.store.alerts, self.live, self.clock.unix)
        self.ingest = Ingest(self.store.journal, self.alarm, self.live, self.tree, self.clock.unix)
        self.send: Callable[[str, bytes], None] = lambda device, frame: self.down.append((device, frame))
        edges = Edges(
            self.store,
            self.ingest,
            self.live,
            self.clock,
            self._send,
            self._ahead,
            self._refused,
        )
        self.doors = DoorRegistry(self.tree, edges)
        self.lists = Lists(self.store, self.tree, self.live, self.clock, self.doors.set_desired, self._changed)

    async def start(self) -> None:
        rows = [LedgerRow(device, key, "unix") for device, key in self.keys.items()]
        await self.store.devices.import_ledger(rows)
        self.doors.take_devices(
            await self.store.devices.all(), await self.store.journal.epochs(), await self.store.doorlists.installed()
        )
        await self.lists.start()

    async def stop(self) -> None:
        await self.doors.close()
        await self.ingest.idle()
        await self.store.close()

    async def settle(self) -> None:
        """Until the store has nothing queued and every answer that follows from it is out."""
        for _ in range(6):
            await self.store.database.write(lambda connection: None)
            await self.store.database.read(lambda connection: None)
            await asyncio.gather(
                *self.doors._tasks, return_exceptions=True
            )  # they wait for the store, not for the wire

    async def carry(self, door: SimulatedDoor) -> None:
        """A perfect wire, both ways, until it is silent."""
        while await self.exchange(door):
            pass

    async def exchange(self, door: SimulatedDoor) -> bool:
        """Once: what the door has said, and what it is answered. Whether anything was."""
        device = door.device.hex()
        up, door.outgoing = door.outgoing, []
        for frame in up:
            self.doors.on_up(device, frame)
        await self.settle()
        down, self.down = self.down, []
        for target, frame in down:
            if target == device:
                door.receive(frame, self.clock.now_s)
            else:
                self.down.append((target, frame))
        return bool(up) or any(target == device for target, _ in down)

    def _send(self, device: str, frame: bytes) -> None:
        self.send(device, frame)

    async def _ahead(self, device: str, version: int) -> None:
        await self.lists.door_is_ahead(device, version)

    async def _refused(self, door: str, reason: str) -> None:
        self.refused.append((door, reason))

    async def _changed(self) -> None:
        return None


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    """A site's TOML file with everything it names."""
    return write_site(tmp_path)


@pytest.fixture
def keys() -> dict[str, bytes]:
    """A key a board."""
    return {device: secrets.token_bytes(32) for device in DEVICES.values()}


@pytest.fixture
def make_middle(site_file: Path, keys: dict[str, bytes]) -> Callable[[], Middle]:
    """Makes a controller's middle on the same files each time: a restart."""
    return lambda: Middle(load(site_file), HandClock(), keys)


@pytest.fixture
def make_door(keys: dict[str, bytes]) -> Callable[[str], SimulatedDoor]:
    """Makes the simulated door of a place id."""
    return lambda place: SimulatedDoor(DEVICES[place], keys[DEVICES[place]])
