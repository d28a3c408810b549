"""Exactly once: two real ends, on a wire that drops, doubles, reorders and delays, with restarts."""

import asyncio
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.conftest import DEVICES, HandClock, Middle, write_site
from controller.settings import load
from doorwire import vocabulary as words
from tools.door_simulator import SimulatedDoor

DEVICE = DEVICES["b1-u1"]
STEPS = ("record", "record", "pump", "carry", "carry", "wait", "door-reboot", "controller-restart", "reconnect")


class BadWire:
    """Both directions; what it does is drawn from `chance`."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._held: list[bytes] = []

    def through(self, frames: list[bytes]) -> list[bytes]:
        out = []
        for frame in [*self._held, *frames]:
            fate = self._chance.random()
            out += [] if fate < 0.15 else [frame, frame] if fate < 0.3 else [frame]
        self._held = [frame for frame in frames if self._chance.random() < 0.1]
        if self._chance.random() < 0.3:
            self._chance.shuffle(out)
        return out


async def exchange(middle: Middle, door: SimulatedDoor, up: BadWire, down: BadWire) -> None:
    frames, door.outgoing = door.outgoing, []
    for frame in up.through(frames):
        middle.doors.on_up(DEVICE, frame)
    await middle.settle()
    answers = [frame for _, frame in middle.down]
    middle.down = []
    for frame in down.through(answers):
        door.receive(frame, middle.clock.now_s)


async def story(folder: Path, steps: list[str], seed: int) -> None:
    chance = random.Random(seed)
    up, down = BadWire(chance), BadWire(chance)
    keys = {DEVICE: chance.randbytes(32)}
    site, clock = load(write_site(folder)), HandClock()
    door = SimulatedDoor(DEVICE, keys[DEVICE])
    door.connect(clock.now_s)
    middle = Middle(site, clock, keys)
    await middle.start()
    cards: list[int] = []
    for step in steps:
        clock.now_s += 0.3
        if step == "record":
            cards.append(len(cards) + 1)
            door.record(words.EVENT_DENIED, words.REASON_UNKNOWN_CREDENTIAL, clock.now_s, card=cards[-1])
        elif step == "pump":
            door.pump(clock.now_s)
        elif step == "carry":
            await exchange(middle, door, up, down)
        elif step == "wait":
            clock.now_s += 6
        elif step == "door-reboot":
            door.boot(clock.now_s)
            door.connect(clock.now_s)
        elif step == "reconnect":
            door.connect(clock.now_s)
        else:
            await middle.stop()
            middle = Middle(site, clock, keys)
            await middle.start()
            middle.doors.on_link(DEVICE, "here", retained=True)
    door.connect(clock.now_s)
    while door.journal:  # at last the wire is sound
        door.pump(clock.now_s)
        await middle.carry(door)
        clock.now_s += 2
    stored = [row.event for row in await middle.store.journal.after(0, 10_000)]
    assert [event.seq for event in stored] == list(range(1, len(cards) + 1))
    assert [int(event.credential) for event in stored] == cards
    waiting = await middle.store.journal.outbox(10_000)
    assert len(waiting) == len(cards)
    alerts = await middle.store.alerts.latest(10)
    assert not [alert for alert in alerts if alert.kind == "gap"]
    await middle.stop()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), min_size=30, max_size=80), seed=st.integers(0, 2**32))
def test_every_event_is_stored_once_and_in_order_whatever_the_wire_does(steps: list[str], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder), steps, seed))


MakeMiddle = Callable[[], Middle]
MakeDoor = Callable[[str], SimulatedDoor]


def test_events_that_the_door_no_longer_has_are_a_gap_with_an_alert(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        for _ in range(10):
            door.record(words.EVENT_DOOR_OPENED, words.REASON_NONE, middle.clock.now_s)
        for seq in (1, 2, 3, 4):
            del door.journal[seq]
        door.connect(middle.clock.now_s)
        while door.journal:
            door.pump(middle.clock.now_s)
            await middle.carry(door)
        stored = await middle.store.journal.after(0, 100)
        assert [row.event.seq for row in stored] == [5, 6, 7, 8, 9, 10]
        (alert,) = await middle.store.alerts.latest(10)
        assert alert.kind == "gap" and "1 to 4" in alert.words and alert.place == "b1-u1"
        await middle.stop()

    asyncio.run(scene())


def test_an_event_past_a_hole_is_not_stored_before_the_door_says_that_the_hole_is_lost(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        for _ in range(3):
            door.record(words.EVENT_DOOR_OPENED, words.REASON_NONE, middle.clock.now_s)
        door.pump(middle.clock.now_s)
        door.outgoing.pop(0)
        await middle.carry(door)
        assert not await middle.store.journal.after(0, 100) and len(door.journal) == 3
        middle.clock.now_s += 2
        door.pump(middle.clock.now_s)
        await middle.carry(door)
        assert len(await middle.store.journal.after(0, 100)) == 3 and not door.journal
        await middle.stop()

    asyncio.run(scene())


def test_a_full_disk_acknowledges_nothing_and_everything_comes_later(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        write = middle.store.database.write
        await write(lambda c: c.execute("PRAGMA max_page_count = 1").fetchall())
        for _ in range(300):
            door.record(words.EVENT_TAMPER, words.REASON_NONE, middle.clock.now_s)
        for _ in range(300):
            middle.clock.now_s += 2
            door.pump(middle.clock.now_s)
            frames, door.outgoing = door.outgoing, []
            for frame in frames:
                middle.doors.on_up(DEVICE, frame)
            await asyncio.gather(write(lambda c: None), return_exceptions=True)
            for _device, frame in middle.down:
                door.receive(frame, middle.clock.now_s)
            middle.down.clear()
            if middle.store.database.full:
                break
        assert middle.store.database.full and door.journal
        stored = len(await middle.store.journal.after(0, 1000))
        assert stored + len(door.journal) >= 300
        await write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchall())
        while door.journal:
            middle.clock.now_s += 2
            door.pump(middle.clock.now_s)
            await middle.carry(door)
        assert [row.event.seq for row in await middle.store.journal.after(0, 1000)] == list(range(1, 301))
        await middle.ingest.idle()
        await middle.alarm.store_waiting()
        alerts = await middle.store.alerts.latest(1000)
        assert len(alerts) == 300
        await middle.stop()

    asyncio.run(scene())


def test_events_that_a_guard_must_see_raise_alerts(tmp_path: Path) -> None:
    seen = [
        (words.EVENT_DURESS, words.REASON_DURESS, ("Duress", "urgent", "person:7", "shows nothing")),
        (words.EVENT_TAMPER, words.REASON_NOT_SECURE, ("Tamper", "sure", DEVICE, "tamper (not-secure)")),
        (words.EVENT_READER_LOST, words.REASON_TIMEOUT, ("reader-lost", "sure", DEVICE, "answer (timeout)")),
        (words.EVENT_READER_ERROR, words.REASON_POWER, ("reader-error", "sure", DEVICE, "(power)")),
        (words.EVENT_OVERWRITTEN, words.REASON_NONE, ("overwritten", "sure", DEVICE, "37 old events were")),
        (words.EVENT_UPDATE_UNDONE, words.REASON_BAD_BOOTS, ("update-undone", "sure", DEVICE, "(bad-boots)")),
        (words.EVENT_SAFE_MODE, words.REASON_BAD_BOOTS, ("safe-mode", "sure", DEVICE, "from its list")),
        (words.EVENT_LOCKED_OUT, words.REASON_LOCKED_OUT, ("locked-out", "sure", DEVICE, "wrong PINs")),
        (words.EVENT_AJAR, words.REASON_NONE, ("Ajar", "sure", DEVICE, "bolt")),
        (words.EVENT_FAULT, words.REASON_EXCEPTION, ("fault", "sure", DEVICE, "fault (exception)")),
    ]
    quiet = [(words.EVENT_READER_ERROR, words.REASON_PARITY), (words.EVENT_GRANTED, words.REASON_DURESS)]

    async def scene() -> None:
        keys = {DEVICE: bytes(32)}
        middle = Middle(load(write_site(tmp_path)), HandClock(), keys)
        await middle.start()
        door = SimulatedDoor(DEVICE, keys[DEVICE])
        door.connect(middle.clock.now_s)
        for kind, reason in [*quiet, *[row[:2] for row in seen]]:
            person = 7 if kind == words.EVENT_DURESS else 0
            door.record(kind, reason, middle.clock.now_s, person, 37 if kind == words.EVENT_OVERWRITTEN else 0)
            door.pump(middle.clock.now_s)
            await middle.carry(door)
        await middle.ingest.idle()
        alerts = (await middle.store.alerts.latest(100))[::-1]
        for alert, (_, _, (name, level, subject, text)) in zip(alerts, seen, strict=True):
            assert (alert.kind, alert.level, alert.subject, alert.place) == (name, level, subject, "b1-u1")
            assert text in alert.words
        await middle.stop()

    asyncio.run(scene())
