"""A firmware comes in over the bus: sealed, whole, not older, into the other slot; the door serves meanwhile."""

import hashlib

import loader
from device.tests.desk import Desk, card_list, scratch
from device.update import Update
from doorwire import messages
from doorwire import vocabulary as words

ROLLBACK = 5


def firmware(rollback: int = ROLLBACK, size: int = 5_000) -> bytes:
    """An image as `tools.bundle` makes it, around bytes that are no program."""
    body = bytes([n * 7 & 255 for n in range(size)]) + rollback.to_bytes(4, "little")
    return body + hashlib.sha256(body).digest()


class Receiving:
    """A desk whose door takes updates in; slot a is in force."""

    def __init__(self) -> None:
        self.folder = scratch()
        self.desk = Desk(self.folder)
        self.slots = loader.Record(self.folder)
        self.desk.commands.updater = lambda: Update(self.slots, ROLLBACK, 1, self.folder)

    def say(self, message: messages.Message) -> None:
        self.desk.commands.heard(self.desk.frame(message))

    def begin(self, data: bytes, rollback: int = ROLLBACK) -> None:
        digest = hashlib.sha256(data).digest()
        self.say(messages.UpdateBegin(firmware=b"2.0", size=len(data), digest=digest, rollback=rollback))

    def chunks(self, data: bytes, start: int = 0) -> None:
        for at in range(start, len(data), 1024):
            self.say(messages.UpdateChunk(offset=at, data=data[at : at + 1024]))

    def commit(self, data: bytes) -> None:
        self.say(messages.UpdateCommit(digest=hashlib.sha256(data).digest()))
        for _ in self.desk.commands.switching():
            pass

    def send(self, data: bytes) -> "tuple[int, int]":
        """All of it; the last answer's (offset, reason)."""
        self.begin(data)
        self.chunks(data)
        self.commit(data)
        return self.answers()[-1]

    def answers(self) -> "list[tuple[int, int]]":
        """(offset, reason) of every UpdateStatus."""
        sent = self.desk.link.sent
        return [(message.offset, message.reason) for message in sent if isinstance(message, messages.UpdateStatus)]

    def in_flash(self, name: str) -> bytes:
        with open(self.folder + name, "rb") as file:
            return file.read()

    def unswitched(self) -> bool:
        """The next boot is the firmware that runs now."""
        record = loader.Record(self.folder)
        return (record.active, record.trial) == (0, 0) and not self.desk.commands.updated


def test_update_goes_into_the_other_slot_and_the_next_boot_tries_it() -> None:
    door = Receiving()
    data = firmware()
    assert door.send(data) == (len(data), words.REASON_NONE)
    assert door.in_flash("b.rom") == data and door.desk.commands.updated
    record = loader.Record(door.folder)
    assert (record.active, record.trial, record.passed, record.faults) == (1, 1, 0, 1)


def test_update_commit_whose_answer_was_lost_is_answered_again() -> None:
    door = Receiving()
    data = firmware()
    door.send(data)
    door.commit(data)
    assert door.answers()[-1] == (len(data), words.REASON_NONE) and door.desk.commands.updated


def test_update_older_than_what_runs_is_refused_whatever_it_says_of_itself() -> None:
    door = Receiving()
    door.begin(firmware(ROLLBACK - 1), ROLLBACK - 1)
    assert door.answers() == [(0, words.REASON_ROLLBACK)]
    door = Receiving()
    assert door.send(firmware(ROLLBACK - 1))[1] == words.REASON_ROLLBACK  # announced as 5, is 4
    assert door.unswitched()
    assert (words.EVENT_COMMAND_REFUSED, words.REASON_ROLLBACK) in door.desk.events()


def test_update_floor_survives_in_the_record() -> None:
    door = Receiving()
    door.slots.floor = ROLLBACK + 4
    old, new = firmware(ROLLBACK + 3), firmware(ROLLBACK + 4)
    for data, announced, last in (
        (old, ROLLBACK + 3, words.REASON_UPDATE_DIGEST),  # its begin was refused
        (old, ROLLBACK + 4, words.REASON_ROLLBACK),
        (new, ROLLBACK + 4, words.REASON_NONE),
    ):
        door.begin(data, announced)
        assert door.answers()[-1][1] == (words.REASON_ROLLBACK if announced < door.slots.floor else 0)
        door.chunks(data)
        door.commit(data)
        assert door.answers()[-1][1] == last


def test_update_damaged_on_the_way_to_flash_is_refused() -> None:
    data = firmware()
    door = Receiving()
    door.begin(data)
    door.chunks(data[:2048] + bytes(1024) + data[3072:])
    door.commit(data)
    assert door.answers()[-1][1] == words.REASON_UPDATE_DIGEST and door.unswitched()


def test_update_chunks_out_of_order_are_asked_for_again() -> None:
    data = firmware()
    door = Receiving()
    door.begin(data)
    door.chunks(data, 1024)
    assert door.answers()[1:] == [(0, words.REASON_NONE)] * len(range(1024, len(data), 1024))
    door.chunks(data)
    door.commit(data)
    assert door.answers()[-1] == (len(data), words.REASON_NONE) and door.in_flash("b.rom") == data


def test_update_committed_before_it_is_whole_is_refused() -> None:
    data = firmware()
    door = Receiving()
    door.begin(data)
    door.chunks(data[:2048])
    door.commit(data)
    assert door.answers()[-1][1] == words.REASON_UPDATE_DIGEST and door.unswitched()
    door.chunks(data, 2048)  # and goes on
    door.commit(data)
    assert door.answers()[-1] == (len(data), words.REASON_NONE)


def test_update_begun_again_goes_on_and_another_starts_anew() -> None:
    data, other = firmware(), firmware(size=4_000)
    door = Receiving()
    door.begin(data)
    door.chunks(data[:2048])
    door.begin(data)
    assert door.answers()[-1] == (2048, words.REASON_NONE)
    door.begin(other)
    assert door.answers()[-1] == (0, words.REASON_NONE)
    door.chunks(other)
    door.commit(other)
    assert door.answers()[-1][1] == words.REASON_NONE and door.in_flash("b.rom") == other


def test_update_chunk_or_commit_without_a_begin_does_nothing() -> None:
    data = firmware()
    door = Receiving()
    door.chunks(data[:1024])
    assert door.answers() == [(0, words.REASON_UPDATE_DIGEST)]
    door.commit(data)
    assert door.unswitched()


def test_update_during_a_trial_would_overwrite_the_way_back() -> None:
    door = Receiving()
    door.slots.trial = 2
    door.begin(firmware())
    assert door.answers() == [(0, words.REASON_UNSUPPORTED)]


def test_badges_open_at_every_point_of_an_update() -> None:
    door = Receiving()
    desk = door.desk
    listed = card_list(1, [7])
    with open(door.folder + "list.bin", "wb") as file:
        file.write(listed)
    desk.lists.open()
    data = firmware()
    opened = 0

    def badge() -> None:
        nonlocal opened
        desk.board.now_ms += 10_000
        desk.doorway.badge(words.CREDENTIAL_CARD, 7)
        opened += 1
        assert desk.board.relay_pulses() == opened

    door.begin(data)
    badge()
    for at in range(0, len(data), 1024):
        door.say(messages.UpdateChunk(offset=at, data=data[at : at + 1024]))
        badge()
    door.say(messages.UpdateCommit(digest=hashlib.sha256(data).digest()))
    for _ in desk.commands.switching():
        badge()
    assert door.answers()[-1] == (len(data), words.REASON_NONE) and opened > 10
