"""The link against a broker in memory: Hello first, events in order, eight in flight, all again after a break."""

import asyncio

from device import mqtt
from device.journal_store import JournalStore
from device.link import OUTBOX, WINDOW, Account, Link, Sealer
from device.tests.desk import scratch
from doorwire import messages
from doorwire import vocabulary as words
from doorwire.frame import Frame
from doorwire.tests.vectors import DEVICE, KEY, VECTORS

UP = b"menshen/demo/door/02a1b2c3d4e5/up"
HELLO = messages.Hello(**VECTORS[0][1])
STATE = messages.State(**VECTORS[1][1])


class Broker:
    """One connection: accepts everything, keeps what is published on `up` and `link`, can say things and can break."""

    def __init__(self) -> None:
        self.up: list[messages.Message] = []
        self.link: list[tuple[bytes, bool]] = []
        self._in = b"\x20\x02\x00\x00"
        self._more = asyncio.Event()
        self._broken = False
        self.pings = 0
        self.room = asyncio.Event()  # cleared: it has stopped reading
        self.room.set()

    def say(self, data: bytes) -> None:
        """Bytes to the door."""
        self._in += data
        self._more.set()

    def break_off(self) -> None:
        """The connection is gone."""
        self._broken = True
        self._more.set()

    async def readexactly(self, size: int) -> bytes:
        """What was said."""
        while len(self._in) < size:
            if self._broken:
                raise EOFError
            self._more.clear()
            await self._more.wait()
        data, self._in = self._in[:size], self._in[size:]
        return data

    def write(self, data: bytes) -> None:
        """A packet of the door: one write is one packet."""
        kind = data[0]
        self.pings += kind == 0xC0
        body = data[2:] if data[1] < 0x80 else data[3:]
        if kind == 0x82:
            self.say(b"\x90\x03" + body[:2] + b"\x01")
        elif kind & 0xF0 == 0x30:
            end = 2 + int.from_bytes(body[:2], "big")
            self.say(b"\x40\x02" + body[end : end + 2])
            if body[2:end] == UP:
                self.up.append(Frame.from_bytes(KEY, body[end + 2 :]).message)
            else:
                self.link.append((body[end + 2 :], bool(kind & 1)))

    async def drain(self) -> None:
        """At once, while it reads."""
        await self.room.wait()

    def close(self) -> None:
        """Nothing to free."""

    def seqs(self) -> "list[int]":
        """Of the events that came."""
        return [message.seq for message in self.up if isinstance(message, messages.Event)]


class Scene:
    """A link, its journal, and the brokers it met."""

    def __init__(self) -> None:
        self.journal = JournalStore(scratch())
        self.journal.open(9)
        self.brokers: list[Broker] = []
        self.now_ms = 5_000
        self.refusals: list[Exception] = []  # of the next attempts to connect
        sealer = Sealer(DEVICE, KEY, 1, lambda: self.now_ms)
        account = Account(DEVICE.hex(), "demo", b"secret")
        self.link = Link(account, sealer, self.journal, self._dial, lambda: HELLO, lambda: STATE)

    async def _dial(self) -> Broker:
        if self.refusals:
            raise self.refusals.pop(0)
        self.brokers.append(Broker())
        return self.brokers[-1]

    def keep(self, count: int) -> None:
        """That many events more."""
        for _ in range(count):
            event = messages.Event(**VECTORS[2][1])
            event.epoch, event.seq = 9, self.journal.next_seq
            assert self.journal.append(event)
        self.link.wake()

    async def settle(self) -> None:
        """Let everything happen that can."""
        for _ in range(200):
            await asyncio.sleep(0)

    async def until(self, brokers: int, limit_s: float = 3.0) -> None:
        """Until it has met so many brokers."""
        for _ in range(int(limit_s / 0.02)):
            if len(self.brokers) >= brokers:
                break
            await asyncio.sleep(0.02)
        assert len(self.brokers) >= brokers
        await self.settle()


def play(story: "object") -> None:
    """Run a scene."""

    async def whole() -> None:
        scene = Scene()
        running = asyncio.create_task(scene.link.run())
        try:
            await story(scene)  # type: ignore[operator]
        finally:
            running.cancel()
            scene.journal.close()

    asyncio.run(whole())


def test_link_says_hello_first_then_state_then_events() -> None:
    async def story(scene: Scene) -> None:
        scene.keep(2)
        scene.link.send(messages.Result(command_counter=1, reason=0))
        await scene.settle()
        broker = scene.brokers[0]
        kinds = [message.TYPE for message in broker.up]
        assert kinds == [messages.Hello.TYPE, messages.Result.TYPE, messages.State.TYPE] + [messages.Event.TYPE] * 2
        assert broker.link == [(b"here", True)]

    play(story)


def test_link_keeps_eight_events_in_flight_and_goes_on_with_acks() -> None:
    async def story(scene: Scene) -> None:
        scene.keep(20)
        await scene.settle()
        broker = scene.brokers[0]
        assert broker.seqs() == list(range(1, WINDOW + 1))
        scene.journal.ack(9, 3)
        scene.link.wake()
        await scene.settle()
        assert broker.seqs() == list(range(1, WINDOW + 4))
        scene.journal.ack(9, 11)
        scene.link.wake()
        await scene.settle()
        assert broker.seqs() == list(range(1, 20))

    play(story)


def test_link_sends_the_unacknowledged_again_after_a_break() -> None:
    async def story(scene: Scene) -> None:
        scene.keep(5)
        await scene.settle()
        scene.journal.ack(9, 2)
        scene.brokers[0].break_off()
        scene.keep(1)
        await scene.until(2)
        again = scene.brokers[1]
        assert again.up[0] == HELLO and again.seqs() == [3, 4, 5, 6]

    play(story)


def test_link_hands_frames_down_and_not_retained_ones() -> None:
    async def story(scene: Scene) -> None:
        heard: list[bytes] = []
        scene.link.heard = heard.append
        await scene.settle()
        scene.brokers[0].say(b"\x30\x06\x00\x01tabc" + b"\x31\x06\x00\x01told")
        await scene.settle()
        assert heard == [b"abc"]

    play(story)


def test_link_tells_an_event_that_flash_lost_as_such() -> None:
    async def story(scene: Scene) -> None:
        scene.keep(3)
        scene.journal.read = lambda seq: None  # type: ignore[method-assign]
        await scene.settle()
        events = [message for message in scene.brokers[0].up if isinstance(message, messages.Event)]
        assert [(event.seq, event.kind, event.reason) for event in events] == [
            (seq, words.EVENT_FAULT, words.REASON_FLASH) for seq in (1, 2, 3)
        ]

    play(story)


def test_link_outbox_is_bounded_and_drops_the_oldest() -> None:
    async def story(scene: Scene) -> None:
        for counter in range(OUTBOX + 5):
            scene.link.send(messages.Result(command_counter=counter, reason=0))
        await scene.settle()
        counters = [message.command_counter for message in scene.brokers[0].up if isinstance(message, messages.Result)]
        assert counters == list(range(5, OUTBOX + 5))

    play(story)


def test_link_survives_a_lack_of_memory_at_any_step() -> None:
    async def story(scene: Scene) -> None:
        scene.refusals = [MemoryError(), OSError(12), MemoryError()]
        await scene.until(1, 6.0)  # four pauses, the last of at most 4 s
        scene.link.heard = lambda data: hog()
        scene.brokers[0].say(b"\x30\x04\x00\x01tx")
        await scene.until(2, 12.0)
        assert scene.brokers[1].up[0] == HELLO

    def hog() -> None:
        raise MemoryError

    quickly(story)


def quickly(story: "object") -> None:
    """A scene whose pauses are a tenth as long."""
    from device import link

    first, link._FIRST_DELAY_MS = link._FIRST_DELAY_MS, link._FIRST_DELAY_MS // 10
    try:
        play(story)
    finally:
        link._FIRST_DELAY_MS = first


def test_link_leaves_a_broker_that_stops_reading_and_floods() -> None:
    silence = mqtt.SILENCE_S
    mqtt.SILENCE_S = 1

    async def story(scene: Scene) -> None:
        await scene.settle()
        broker = scene.brokers[0]
        broker.room.clear()
        scene.keep(3)
        for _ in range(10):
            broker.say(b"\x32\x06\x00\x01t\x00\x07x")
            await asyncio.sleep(0.01)
        await scene.until(2, 2.6)  # its silence once, not once for each direction, and a pause
        assert scene.brokers[1].seqs() == [1, 2, 3]

    try:
        play(story)
    finally:
        mqtt.SILENCE_S = silence


def test_link_pings_by_the_clock_however_busy_it_is() -> None:
    async def story(scene: Scene) -> None:
        await scene.settle()
        for _ in range(20):
            scene.now_ms += 500
            scene.keep(1)
            await scene.settle()
        assert scene.brokers[0].pings == 2

    play(story)


def test_link_sends_again_what_nobody_acknowledged_for_five_seconds() -> None:
    async def story(scene: Scene) -> None:
        await scene.settle()
        scene.now_ms += 4_900  # idle before
        scene.keep(2)
        await scene.settle()
        scene.now_ms += 200
        scene.link.wake()
        await scene.settle()
        assert scene.brokers[0].seqs() == [1, 2]
        scene.now_ms += 4_900
        scene.link.wake()
        await scene.settle()
        assert scene.brokers[0].seqs() == [1, 2, 1, 2]

    play(story)


def test_link_waits_longer_and_longer_for_a_broker_that_throws_it_out() -> None:
    async def story(scene: Scene) -> None:
        for meeting in range(1, 5):
            await scene.until(meeting, 9.0)
            scene.brokers[-1].break_off()
        before = len(scene.brokers)
        await asyncio.sleep(0.15)  # the fourth pause is at least 0.2 s, the first at most 0.05 s
        assert len(scene.brokers) == before
        await scene.until(before + 1)
        scene.now_ms += 60_000  # one that lasts
        scene.brokers[-1].break_off()
        await scene.until(before + 2, 0.2)

    quickly(story)
