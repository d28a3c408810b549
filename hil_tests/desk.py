"""The controller's end of one door's wire, held by a test: it hears the door and can say anything to it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
from pathlib import Path
from types import TracebackType
from typing import TypeVar

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
    Time,
    UpdateBegin,
    UpdateChunk,
    UpdateCommit,
    UpdateStatus,
)
from tools import processes
from tools.broker import Broker
from tools.bundle import Bundle
from tools.provision import Identity

M = TypeVar("M", bound=Message)


class Desk:
    """Acknowledges events and answers Hello with Time, as the controller does; all else is the test's doing."""

    def __init__(self, broker: Broker, identity: Identity, password: str, folder: Path) -> None:
        self.identity = identity
        self.device = bytes.fromhex(identity.device)
        self.frames: list[Frame] = []
        self.acknowledge = True
        self.counter = 0
        self._topic = f"menshen/{broker.site}/door/{identity.device}"
        ca = folder / "desk-ca.pem"
        ca.write_bytes(broker.ca_pem)
        self._port, self._password = broker.port, password
        self._tls = ssl.create_default_context(cafile=str(ca))
        self._client: aiomqtt.Client
        self._connected = asyncio.Event()
        self._heard = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self._uptime: tuple[int, float] = (0, 0.0)
        self._boot_id = 0

    async def __aenter__(self) -> Desk:
        self._task = asyncio.create_task(self._listen())
        self._task.add_done_callback(lambda _: self._heard.set())
        await processes.ready(self._task, self._connected, 10)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await processes.end(self._task, *self._answers)

    async def _listen(self) -> None:
        """Hear the door; a broker that went is waited for."""
        while True:
            try:
                async with aiomqtt.Client(
                    "localhost",
                    self._port,
                    username="controller",
                    password=self._password,
                    identifier="desk",
                    tls_context=self._tls,
                ) as self._client:
                    await self._client.subscribe(f"{self._topic}/up", qos=1)
                    self._connected.set()
                    async for mail in self._client.messages:
                        self._take(Frame.from_bytes(self.identity.key, bytes(mail.payload)))
            except aiomqtt.MqttError:
                self._connected.clear()
                await asyncio.sleep(0.1)

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._uptime = (frame.uptime_s, time.monotonic())
        if isinstance(frame.message, Hello):
            if frame.boot_id != self._boot_id:
                self._boot_id, self.counter = frame.boot_id, 0
            self._answer(Time(unix=int(time.time()), millis=0))
        elif isinstance(frame.message, Event) and self.acknowledge:
            self._answer(Ack(epoch=frame.message.epoch, seq=frame.message.seq))
        self._heard.set()

    def _answer(self, message: Message) -> None:
        """Not awaited: a broker that dies before it confirms would keep us from noticing that for 10 s."""
        task = asyncio.create_task(self._send_if_heard(message))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _send_if_heard(self, message: Message) -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # the door says it again
            await self.send(message)

    def seal(
        self, message: Message, lifetime_s: int = 30, boot_id: int | None = None, key: bytes | None = None
    ) -> bytes:
        """The next frame for the door, or one for another boot or under another key."""
        self.counter += 1
        uptime_s = max(0, int(self._uptime[0] + time.monotonic() - self._uptime[1]) + lifetime_s)
        frame = Frame(self.device, self._boot_id if boot_id is None else boot_id, self.counter, uptime_s, message)
        return frame.to_bytes(self.identity.key if key is None else key)

    async def send(self, message: Message) -> bytes:
        """Seal and publish; the bytes, so that a test can send them again."""
        data = self.seal(message)
        await self.publish(data)
        return data

    async def publish(self, data: bytes, retain: bool = False) -> None:
        """Any bytes to the door's own topic."""
        await self._client.publish(f"{self._topic}/down", data, qos=1, retain=retain)

    async def open(self) -> bytes:
        """A fresh, sealed open command on a guard's behalf."""
        return await self.send(Command(op=words.OP_OPEN, argument=0, reason=words.REASON_GUARD, person=0))

    def messages(self, kind: type[M]) -> list[M]:
        """Every message of this kind so far."""
        return [frame.message for frame in self.frames if isinstance(frame.message, kind)]

    async def hear(self, kind: type[M], after: int = 0, timeout_s: float = 10.0) -> M:
        """The first message of this kind beyond the first `after` of them; raises what the listener died of."""
        async with asyncio.timeout(timeout_s):
            while len(self.messages(kind)) <= after:
                if self._task is not None and self._task.done():
                    self._task.result()
                self._heard.clear()
                await self._heard.wait()
        return self.messages(kind)[after]

    async def install(
        self, version: int, denied: list[doorlist.Record], granted: list[doorlist.Record], key: bytes | None = None
    ) -> ListInstalled:
        """Send a list whole, sealed by the door's key or another, and wait for the door's word on it."""
        before = len(self.messages(ListInstalled))
        now = int(time.time())
        key = key or self.identity.key
        data = listwriter.encode(key, self.device, version, now, now + 86_400, denied, granted)
        digest = hashlib.sha256(data).digest()
        await self.send(ListBegin(version=version, base_version=0, size=len(data), digest=digest))
        for at in range(0, len(data), CHUNK_LIMIT):
            await self.send(ListChunk(version=version, offset=at, data=data[at : at + CHUNK_LIMIT]))
        await self.send(ListCommit(version=version, digest=digest))
        return await self.hear(ListInstalled, before)

    async def update(self, firmware: Bundle, rollback: int | None = None) -> UpdateStatus:
        """Send a firmware, in a window of eight chunks; the door's last word on it."""
        digest = hashlib.sha256(firmware.image).digest()
        name, size = firmware.version.encode(), len(firmware.image)
        lowest = firmware.rollback if rollback is None else rollback
        heard = len(self.messages(UpdateStatus))
        await self.send(UpdateBegin(firmware=name, size=size, digest=digest, rollback=lowest))
        status = await self.hear(UpdateStatus, heard)
        while not status.reason and status.offset < size:
            end = min(status.offset + 8 * CHUNK_LIMIT, size)
            heard = len(self.messages(UpdateStatus))
            for at in range(status.offset, end, CHUNK_LIMIT):
                await self.send(UpdateChunk(offset=at, data=firmware.image[at : at + CHUNK_LIMIT]))
            while not status.reason and status.offset < end:
                status = await self.hear(UpdateStatus, heard)
                heard += 1
        if status.reason:
            return status
        heard = len(self.messages(UpdateStatus))
        await self.send(UpdateCommit(digest=digest))
        return await self.hear(UpdateStatus, heard)
