"""A door of real firmware on a virtual board, a real broker, and the controller's end of the wire in a tool's hands."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import aiomqtt

from doorwire import doorlist, listwriter
from doorwire import vocabulary as words
from doorwire.frame import Frame
from doorwire.messages import (
    CHUNK_LIMIT,
    Ack,
    Command,
    Event,
    Hello,
    ListBegin,
    ListChunk,
    ListCommit,
    ListInstalled,
    Message,
    Result,
)
from tools import processes
from tools.broker import Broker
from tools.bundle import build_bundle
from tools.provision import BrokerAddress, Identity, new_device
from tools.virtual_board import image
from tools.virtual_board.board import VirtualBoard
from tools.virtual_board.wiegand import wiegand34

CARD = 4711  # the one card that the door knows
RELEASE_S = 1
AT_ONCE = 100  # publishes in flight
_WAIT_S = 20.0


class LiveDoor:
    """One broker, one door that knows the card `CARD`, and the controller's end of its wire."""

    def __init__(self, broker: Broker, identity: Identity, board: VirtualBoard, password: str, tls: ssl.SSLContext):
        self.broker = broker
        self.identity = identity
        self.board = board
        self.password = password
        self.tls = tls
        self.topic = f"menshen/{broker.site}/door/{identity.device}"
        self.captured: list[bytes] = []  # genuine frames, both ways: what whoever owns the broker has
        self.authorised = 0
        self._counter = 0
        self._boot_id = 0
        self._uptime = (0, 0.0)
        self._results: set[int] = set()
        self.hellos = 0
        self.hello: Hello | None = None
        self.installed: list[ListInstalled] = []

    @property
    def edges(self) -> int:
        """How often the relay rose since power on."""
        return sum(edge.pin == "relay" and edge.level for edge in self.board.edges)

    def hear(self, data: bytes) -> Message:
        """The message in a frame of the door."""
        frame = Frame.from_bytes(self.identity.key, data)
        self.captured.append(data)
        self._uptime = (frame.uptime_s, time.monotonic())
        if isinstance(frame.message, Hello):
            self.hellos += 1
            self.hello = frame.message
            if frame.boot_id != self._boot_id:
                self._boot_id, self._counter = frame.boot_id, 0
        elif isinstance(frame.message, ListInstalled):
            self.installed.append(frame.message)
        elif isinstance(frame.message, Result) and frame.message.reason == words.REASON_NONE:
            self._results.add(frame.message.command_counter)
        return frame.message

    def seal(self, message: Message, lifetime_s: int = 10) -> bytes:
        """The controller's next frame."""
        self._counter += 1
        not_after = max(0, int(self._uptime[0] + time.monotonic() - self._uptime[1]) + lifetime_s)
        device = bytes.fromhex(self.identity.device)
        data = Frame(device, self._boot_id, self._counter, not_after, message).to_bytes(self.identity.key)
        self.captured.append(data)
        return data

    async def open(self, client: aiomqtt.Client) -> bytes:
        """A genuine open: returns when the door has done it."""
        await until(lambda: not self.board.level("relay"))
        data = self.seal(Command(op=words.OP_OPEN, argument=0, reason=words.REASON_GUARD, person=0))
        counter = self._counter  # sealed and sent without a pause: no other frame may come between
        self.authorised += 1
        await client.publish(f"{self.topic}/down", data, qos=1)
        await until(lambda: counter in self._results)
        await self.board.wait_level("relay", True, _WAIT_S)
        return data

    async def swipe(self) -> float:
        """The listed card: seconds from the first bit sent to the relay."""
        await until(lambda: not self.board.level("relay"))
        self.authorised += 1
        began = time.monotonic()
        await self.board.swipe(wiegand34(CARD), interval_us=200)
        return (await self.board.wait_level("relay", True, _WAIT_S)).seen_s - began

    async def send(self, client: aiomqtt.Client, message: Message) -> None:
        """Seal and publish."""
        await client.publish(f"{self.topic}/down", self.seal(message, 60), qos=1)

    async def install(self, client: aiomqtt.Client, data: bytes, version: int, base_version: int = 0) -> float:
        """Send a list or a delta: seconds until the door has it in force; ValueError when it refuses."""
        digest = hashlib.sha256(data).digest()
        before = len(self.installed)
        began = time.monotonic()
        await self.send(client, ListBegin(version=version, base_version=base_version, size=len(data), digest=digest))
        for at in range(0, len(data), CHUNK_LIMIT):
            await self.send(client, ListChunk(version=version, offset=at, data=data[at : at + CHUNK_LIMIT]))
        await self.send(client, ListCommit(version=version, digest=digest))
        await until(lambda: len(self.installed) > before)
        if self.installed[-1].reason:
            raise ValueError(f"the door refused list {version}: {words.REASONS[self.installed[-1].reason]}")
        return time.monotonic() - began

    @contextlib.asynccontextmanager
    async def client(self, name: str) -> AsyncIterator[aiomqtt.Client]:
        """A connection with the controller's password; hears the door and acknowledges its events.

        Raises at its end what the hearing died of: whatever was waited for in vain is a consequence.
        """
        hearing: asyncio.Task[None] | None = None
        try:
            async with aiomqtt.Client(
                "localhost",
                self.broker.port,
                username="controller",
                password=self.password,
                identifier=name,
                tls_context=self.tls,
                max_inflight_messages=AT_ONCE,
            ) as client:
                client.pending_calls_threshold = AT_ONCE
                await client.subscribe(f"{self.topic}/up", qos=1)
                hearing = asyncio.create_task(self._listen(client))
                yield client
        finally:
            if hearing is not None:
                failed = hearing.done()
                await processes.end(hearing)
                if failed:
                    hearing.result()

    async def _listen(self, client: aiomqtt.Client) -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # the broker is gone: who publishes hears of it
            async for mail in client.messages:
                message = self.hear(bytes(mail.payload))
                if isinstance(message, Event):
                    await self.send(client, Ack(epoch=message.epoch, seq=message.seq))


@contextlib.asynccontextmanager
async def live_door(folder: Path, port: int = 0, files: Mapping[str, bytes] | None = None) -> AsyncIterator[LiveDoor]:
    """The broker runs, the door has no power yet. `port`: where the door looks for the broker (a proxy's); `files`: to
    be added to its flash, or put in the place of others.
    """
    broker = Broker(folder / "broker", "live")
    address = BrokerAddress("127.0.0.1", port or broker.port, "localhost")
    identity = new_device("live", address, broker.ca_pem, settings={"release_s": RELEASE_S})
    password = secrets.token_urlsafe(16)
    await broker.add_users({"controller": password, identity.device: identity.broker_password})
    digest = doorlist.credential_digest(doorlist.digest_key(identity.key), words.CREDENTIAL_CARD, CARD)
    device = bytes.fromhex(identity.device)
    listed = listwriter.encode(identity.key, device, 1, int(time.time()), 0, [], [doorlist.Record(digest, 7)])
    flash = folder / "door.flash"
    flash.write_bytes(image.pack({**build_bundle().files, **identity.files(), "list.bin": listed, **(files or {})}))
    board = VirtualBoard(flash, folder / "door.log")
    tls = ssl.create_default_context(cadata=broker.ca_pem.decode("ascii"))
    await broker.start()
    try:
        yield LiveDoor(broker, identity, board, password, tls)
    finally:
        await board.stop()
        await broker.stop()


async def until(done: Callable[[], bool], timeout_s: float = _WAIT_S) -> None:
    """TimeoutError when it does not come to that."""
    async with asyncio.timeout(timeout_s):
        while not done():  # noqa: ASYNC110 (what is waited for is outside of this program)
            await asyncio.sleep(0.005)
