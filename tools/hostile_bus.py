"""A door of real firmware on a bus that belongs to an attacker: Mosquitto with his password, or a broker of his own.

`Besieged` is the place; `attack_through_broker` is the siege that the bench counts. The attacker has the controller's
broker password, sees and may hold back every frame, and has no door's key.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from doorwire import doorlist, listwriter
from doorwire import vocabulary as words
from doorwire.frame import Frame
from doorwire.messages import Command, Hello, Message, Result
from tools.broker import Broker
from tools.bundle import build_bundle
from tools.provision import BrokerAddress, Identity, new_device
from tools.virtual_board import image
from tools.virtual_board.board import VirtualBoard
from tools.virtual_board.wiegand import wiegand34

CARD = 4711  # the one card that the door knows
RELEASE_S = 1
_AT_ONCE = 100  # publishes in flight
_HONEST_EVERY = 1_000
_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Siege:
    """`edges`: how often the relay rose; `authorised`: how often a fresh sealed command or a listed card asked."""

    messages: int
    authorised: int
    edges: int
    took_s: float


class Besieged:
    """One broker, one door with one listed card, and the wire's controller end, which the attacker shares."""

    def __init__(self, broker: Broker, identity: Identity, board: VirtualBoard, password: str, tls: ssl.SSLContext):
        self.broker = broker
        self.identity = identity
        self.board = board
        self.password = password
        self.tls = tls
        self.topic = f"menshen/{broker.site}/door/{identity.device}"
        self.captured: list[bytes] = []  # genuine frames, both ways
        self.authorised = 0
        self._counter = 0
        self._boot_id = 0
        self._uptime = (0, 0.0)
        self._results: set[int] = set()
        self.hellos = 0

    @property
    def edges(self) -> int:
        """How often the relay rose since power on."""
        return sum(edge.pin == "relay" and edge.level for edge in self.board.edges)

    def hear(self, data: bytes) -> None:
        """A frame of the door."""
        frame = Frame.from_bytes(self.identity.key, data)
        self.captured.append(data)
        self._uptime = (frame.uptime_s, time.monotonic())
        if isinstance(frame.message, Hello):
            self.hellos += 1
            if frame.boot_id != self._boot_id:
                self._boot_id, self._counter = frame.boot_id, 0
        elif isinstance(frame.message, Result) and frame.message.reason == words.REASON_NONE:
            self._results.add(frame.message.command_counter)

    def seal(self, message: Message, lifetime_s: int = 10) -> bytes:
        """The controller's next frame; the attacker gets it too."""
        self._counter += 1
        not_after = max(0, int(self._uptime[0] + time.monotonic() - self._uptime[1]) + lifetime_s)
        device = bytes.fromhex(self.identity.device)
        data = Frame(device, self._boot_id, self._counter, not_after, message).to_bytes(self.identity.key)
        self.captured.append(data)
        return data

    async def open(self, client: aiomqtt.Client) -> bytes:
        """A genuine open: returns when the door has done it."""
        data = self.seal(Command(op=words.OP_OPEN, argument=0, reason=words.REASON_GUARD, person=0))
        await until(lambda: not self.board.level("relay"))
        self.authorised += 1
        await client.publish(f"{self.topic}/down", data, qos=1)
        await until(lambda: self._counter in self._results)
        await self.board.wait_level("relay", True, _WAIT_S)
        return data

    async def swipe(self) -> float:
        """The listed card: seconds from the first bit sent to the relay."""
        await until(lambda: not self.board.level("relay"))
        self.authorised += 1
        began = time.monotonic()
        await self.board.swipe(wiegand34(CARD), interval_us=200)
        return (await self.board.wait_level("relay", True, _WAIT_S)).seen_s - began

    @asynccontextmanager
    async def client(self, name: str) -> AsyncIterator[aiomqtt.Client]:
        """A connection with the controller's password; hears the door."""
        async with aiomqtt.Client(
            "localhost",
            self.broker.port,
            username="controller",
            password=self.password,
            identifier=name,
            tls_context=self.tls,
            max_inflight_messages=_AT_ONCE,
        ) as client:
            client.pending_calls_threshold = _AT_ONCE
            await client.subscribe(f"{self.topic}/up", qos=1)
            hearing = asyncio.create_task(self._listen(client))
            try:
                yield client
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for mail in client.messages:
            self.hear(bytes(mail.payload))


@asynccontextmanager
async def besieged(folder: Path, port: int = 0) -> AsyncIterator[Besieged]:
    """The broker runs, the door has no power yet. `port`: where the door looks for the broker (a proxy's)."""
    broker = Broker(folder / "broker", "siege")
    address = BrokerAddress("127.0.0.1", port or broker.port, "localhost")
    identity = new_device("siege", address, broker.ca_pem, settings={"release_s": RELEASE_S})
    password = secrets.token_urlsafe(16)
    await broker.add_users({"controller": password, identity.device: identity.broker_password})
    digest = doorlist.credential_digest(doorlist.digest_key(identity.key), words.CREDENTIAL_CARD, CARD)
    device = bytes.fromhex(identity.device)
    listed = listwriter.encode(identity.key, device, 1, int(time.time()), 0, [], [doorlist.Record(digest, 7)])
    flash = folder / "door.flash"
    flash.write_bytes(image.pack({**build_bundle().files, **identity.files(), "list.bin": listed}))
    board = VirtualBoard(flash, folder / "door.log")
    tls = ssl.create_default_context(cadata=broker.ca_pem.decode("ascii"))
    await broker.start()
    try:
        yield Besieged(broker, identity, board, password, tls)
    finally:
        await board.stop()
        await broker.stop()


async def attack_through_broker(count: int, seed: int = 1) -> Siege:
    """`count` hostile messages through Mosquitto, a genuine open after every thousand, a power cut at the end."""
    chance = random.Random(seed)  # noqa: S311 (an attack that can be repeated)
    with tempfile.TemporaryDirectory() as folder:
        async with besieged(Path(folder)) as door, door.client("controller") as client:
            await door.board.start()
            await until(lambda: door.hellos > 0)
            began = time.monotonic()
            for done in range(0, count, _HONEST_EVERY):
                last = await door.open(client)  # in order: all that was sent before has arrived
                await _barrage(door, client, chance, min(_HONEST_EVERY, count - done))
            await door.open(client)
            took_s = time.monotonic() - began
            await client.publish(f"{door.topic}/down", last, qos=1, retain=True)
            edges = door.edges
            await door.board.cut_power()
            await door.board.start()  # forgets the edges of the boot before
            await until(lambda: door.hellos > 1)
            await door.open(client)
            return Siege(count, door.authorised, edges + door.edges, took_s)


async def _barrage(door: Besieged, client: aiomqtt.Client, chance: random.Random, count: int) -> None:
    """So many hostile messages to the door's own topic, some of them retained."""
    for done in range(0, count, _AT_ONCE):
        mail = [hostile(door.captured, chance) for _ in range(min(_AT_ONCE, count - done))]
        await asyncio.gather(
            *[client.publish(f"{door.topic}/down", data, qos=1, retain=chance.random() < 0.1) for data in mail]
        )


def hostile(captured: list[bytes], chance: random.Random) -> bytes:
    """A genuine frame again, or made into something else."""
    data = bytearray(chance.choice(captured[-200:]))
    kind = chance.randrange(6)
    if kind == 1:
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        del data[chance.randrange(len(data)) :]
    elif kind == 3:
        data += data[: chance.randint(1, 64)] * chance.randint(1, 40)
    elif kind == 4:
        data[12:20] = chance.randbytes(4) + b"\xff\xff\xff\x7f"  # another counter, and a life that does not end
    elif kind == 5:
        other = chance.choice(captured[-200:])
        data[20:] = other[20:] if other[20:] != bytes(data[20:]) else b""
    return bytes(data)


async def until(done: Callable[[], bool], timeout_s: float = _WAIT_S) -> None:
    """TimeoutError when it does not come to that."""
    async with asyncio.timeout(timeout_s):
        while not done():  # noqa: ASYNC110 (what is waited for is outside of this program)
            await asyncio.sleep(0.005)


class EvilBroker:
    """A broker of the attacker's own, with the community's certificate; each guest meets the next of his manners."""

    def __init__(self, door: Besieged, seed: int = 1) -> None:
        self._door = door
        self._chance = random.Random(seed)  # noqa: S311 (an attack that can be repeated)
        self._server: asyncio.Server | None = None
        self._guests: set[asyncio.Task[None]] = set()
        self.met: list[str] = []
        self.messages = 0

    async def start(self) -> None:
        """In the place of the real one, which has stopped."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = self._door.broker.folder
        context.load_cert_chain(folder / "broker.pem", folder / "broker.key")
        self._server = await asyncio.start_server(self._guest, "127.0.0.1", self._door.broker.port, ssl=context)

    async def stop(self) -> None:
        """He is gone, in the middle of a word."""
        assert self._server is not None
        self._server.close()
        for guest in self._guests:
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)

    async def _guest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)
        manners = (self._flood, self._refuse, self._babble, self._flood, self._oversize, self._vanish)
        manner = manners[len(self.met) % len(manners)]
        self.met.append(manner.__name__.strip("_"))
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(2)
            await manner(reader, writer)
        writer.transport.abort()

    async def _flood(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Logs it in, sends hostile frames as fast as they go, and never reads an answer."""
        writer.write(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01")
        for _ in range(3_000):
            payload = hostile(self._door.captured, self._chance)
            flags = self._chance.choice((0, 1, 2, 3, 10))
            body = b"\x00\x01t" + (b"\x00\x07" if flags & 2 else b"") + payload
            if len(body) <= 1_400:
                writer.write(bytes([0x30 | flags]) + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body)
                self.messages += 1
            await writer.drain()

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Not this door."""
        writer.write(b"\x20\x02\x00\x05")
        await writer.drain()

    async def _babble(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes that are no MQTT."""
        writer.write(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01" + self._chance.randbytes(4_000))
        await writer.drain()

    async def _oversize(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A packet of 2 MB announced."""
        writer.write(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01" + b"\x30\xff\xff\x7f" + bytes(100_000))
        await writer.drain()

    async def _vanish(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Says nothing at all, for longer than the door waits."""
        await asyncio.sleep(30)
