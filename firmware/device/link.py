"""The door's line to the controller: connects, says Hello, sends events in order, hands down frames to the door.

Everything here may fail at any time without the door noticing. Events wait in the journal, a State is made when it is
sent; of the other messages at most OUTBOX wait, and the oldest goes when there are more: whoever asked, asks again.
"""

import asyncio
import gc
import os

from device.journal_store import JournalStore
from device.mqtt import PING_MS, MqttError, Session
from doorwire import vocabulary as words
from doorwire.frame import Frame
from doorwire.messages import Event, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from device.mqtt import Stream

WINDOW = 8  # events in flight (docs/ARCHITECTURE.md)
OUTBOX = 12
RESEND_MS = 5_000  # without an Ack for that long, send again from the first unacknowledged event
STATE_EVERY_MS = 60_000
_OPEN_S = 10
_STEADY_MS = 10_000  # a connection that lasted so long was a good one: the next attempt comes soon
_FIRST_DELAY_MS = 500
_LONGEST_DELAY_MS = 10_000


class Sealer:
    """Makes up frames: this device, this boot, a rising counter."""

    def __init__(self, device: bytes, key: bytes, boot_id: int, uptime_ms: "Callable[[], int]") -> None:
        self._device = device
        self._key = key
        self._boot_id = boot_id
        self._counter = 0
        self.uptime_ms = uptime_ms

    def seal(self, message: Message) -> bytes:
        """The sealed frame."""
        self._counter += 1
        frame = Frame(self._device, self._boot_id, self._counter, self.uptime_ms() // 1000, message)
        return frame.to_bytes(self._key)


class Account:
    """How the door logs in."""

    def __init__(self, device: str, site: str, password: bytes) -> None:
        self.device = device
        self.password = password
        self.topic = f"menshen/{site}/door/{device}/"


class Link:
    """`dial` opens the stream, `hello` makes the first message, `state` the one of each minute."""

    def __init__(
        self,
        account: Account,
        sealer: Sealer,
        journal: JournalStore,
        dial: "Callable[[], Awaitable[Stream]]",
        hello: "Callable[[], Message]",
        state: "Callable[[], Message]",
    ) -> None:
        self._account = account
        self._sealer = sealer
        self._journal = journal
        self._dial = dial
        self._hello = hello
        self._state = state
        self._outbox: list[Message] = []
        self._state_due = False
        self._wake = asyncio.Event()
        self._over = asyncio.Event()
        self._ended: Exception | None = None
        self._sent = 0  # the last event sent on this connection
        self.heard: Callable[[bytes], None] | None = None
        self.beat: Callable[[], None] | None = None
        self.connected = False

    def send(self, message: Message) -> None:
        """Queue a message that is not an event."""
        if len(self._outbox) >= OUTBOX:
            self._outbox.pop(0)
        self._outbox.append(message)
        self._wake.set()

    def say_hello(self) -> None:
        """Queue another Hello: the controller asked."""
        self.send(self._hello())

    def report(self) -> None:
        """Send a State soon: something changed, or the controller asked."""
        self._state_due = True
        self._wake.set()

    def wake(self) -> None:
        """The journal has news, or an Ack made room."""
        self._wake.set()

    async def run(self) -> None:
        """For ever: connect, serve, wait, again."""
        delay_ms = _FIRST_DELAY_MS
        told = False
        while True:
            began_ms = self._alive_ms()
            try:
                await self._serve()
            except (OSError, MqttError, asyncio.TimeoutError, EOFError, MemoryError) as error:
                if self.connected or not told:
                    print("link: lost:", _words(error))
                    told = True
            self.connected = False
            gc.collect()  # TLS wants its memory in one piece
            if self._sealer.uptime_ms() - began_ms >= _STEADY_MS:
                delay_ms = _FIRST_DELAY_MS
            await asyncio.sleep(_jitter(delay_ms) / 1000)
            delay_ms = min(2 * delay_ms, _LONGEST_DELAY_MS)

    async def _serve(self) -> None:
        """One connection, until it ends by raising."""
        stream = await asyncio.wait_for(self._dial(), _OPEN_S)
        session = Session(stream, self._received)
        try:
            topic = self._account.topic
            device = self._account.device
            await session.connect(device, device, self._account.password, topic + "link", b"lost")
            await session.subscribe(topic + "down")
            await session.publish(topic + "link", b"here", retain=True)
            await session.publish(topic + "up", self._sealer.seal(self._hello()))
            self._sent = self._journal.acked
            self._state_due = True
            self.connected = True
            print("link: connected")
            await self._both(session)
        finally:
            session.close()

    async def _both(self, session: Session) -> None:
        """Read and write until one of them ends the session: the other may be waiting for a peer that is gone."""
        self._over.clear()
        tasks = [asyncio.create_task(self._until_over(work)) for work in (session.run(), self._pump(session))]
        try:
            await self._over.wait()
        finally:
            for task in tasks:
                task.cancel()
        raise self._ended or MqttError("the session ended")

    async def _until_over(self, work: "Awaitable[None]") -> None:
        """What ends this work ends the session."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 (`_both` raises it)
            self._ended = error
            self._over.set()

    def _received(self, topic: bytes, payload: bytes) -> None:
        if self.heard is not None:
            self.heard(payload)

    async def _pump(self, session: Session) -> None:
        """Send what there is to send, ping, and send again what nobody acknowledges; ends with the session's error."""
        acked = self._journal.acked
        pinged_ms = stated_ms = moved_ms = self._sealer.uptime_ms()
        while True:
            self._wake.clear()
            now_ms = self._alive_ms()
            if acked != self._journal.acked or self._sent <= acked:
                acked, moved_ms = self._journal.acked, now_ms
            elif now_ms - moved_ms >= RESEND_MS:
                self._sent, moved_ms = acked, now_ms
            if now_ms - stated_ms >= STATE_EVERY_MS:
                self._state_due, stated_ms = True, now_ms
            if now_ms - pinged_ms >= PING_MS:
                pinged_ms = now_ms
                await session.ping()
            if not await self._flush(session):
                try:
                    await asyncio.wait_for(self._wake.wait(), 1)
                except asyncio.TimeoutError:
                    pass

    def _alive_ms(self) -> int:
        """The uptime; the supervisor is told that the link lives."""
        if self.beat is not None:
            self.beat()
        return self._sealer.uptime_ms()

    async def _flush(self, session: Session) -> bool:
        """Send what waits and one event; whether there was one. Answers first: a list transfer waits for them."""
        topic = self._account.topic + "up"
        while self._outbox:
            await session.publish(topic, self._sealer.seal(self._outbox.pop(0)))
        if self._state_due:
            self._state_due = False
            await session.publish(topic, self._sealer.seal(self._state()))
        seq = self._next_event()
        if seq is None:
            return False
        self._sent = seq
        await session.publish(topic, self._sealer.seal(self._event(seq)))
        return True

    def _next_event(self) -> "int | None":
        seq = max(self._sent, self._journal.acked) + 1
        return seq if seq < self._journal.next_seq and seq - self._journal.acked <= WINDOW else None

    def _event(self, seq: int) -> Event:
        """The event; one that flash has lost is told as that, so that the ones behind it are not held up."""
        return self._journal.read(seq) or Event(
            epoch=self._journal.epoch,
            seq=seq,
            kind=words.EVENT_FAULT,
            reason=words.REASON_FLASH,
            at_unix=0,
            at_uptime=0,
            credential_kind=words.CREDENTIAL_NONE,
            credential=0,
            person=0,
            list_version=0,
            list_age_s=0,
        )


def _jitter(delay_ms: int) -> int:
    """Between half and the whole: a thousand doors do not come back at once."""
    return delay_ms // 2 + int.from_bytes(os.urandom(2), "big") * delay_ms // 2 // 0xFFFF


def _words(error: Exception) -> str:
    return f"{type(error).__name__} {error}"
