"""The link against a broker in memory: Hello first, events in order, eight in flight, all again after a break."""

import asyncio

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
        """At once."""

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
        sealer = Sealer(DEVICE, KEY, 1, lambda: 5_000)
        account = Account(DEVICE.hex(), "demo", b"secret")
        self.link = Link(account, sealer, self.journal, self._dial, lambda: HELLO, lambda: STATE)

    async def _dial(self) -> Broker:
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
        for _ in range(40):  # the pause before the next attempt is at most half a second
            await asyncio.sleep(0.02)
            if len(scene.brokers) == 2:
                break
        await scene.settle()
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
