"""The power fails at every program and erase of flash, before it and half way through it: what is left has to do.

A scenario is (before, story, check): `before(folder)` makes the flash; `story(folder, told)` is what the power cuts
into, and tells what it has reported as done; `check(folder, told, ended)` raises AssertionError when an invariant does
not hold. Needs LittleFS: MicroPython only. `main()` prints what was found as JSON.
"""

import hashlib
import json
import sys

import loader
from device import flash, journal_store
from device.journal_store import JournalStore
from device.proof import LASTS_S, Proof
from device.tests.desk import DIGESTS, KEY, NOW, Desk, card_list
from device.tests.mp_test_loader import boot, image
from device.tests.ramflash import PowerCut, RamFlash, blank, mount
from device.update import Update
from doorwire import messages
from doorwire import vocabulary as words
from doorwire.doorlist import Record, credential_digest
from doorwire.listwriter import encode, encode_delta
from doorwire.messages import CHUNK_LIMIT, Event
from doorwire.tests.vectors import DEVICE

CARDS = {1: list(range(100, 160)), 2: list(range(130, 700)), 3: list(range(650, 720))}
LISTS = {version: card_list(version, cards) for version, cards in CARDS.items()}
KEYS = (b"k" * 32, b"K" * 32)
PASS = 4711
PASS_USES = 3
SEGMENT = 6  # records of a segment in the journal's scenario, TAIL in its tail
TAIL = 3


def every_cut(before, story, check):
    """(cut points, what failed): the power cut at each operation in turn, and half way through it."""
    power = RamFlash(blank())
    before(mount(power))
    made = bytes(power.data)
    points, failures = 0, []
    for torn in (False, True):
        cut_at = 0
        while True:
            cut_at += 1
            power = RamFlash(bytearray(made), cut_at, torn)
            told = []
            try:
                story(mount(power), told)
                ended = True
            except PowerCut:
                ended = False
            try:
                check(mount(RamFlash(bytearray(power.left or power.data))), told, ended)
            except Exception as error:  # noqa: BLE001  whatever does not hold is a finding
                sys.print_exception(error)
                failures.append("%s at operation %d%s" % (repr(error), cut_at, " (torn)" if torn else ""))  # noqa: UP031
            if ended:
                break
            points += 1
    return points, failures


def residents_get_in(folder):
    """By the door itself, whichever list is in force: its version."""
    desk = Desk(folder)
    cards = CARDS[desk.lists.version]
    for card in (cards[0], cards[len(cards) // 2], cards[-1]):
        before = desk.board.relay_pulses()
        desk.doorway.badge(words.CREDENTIAL_CARD, card)
        assert desk.board.relay_pulses() == before + 1
    before = desk.board.relay_pulses()
    desk.doorway.badge(words.CREDENTIAL_CARD, 99)
    assert desk.board.relay_pulses() == before and desk.lists.reason == words.REASON_NONE
    return desk.lists.version


def list_1(folder):
    """A list in force."""
    flash.replace(folder + "list.bin", LISTS[1])


def delta_2(folder):
    """A list and a delta on it."""
    list_1(folder)
    flash.replace(folder + "delta.bin", encode_delta(KEY, LISTS[1], LISTS[2]))


def send(folder, told, version, base):
    """Bring list `version` as the controller does; what it led to is told."""
    desk = Desk(folder)
    data = encode_delta(KEY, LISTS[base], LISTS[version]) if base else LISTS[version]
    digest = hashlib.sha256(data).digest()
    begin = messages.ListBegin(version=version, base_version=base, size=len(data), digest=digest)
    desk.commands.heard(desk.frame(begin))
    for at in range(0, len(data), CHUNK_LIMIT):
        chunk = messages.ListChunk(version=version, offset=at, data=data[at : at + CHUNK_LIMIT])
        desk.commands.heard(desk.frame(chunk))
    desk.commands.heard(desk.frame(messages.ListCommit(version=version, digest=digest)))
    for _ in desk.commands.committing():
        pass
    answers = [m for m in desk.link.sent if isinstance(m, messages.ListInstalled)]
    assert [answer.reason for answer in answers] == [words.REASON_NONE]
    told.append(version)


def sending(version, base):
    """The story of bringing it."""

    def story(folder, told):
        send(folder, told, version, base)

    return story


def list_is_old_or_new(old, new):
    """One of the two, whole, and the new one once that was reported; the next attempt succeeds."""

    def check(folder, told, ended):
        version = residents_get_in(folder)
        assert version == new or (version == old and not told)
        if version == old != new:
            send(folder, told, new, 0)
            assert residents_get_in(folder) == new

    return check


def merging(folder, told):
    """Base and delta become one list."""
    desk = Desk(folder)
    for _ in desk.commands.merging():
        pass
    assert flash.read(folder + "delta.bin") is None


def event(journal, person):
    """The journal's next event."""
    return Event(
        epoch=journal.epoch,
        seq=journal.next_seq,
        kind=2,
        reason=1,
        at_unix=0,
        at_uptime=0,
        credential_kind=1,
        credential=person,
        person=person,
        list_version=1,
        list_age_s=0,
    )


def nothing(folder):
    """A fresh flash."""


def keep_events(acknowledged):
    """Sixty events over ten segments of which four are kept; each fifth acknowledged, or none."""

    def story(folder, told):
        journal = JournalStore(folder, 4)
        journal.open(9)
        for _ in range(60):
            seq = journal.next_seq
            assert journal.append(event(journal, 1000 + seq))
            told.append(seq)
            if acknowledged and seq % 5 == 0:
                journal.ack(journal.epoch, seq - 2)
        journal.close()

    return story


def events_are_kept(acknowledged):
    """What was kept is there, whole and in order; seqs go on; no other than the oldest or acknowledged are gone."""

    def check(folder, told, ended):
        journal = JournalStore(folder, 4)
        journal.open(10)
        assert journal.epoch == (9 if told else journal.epoch)
        last = told[-1] if told else 0
        assert last < journal.next_seq <= last + 2
        newest = last - last % 5 - 1 if acknowledged else last - 3 * SEGMENT
        assert journal.first_seq <= max(1, newest) and journal.next_seq - journal.first_seq <= 4 * SEGMENT + TAIL + 1
        for seq in range(journal.first_seq, last + 1):
            assert journal.read(seq).person == 1000 + seq
        for _ in range(2 * TAIL):
            seq = journal.next_seq
            assert journal.append(event(journal, 1000 + seq)) and journal.read(seq).person == 1000 + seq

    return check


def settings_1(folder):
    """A provisioned door."""
    list_1(folder)
    flash.replace(folder + "config.json", b"a" * 300)
    flash.replace(folder + "reader.keys", KEYS[0])


def change_settings(folder, told):
    """What changes while a door is in use: its mode, its settings, keys, the count of boots."""
    desk = Desk(folder)
    desk.doorway.record(words.EVENT_BOOT, words.REASON_NONE)
    mode = messages.Command(op=words.OP_MODE, argument=words.MODE_TRIAL, reason=words.REASON_GUARD, person=0)
    desk.commands.heard(desk.frame(mode))
    told.append("mode")
    flash.replace(folder + "config.json", b"b" * 3000)
    told.append("config")
    flash.replace(folder + "reader.keys", KEYS[1])
    told.append("keys")
    told.append(flash.count_boot(folder + "boot.count"))


def settings_are_old_or_new(folder, told, ended):
    """Each file on its own: the new one once it was told."""
    for name, old, new, sign in (
        ("mode", None, str(words.MODE_TRIAL).encode(), "mode"),
        ("config.json", b"a" * 300, b"b" * 3000, "config"),
        ("reader.keys", KEYS[0], KEYS[1], "keys"),
        ("boot.count", None, b"1", 1),
    ):
        found = flash.read(folder + name)
        assert found == new or (found == old and sign not in told)
    residents_get_in(folder)


def pass_1(folder):
    """A list with a pass for three uses."""
    digest = credential_digest(DIGESTS, words.CREDENTIAL_CARD, PASS)
    flash.replace(folder + "list.bin", encode(KEY, DEVICE, 1, NOW, 0, [], [Record(digest, 7, uses=PASS_USES)]))


def use_pass(folder, told):
    """Until it is used up, and once more."""
    desk = Desk(folder)
    for _ in range(PASS_USES + 1):
        try:
            desk.doorway.badge(words.CREDENTIAL_CARD, PASS)
        finally:
            told[:] = [desk.board.relay_pulses()]


def pass_is_used_up(folder, told, ended):
    """What was granted counts, but for the use during which the power went (`device/uses.py`)."""
    desk = Desk(folder)
    for _ in range(PASS_USES + 1):
        desk.doorway.badge(words.CREDENTIAL_CARD, PASS)
    assert PASS_USES <= sum(told) + desk.board.relay_pulses() <= PASS_USES + (0 if ended else 1)


def firmware_1(folder):
    """A firmware that runs, a list in force."""
    list_1(folder)
    with open(folder + "a.rom", "wb") as file:
        file.write(image(1))
    assert boot(folder) == 1


def update(folder, told):
    """Firmware 2 comes in, is tried twice and confirmed."""
    desk = Desk(folder)
    proof = Proof(lambda kind, reason, number: None, 0, folder)
    desk.commands.updater = lambda: Update(proof.slots, 0, 0, folder)
    data = image(2)
    digest = hashlib.sha256(data).digest()
    begin = messages.UpdateBegin(firmware=b"2", size=len(data), digest=digest, rollback=0)
    desk.commands.heard(desk.frame(begin))
    for at in range(0, len(data), CHUNK_LIMIT):
        desk.commands.heard(desk.frame(messages.UpdateChunk(offset=at, data=data[at : at + CHUNK_LIMIT])))
    desk.commands.heard(desk.frame(messages.UpdateCommit(digest=digest)))
    for _ in desk.commands.switching():
        pass
    assert desk.commands.updated
    told.append("switched")
    proof.restarting()
    for passes in (1, 2):
        assert boot(folder) == 2
        proof = Proof(lambda kind, reason, number: None, 0, folder)
        if proof.second(LASTS_S, 0, 0, True):
            proof.restarting()
        else:
            assert passes == 2
    told.append("confirmed")


def one_firmware_runs(folder, told, ended):
    """The one before or the new one, which is confirmed for good once it was; residents get in."""
    value = boot(folder)
    assert value in (1, 2) and (value == 2 or not told)
    assert value == 2 or loader.Record(folder).trial == 0
    if "confirmed" in told:
        assert loader.Record(folder).trial == 0
    residents_get_in(folder)


SCENARIOS = (
    ("list_install", list_1, sending(2, 0), list_is_old_or_new(1, 2)),
    ("first_list", nothing, sending(1, 0), lambda folder, told, ended: None if not told else residents_get_in(folder)),
    ("delta_install", list_1, sending(2, 1), list_is_old_or_new(1, 2)),
    ("delta_merge", delta_2, merging, list_is_old_or_new(2, 2)),
    ("delta_on_delta", delta_2, sending(3, 2), list_is_old_or_new(2, 3)),
    ("list_over_delta", delta_2, sending(3, 0), list_is_old_or_new(2, 3)),
    ("journal", nothing, keep_events(True), events_are_kept(True)),
    ("journal_overwritten", nothing, keep_events(False), events_are_kept(False)),
    ("settings", settings_1, change_settings, settings_are_old_or_new),
    ("pass", pass_1, use_pass, pass_is_used_up),
    ("update", firmware_1, update, one_firmware_runs),
)


def run(name):
    """(cut points, what failed) of a scenario; the journal's with segments as small as its story."""
    _, before, story, check = [scenario for scenario in SCENARIOS if scenario[0] == name][0]
    sizes = journal_store.SEGMENT_RECORDS, journal_store.TAIL_RECORDS
    journal_store.SEGMENT_RECORDS, journal_store.TAIL_RECORDS = SEGMENT, TAIL
    try:
        return every_cut(before, story, check)
    finally:
        journal_store.SEGMENT_RECORDS, journal_store.TAIL_RECORDS = sizes


def main(name):
    """For `menshen bench powercut`."""
    points, failures = run(name)
    print(json.dumps({"scenario": name, "cut_points": points, "failures": failures}))
