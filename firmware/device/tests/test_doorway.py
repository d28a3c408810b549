"""The door at its hardware: what reaches the relay, the buzzer, the journal and the controller."""

from device.tests.desk import Desk, card_list, scratch
from doorlogic.door import INPUTS, RESTING, Levels
from doorwire import vocabulary as words

CARD = words.CREDENTIAL_CARD


def active(*names: str) -> Levels:
    """These inputs active, the others not."""
    return Levels(*[name in names for name in INPUTS])


OPEN = active("contact")


def reported(desk: Desk) -> "list[tuple[int, int, int]]":
    """From now on: (door, lock, alarms) each time the controller is to be told."""
    told: list[tuple[int, int, int]] = []

    def changed() -> None:
        state = desk.doorway.state(0)
        told.append((state.door, state.lock, state.alarms))

    desk.doorway.changed = changed
    return told


def live(desk: Desk, levels: Levels, ms: int) -> None:
    """So much time with these inputs, called when the door asks for it."""
    end_ms = desk.board.now_ms + ms
    desk.doorway.sense(levels)
    while 0 <= desk.doorway.due_ms() <= end_ms - desk.board.now_ms:
        assert desk.doorway.due_ms() > 0, "it is asked for over and over"
        desk.board.now_ms += desk.doorway.due_ms()
        desk.doorway.sense(levels)
    desk.board.now_ms = end_ms


def test_doorway_tells_the_end_of_a_release_and_ends_it_itself_too() -> None:
    desk = Desk(scratch())
    told = reported(desk)
    desk.doorway.open(words.REASON_GUARD, 9)
    live(desk, RESTING, 6_000)
    assert told == [
        (words.DOOR_CLOSED, words.LOCK_UNLOCKED, 0),
        (words.DOOR_CLOSED, words.LOCK_LOCKED, 0),
    ]
    assert desk.board.pulses == [("relay", 5_000, 10_000)] and desk.board.order == ["relay", "relay=0"]


def test_doorway_warns_aloud_before_it_alarms() -> None:
    desk = Desk(scratch())
    desk.doorway.open(words.REASON_GUARD, 9)
    told = reported(desk)
    live(desk, OPEN, 60_000)
    assert [output for output, _, at_ms in desk.board.pulses if at_ms == 10_000 + 20_000] == ["buzzer"]
    warning, alarm = words.EVENT_OPEN_TOO_LONG_WARNING, words.EVENT_OPEN_TOO_LONG
    assert [kind for kind, _ in desk.events()] == [
        words.EVENT_COMMAND_DONE,
        words.EVENT_DOOR_OPENED,
        warning,
        alarm,
    ]
    assert told[-1] == (words.DOOR_PROPPED, words.LOCK_LOCKED, words.ALARM_OPEN_TOO_LONG)
    live(desk, RESTING, 1_000)
    assert told[-1] == (words.DOOR_CLOSED, words.LOCK_LOCKED, 0)


def test_doorway_tells_faults_and_their_end() -> None:
    desk = Desk(scratch())
    live(desk, active("rex"), 200_000)
    told = reported(desk)
    assert (words.EVENT_FAULT, words.REASON_STUCK_REX) in desk.events()
    assert desk.doorway.state(0).lock == words.LOCK_FAULT and desk.board.relay_pulses() == 1
    live(desk, RESTING, 1_000)
    assert told == [(words.DOOR_CLOSED, words.LOCK_LOCKED, 0)]


def test_doorway_of_an_interlocked_pair_denies_while_the_other_is_open() -> None:
    desk = Desk(scratch())
    install(desk)
    live(desk, active("interlock"), 100)
    desk.doorway.badge(CARD, 5)
    assert desk.doorway.open(words.REASON_GUARD, 9) == words.REASON_INTERLOCKED
    assert desk.board.relay_pulses() == 0 and desk.events() == [(words.EVENT_DENIED, words.REASON_INTERLOCKED)]
    live(desk, RESTING, 100)
    desk.doorway.badge(CARD, 5)
    assert desk.board.relay_pulses() == 1 and desk.events()[-1] == (words.EVENT_GRANTED, words.REASON_LISTED)


def test_doorway_that_boots_unlocked_is_unlocked() -> None:
    desk = Desk(scratch(), mode=words.MODE_UNLOCKED)
    assert desk.board.order == []
    desk.doorway.sense(desk.doorway.levels)
    assert desk.board.order == ["relay=1"] and desk.doorway.state(0).lock == words.LOCK_UNLOCKED


def install(desk: Desk) -> None:
    """A list with card 5."""
    from hashlib import sha256

    data = card_list(1, [5])
    digest = sha256(data).digest()
    assert desk.lists.begin(1, 0, len(data), digest) == 0
    assert desk.lists.chunk(1, 0, data)
    assert list(desk.lists.commit(1, digest))[-1] == words.REASON_NONE
