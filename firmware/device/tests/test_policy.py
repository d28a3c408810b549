"""What a door does with cards, PINs, passes and its own schedule, all of it without a network."""

from device.doorway import Habits
from device.tests.desk import DIGESTS, NOW, Desk, scratch
from device.uses import LIMIT
from doorlogic.door import RESTING
from doorwire import doorlist
from doorwire import vocabulary as words
from doorwire.doorlist import Record, credential_digest, pin_value
from doorwire.listwriter import ALWAYS, Calendar, encode, week
from doorwire.tests.vectors import DEVICE, KEY

CARD, PIN, BOTH = words.CREDENTIAL_CARD, words.CREDENTIAL_PIN, words.CREDENTIAL_CARD_PIN
GRANTED, DENIED = words.EVENT_GRANTED, words.EVENT_DENIED
MONDAY = 1_760_313_600  # 2025-10-13 00:00 UTC


def card(value: int, person: int, **more: int) -> Record:
    """A card's record."""
    return Record(credential_digest(DIGESTS, CARD, value), person, **more)


def pin(digits: str, person: int, **more: int) -> Record:
    """A PIN's that suffices."""
    return Record(credential_digest(DIGESTS, PIN, pin_value(digits)), person, **more)


def second(digits: str, person: int, **more: int) -> Record:
    """A PIN's that counts behind a card of the same person."""
    return Record(credential_digest(DIGESTS, BOTH, pin_value(digits), person), person, **more)


RECORDS = [
    card(1, 1),
    card(2, 2, factor=doorlist.FACTOR_WITH_PIN),
    second("1234", 2),
    second("9999", 2, flags=doorlist.FLAG_DURESS),
    card(3, 3, factor=doorlist.FACTOR_WITH_PIN, flags=doorlist.FLAG_EXTENDED),
    second("1234", 3),
    pin("4711", 4),
    pin("4712", 4, flags=doorlist.FLAG_DURESS),
    card(5, 5, uses=2),
    pin("55555", 6, uses=1),
    card(7, 7, schedule=1),
    card(8, 8, flags=doorlist.FLAG_FIRST_PERSON),
    card(9, 9, flags=doorlist.FLAG_TOGGLE),
]
OFFICE = Calendar((week({0: [(480, 1080)]}),), (), 0)


def install(desk: Desk, version: int, records: "list[Record]", calendar: Calendar = ALWAYS) -> None:
    """Put a list in force."""
    data = encode(KEY, DEVICE, version, NOW, 0, [], records, calendar)
    from hashlib import sha256

    digest = sha256(data).digest()
    assert desk.lists.begin(version, 0, len(data), digest) == 0
    for at in range(0, len(data), 1024):
        assert desk.lists.chunk(version, at, data[at : at + 1024])
    assert list(desk.lists.commit(version, digest))[-1] == words.REASON_NONE


def door(folder: str = "", habits: "Habits | None" = None) -> Desk:
    """A door with the list above; a known folder is a door that was there before."""
    desk = Desk(folder or scratch(), habits=habits or Habits(0, False, False, 5, 60))
    if desk.lists.version == 0:
        install(desk, 1, RECORDS, OFFICE)
    return desk


def last(desk: Desk) -> "tuple[int, int, int]":
    """(kind, reason, person) of the newest event."""
    event = desk.journal.read(desk.journal.next_seq - 1)
    assert event is not None
    return event.kind, event.reason, event.person


def enter(desk: Desk, digits: str) -> None:
    """Type a PIN."""
    desk.doorway.badge(PIN, pin_value(digits))


def later(desk: Desk, seconds: int) -> None:
    """Time goes by; the door looks at what is due, as its loop does each second at least."""
    for _ in range(seconds):
        desk.board.now_ms += 1_000
        if desk.doorway.due_ms() == 0:
            desk.doorway.sense(RESTING)


def test_card_with_pin_opens_with_both_and_only_with_both() -> None:
    desk = door()
    desk.doorway.badge(CARD, 2)
    assert desk.board.relay_pulses() == 0 and desk.events() == []
    enter(desk, "1234")
    assert desk.board.relay_pulses() == 1 and last(desk) == (GRANTED, words.REASON_LISTED, 2)
    enter(desk, "1234")
    assert desk.board.relay_pulses() == 1 and last(desk) == (DENIED, words.REASON_PIN_WRONG, 0)


def test_card_with_the_pin_of_another_person_or_a_wrong_one_stays_shut() -> None:
    desk = door()
    for digits in ("0000", "4711", "123", "12345"):
        desk.doorway.badge(CARD, 2)
        enter(desk, digits)
        assert last(desk) == (DENIED, words.REASON_PIN_WRONG, 2), digits
    install(desk, 2, [card(2, 2, factor=doorlist.FACTOR_WITH_PIN), second("8888", 3)])
    desk.doorway.badge(CARD, 2)
    enter(desk, "8888")
    assert desk.board.relay_pulses() == 0


def test_card_whose_pin_does_not_come_is_recorded() -> None:
    desk = door()
    desk.doorway.badge(CARD, 2)
    later(desk, 14)
    assert desk.events() == []
    later(desk, 2)
    assert last(desk) == (DENIED, words.REASON_FACTOR_MISSING, 2)
    enter(desk, "1234")
    assert desk.board.relay_pulses() == 0
    desk.doorway.badge(CARD, 2)
    desk.doorway.badge(CARD, 3)  # another card begins anew
    enter(desk, "1234")
    assert last(desk) == (GRANTED, words.REASON_LISTED, 3)
    assert [ms for output, ms, _ in desk.board.pulses if output == "relay"] == [15_000]


def test_card_with_its_owner_s_face_needs_no_pin_in_either_order() -> None:
    for face_first in (True, False):
        desk = door()
        for step in (0, 1):
            if (step == 0) == face_first:
                desk.doorway.vouch(words.REASON_FACE, 2, 10)
            else:
                desk.doorway.badge(CARD, 2)
        assert desk.board.relay_pulses() == 1 and last(desk) == (GRANTED, words.REASON_FACE, 2)
        desk.doorway.badge(CARD, 2)  # a face stands for one card
        assert desk.board.relay_pulses() == 1
        enter(desk, "1234")
        assert desk.board.relay_pulses() == 2 and last(desk) == (GRANTED, words.REASON_LISTED, 2)


def test_face_opens_nothing_without_the_card_nor_for_another_one_nor_late() -> None:
    desk = door()
    desk.doorway.vouch(words.REASON_FACE, 2, 10)
    assert desk.board.relay_pulses() == 0 and desk.events() == []
    desk.doorway.badge(CARD, 3)
    desk.doorway.vouch(words.REASON_FACE, 2, 10)  # not the one whose card waits
    assert desk.board.relay_pulses() == 0
    later(desk, 10)
    desk.doorway.badge(CARD, 2)
    assert desk.board.relay_pulses() == 0
    desk.doorway.vouch(words.REASON_FACE, 2, 0xFFFFFFFF)
    assert desk.board.relay_pulses() == 1
    desk.doorway.vouch(words.REASON_FACE, 2, 0xFFFFFFFF)
    later(desk, 16)  # 15 s at most, whoever says what
    desk.doorway.badge(CARD, 2)
    desk.doorway.vouch(words.REASON_FACE, 0, 10)
    assert desk.board.relay_pulses() == 1


def test_face_opens_nothing_where_more_than_the_pin_is_missing() -> None:
    for mode, records in ((words.MODE_LOCKED_DOWN, RECORDS), (words.MODE_LOCKED, [second("1234", 2)])):
        desk = door()
        desk.doorway.badge(CARD, 2)
        install(desk, 2, records)
        desk.doorway.set_mode(mode)
        desk.doorway.vouch(words.REASON_FACE, 2, 10)
        desk.doorway.badge(CARD, 2)
        assert desk.board.relay_pulses() == 0 and last(desk)[0] == DENIED


def test_card_that_is_revoked_while_its_pin_is_typed_stays_shut() -> None:
    desk = door()
    desk.doorway.badge(CARD, 2)
    install(desk, 2, [second("1234", 2)])
    enter(desk, "1234")
    assert desk.board.relay_pulses() == 0 and last(desk)[:2] == (DENIED, words.REASON_UNKNOWN_CREDENTIAL)


def test_pin_alone_opens_and_never_reaches_the_journal() -> None:
    desk = door()
    enter(desk, "4711")
    event = desk.journal.read(1)
    assert event is not None and (event.kind, event.person, event.credential) == (GRANTED, 4, 0)
    assert event.credential_kind == PIN


def test_duress_opens_as_ever_and_tells_silently() -> None:
    plain, forced = door(), None
    enter(plain, "4711")
    plain_pulses = [(output, ms) for output, ms, _ in plain.board.pulses]
    plain.close()
    forced = door()
    enter(forced, "4712")
    assert [(output, ms) for output, ms, _ in forced.board.pulses] == plain_pulses
    assert forced.events() == [(GRANTED, words.REASON_DURESS), (words.EVENT_DURESS, words.REASON_DURESS)]
    assert forced.doorway.state(0).alarms & words.ALARM_DURESS
    forced.journal.ack(1, forced.journal.next_seq - 1)
    assert not forced.doorway.state(0).alarms & words.ALARM_DURESS
    forced.doorway.badge(CARD, 2)
    enter(forced, "9999")
    assert last(forced) == (words.EVENT_DURESS, words.REASON_DURESS, 2) and forced.board.relay_pulses() == 2


def test_five_wrong_pins_shut_the_keypad_and_not_the_card_reader() -> None:
    desk = door()
    for _ in range(5):
        enter(desk, "0000")
    assert last(desk)[:2] == (words.EVENT_LOCKED_OUT, words.REASON_LOCKED_OUT)
    enter(desk, "4711")
    assert desk.board.relay_pulses() == 0 and last(desk)[:2] == (DENIED, words.REASON_LOCKED_OUT)
    desk.doorway.badge(CARD, 1)
    assert desk.board.relay_pulses() == 1
    later(desk, 61)
    enter(desk, "4711")
    assert desk.board.relay_pulses() == 2


def test_lock_out_outlives_a_power_cut_and_grows() -> None:
    folder = scratch()
    desk = door(folder)
    for _ in range(4):
        enter(desk, "0000")
    desk.close()
    desk = door(folder)
    enter(desk, "0000")
    assert last(desk)[:2] == (words.EVENT_LOCKED_OUT, words.REASON_LOCKED_OUT)
    desk.close()
    desk = door(folder)
    enter(desk, "4711")
    assert desk.board.relay_pulses() == 0
    later(desk, 61)
    for _ in range(5):
        enter(desk, "0000")
    later(desk, 61)
    enter(desk, "4711")
    assert desk.board.relay_pulses() == 0  # the second time it is two minutes
    later(desk, 60)
    enter(desk, "4711")
    assert desk.board.relay_pulses() == 1


def test_right_pin_forgives_the_wrong_ones() -> None:
    desk = door()
    for _ in range(3):
        for _ in range(4):
            enter(desk, "0000")
        enter(desk, "4711")
    assert desk.board.relay_pulses() == 3


def test_pass_opens_as_often_as_it_may_also_over_a_power_cut() -> None:
    folder = scratch()
    desk = door(folder)
    desk.doorway.badge(CARD, 5)
    desk.close()
    desk = door(folder)
    desk.doorway.badge(CARD, 5)
    desk.doorway.badge(CARD, 5)
    assert desk.board.relay_pulses() == 1 and last(desk) == (DENIED, words.REASON_USES_SPENT, 5)
    enter(desk, "55555")
    enter(desk, "55555")
    assert desk.board.relay_pulses() == 2 and last(desk) == (DENIED, words.REASON_USES_SPENT, 6)


def test_uses_are_forgotten_with_their_record_and_bounded() -> None:
    desk = door()
    desk.doorway.badge(CARD, 5)
    install(desk, 2, [card(n, n, uses=1) for n in range(100, 100 + LIMIT + 1)])
    for n in range(100, 100 + LIMIT):
        desk.doorway.badge(CARD, n)
    assert desk.board.relay_pulses() == 1 + LIMIT
    desk.doorway.badge(CARD, 100 + LIMIT)  # nowhere to count it
    assert desk.board.relay_pulses() == 1 + LIMIT and last(desk)[1] == words.REASON_USES_SPENT
    install(desk, 3, [card(n, n, uses=2) for n in range(163, 200)])
    for n in range(163, 200):
        desk.doorway.badge(CARD, n)
    assert desk.board.relay_pulses() == 1 + LIMIT + 37


def test_schedule_of_a_card_needs_a_clock() -> None:
    desk = door()
    desk.doorway.badge(CARD, 7)
    assert last(desk) == (DENIED, words.REASON_CLOCK_UNKNOWN, 7)
    desk.clock.set((MONDAY + 479 * 60) * 1000, desk.board.now_ms)
    desk.doorway.badge(CARD, 7)
    assert last(desk) == (DENIED, words.REASON_OUTSIDE_SCHEDULE, 7)
    later(desk, 60)
    desk.doorway.badge(CARD, 7)
    assert last(desk) == (GRANTED, words.REASON_LISTED, 7)


def test_door_unlocks_by_schedule_and_locks_again() -> None:
    desk = door(habits=Habits(1, False, False, 5, 60))
    later(desk, 5)
    assert desk.doorway.mode == words.MODE_LOCKED  # the clock is unknown
    desk.clock.set((MONDAY + 480 * 60 - 3) * 1000, desk.board.now_ms)
    later(desk, 2)
    assert desk.doorway.mode == words.MODE_LOCKED
    later(desk, 2)
    assert desk.doorway.mode == words.MODE_UNLOCKED
    assert last(desk)[:2] == (words.EVENT_MODE_CHANGED, words.REASON_SCHEDULE)
    later(desk, 600 * 60)
    assert desk.doorway.mode == words.MODE_LOCKED and desk.board.order[-1] == "relay=0"


def test_first_person_lets_the_schedule_begin() -> None:
    desk = door(habits=Habits(1, True, False, 5, 60))
    desk.clock.set((MONDAY + 470 * 60) * 1000, desk.board.now_ms)
    desk.doorway.badge(CARD, 8)  # too early
    later(desk, 660)
    assert desk.doorway.mode == words.MODE_LOCKED
    desk.doorway.badge(CARD, 1)
    assert desk.doorway.mode == words.MODE_LOCKED
    desk.doorway.badge(CARD, 8)
    assert desk.doorway.mode == words.MODE_UNLOCKED
    later(desk, 600 * 60)
    assert desk.doorway.mode == words.MODE_LOCKED


def test_schedule_never_undoes_a_command() -> None:
    desk = door(habits=Habits(1, False, False, 5, 60))
    desk.clock.set((MONDAY + 480 * 60) * 1000, desk.board.now_ms)
    desk.doorway.set_mode(words.MODE_LOCKED_DOWN)
    later(desk, 2)
    assert desk.doorway.mode == words.MODE_LOCKED_DOWN
    desk.doorway.set_mode(words.MODE_UNLOCKED)
    later(desk, 601 * 60)
    assert desk.doorway.mode == words.MODE_UNLOCKED


def test_toggle_takes_the_same_card_twice_within_three_seconds() -> None:
    desk = door(habits=Habits(0, False, True, 5, 60))
    for _ in range(2):
        desk.doorway.badge(CARD, 9)
        later(desk, 4)
    desk.doorway.badge(CARD, 1)
    desk.doorway.badge(CARD, 1)
    assert desk.doorway.mode == words.MODE_LOCKED
    later(desk, 4)
    desk.doorway.badge(CARD, 9)
    desk.doorway.badge(CARD, 9)
    assert desk.doorway.mode == words.MODE_UNLOCKED
    assert last(desk) == (words.EVENT_MODE_CHANGED, words.REASON_TOGGLED, 9)
    desk.doorway.badge(CARD, 9)  # a third time is a first one
    assert desk.doorway.mode == words.MODE_UNLOCKED
    desk.doorway.badge(CARD, 9)
    assert desk.doorway.mode == words.MODE_LOCKED


def test_toggle_is_off_unless_configured() -> None:
    desk = door()
    desk.doorway.badge(CARD, 9)
    desk.doorway.badge(CARD, 9)
    assert desk.doorway.mode == words.MODE_LOCKED


def test_lockdown_takes_no_pin_either() -> None:
    desk = door()
    desk.doorway.badge(CARD, 2)
    desk.doorway.set_mode(words.MODE_LOCKED_DOWN)
    enter(desk, "1234")
    enter(desk, "4711")
    assert desk.board.relay_pulses() == 0 and last(desk) == (DENIED, words.REASON_LOCKED_DOWN, 4)
