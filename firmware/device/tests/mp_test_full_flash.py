"""A door's 2 MB with everything in them at once that there may be, and what happens when there is no more room."""

import gc
import hashlib
import os

import loader
from device import flash
from device.journal_store import SEGMENTS, JournalStore
from device.tests.cuts import event
from device.tests.desk import DIGESTS, NOW, Desk
from device.tests.mp_test_loader import put
from device.tests.ramflash import MOUNT, RamFlash, blank, mount
from device.update import Update
from doorlogic.journal import SEGMENT_RECORDS, TAIL_RECORDS, encode, segment_name, tail_head
from doorwire import messages
from doorwire import vocabulary as words
from doorwire.doorlist import DELTA_LIMIT, WHOLE_LIMIT, Record, credential_digest
from doorwire.listwriter import Calendar, encode_delta, encode_rows
from doorwire.tests.vectors import DEVICE, KEY

BLOCKS = 512  # × 4,096 bytes: the data partition of a 4 MB board
SLOT = 80 * 1024  # bytes of a firmware: tools/tests/test_budgets.py
EPOCH = 9
CARDS = 100
FILLERS = 19_900
CHANGES = 190  # of them, from one list to the next: a delta of nearly DELTA_LIMIT with the schedules
FULL = SEGMENTS * SEGMENT_RECORDS
PIECE = 1024
ENOSPC = 28
gc.threshold(400_000)  # what lives stays together


def longest_list(version):
    """20,000 records, a few of them this version's own, and as many schedules as there is room for."""
    rows = [Record(credential_digest(DIGESTS, words.CREDENTIAL_CARD, card), card).to_bytes() for card in range(CARDS)]
    for i in range(FILLERS):
        person = version if i < CHANGES else 0
        rows.append(Record((i * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big"), person).to_bytes())
    weeks = tuple([b"\xff" * 96 for _ in range((WHOLE_LIMIT - 48 - 16 - 24 * len(rows)) // 96)])
    data = encode_rows(KEY, DEVICE, version, NOW, 0, [], rows, Calendar(weeks))
    assert WHOLE_LIMIT - 96 < len(data) <= WHOLE_LIMIT
    return data


LISTS = {version: longest_list(version) for version in (1, 2, 3)}


def full_flash():
    """Two firmwares, the longest list, and a journal of which nothing was acknowledged since the door was new."""
    power = RamFlash(blank(BLOCKS))
    folder = mount(power)
    put(folder, "list.bin", LISTS[1])
    for name in ("a.rom", "b.rom"):
        put(folder, name, bytes(SLOT))
    journal = JournalStore(folder)
    journal.open(EPOCH)
    for start in range(1, FULL + 1, SEGMENT_RECORDS):
        records = []
        for seq in range(start, start + SEGMENT_RECORDS):
            old = event(journal, seq)
            old.seq = seq
            records.append(encode(old))
        put(folder + "journal/", segment_name(EPOCH, start), b"".join(records))
    put(folder + "journal/", "tail", tail_head(EPOCH, FULL + 1))
    return bytes(power.data)


MADE = full_flash()


def full_door():
    """(root, door) of such a flash."""
    folder = mount(RamFlash(bytearray(MADE)))
    desk = Desk(folder)
    assert desk.journal.first_seq == 1 and desk.journal.next_seq == FULL + 1
    return folder, desk


def bring(desk, version, base):
    """A list, and events meanwhile: the reason it ended with."""
    data = encode_delta(KEY, LISTS[base], LISTS[version]) if base else LISTS[version]
    assert not base or DELTA_LIMIT - 2_500 < len(data) <= DELTA_LIMIT, len(data)
    digest = hashlib.sha256(data).digest()
    reason = desk.lists.begin(version, base, len(data), digest)
    if reason:
        return reason
    for at in range(0, len(data), PIECE):
        if not desk.lists.chunk(version, at, data[at : at + PIECE]):
            return words.REASON_FLASH
        if at % (8 * PIECE) == 0:
            happens(desk)
    print("blocks free with list", version, "beside the one in force:", os.statvfs(MOUNT)[3])
    for reason in desk.lists.commit(version, digest):
        pass
    return reason


def happens(desk):
    """Something does: it is kept, whatever else is in flash."""
    seq = desk.journal.next_seq
    desk.doorway.record(words.EVENT_DENIED, words.REASON_UNKNOWN_CREDENTIAL, person=seq)
    assert desk.journal.read(seq).person == seq and desk.journal.lost == 0


def residents_get_in(desk):
    for card in (0, CARDS // 2, CARDS - 1):
        before = desk.board.relay_pulses()
        desk.doorway.badge(words.CREDENTIAL_CARD, card)
        assert desk.board.relay_pulses() == before + 1


def journal_is_whole(desk):
    """Events from the oldest on, and some tell of all that are not there any more: how many there are."""
    journal = desk.journal
    told = 0
    old = range(journal.first_seq, FULL, 7 * TAIL_RECORDS + 1)  # some of those that were there before
    for seq in list(old) + list(range(FULL + 1, journal.next_seq)):
        found = journal.read(seq)
        assert found.seq == seq
        told += found.credential if found.kind == words.EVENT_OVERWRITTEN else 0
    assert told == journal.first_seq - 1, (told, journal.first_seq)
    return journal.next_seq - journal.first_seq


def test_all_there_may_be_at_once_has_room() -> None:
    folder, desk = full_door()
    update = Update(loader.Record(folder), 0, 0, folder)
    image = bytes(SLOT)
    begin = messages.UpdateBegin(firmware=b"2", size=SLOT, digest=hashlib.sha256(image).digest(), rollback=0)
    assert update.begin(begin) == words.REASON_NONE
    for at in range(0, SLOT, PIECE):
        assert update.chunk(at, image[at : at + PIECE]) == words.REASON_NONE
        happens(desk)
    assert bring(desk, 2, 1) == words.REASON_NONE  # a delta, in force beside its base
    assert bring(desk, 3, 0) == words.REASON_NONE  # and a whole list, before that was merged
    residents_get_in(desk)
    assert journal_is_whole(desk) > FULL - SEGMENT_RECORDS
    for reason in update.commit(hashlib.sha256(image).digest()):
        pass
    assert reason == words.REASON_NONE
    desk.close()
    again = Desk(folder)
    assert again.lists.version == 3 and again.journal.next_seq == desk.journal.next_seq
    assert journal_is_whole(again) > FULL - SEGMENT_RECORDS


def test_delta_is_merged_beside_a_full_journal() -> None:
    folder, desk = full_door()
    assert bring(desk, 2, 1) == words.REASON_NONE
    for reason in desk.lists.merge():
        happens(desk)
    assert reason == words.REASON_NONE and flash.read(folder + "delta.bin") is None
    assert flash.read(folder + "list.bin", WHOLE_LIMIT) == LISTS[2]
    residents_get_in(desk)
    assert journal_is_whole(desk) > FULL - SEGMENT_RECORDS


def test_what_has_no_room_is_refused_and_the_newest_event_is_kept() -> None:
    folder, desk = full_door()
    put(folder, "strange", bytes((os.statvfs(folder)[3] - 24) * 4_000))  # a list wants 123 blocks
    assert bring(desk, 2, 0) == words.REASON_FLASH and desk.lists.version == 1
    assert not flash.read(folder + "list.new")
    residents_get_in(desk)
    error = None
    try:
        with open(folder + "stranger", "wb") as file:
            while True:
                file.write(bytes(PIECE))
                file.flush()
    except OSError as full:
        error = full.errno
    assert error == ENOSPC
    for _ in range(4 * TAIL_RECORDS):
        happens(desk)
    lockdown = messages.Command(op=words.OP_MODE, argument=words.MODE_LOCKED_DOWN, reason=words.REASON_GUARD, person=0)
    desk.commands.heard(desk.frame(lockdown))
    assert desk.doorway.mode == words.MODE_LOCKED_DOWN
    journal_is_whole(desk)
    desk.close()
    os.remove(folder + "strange")
    os.remove(folder + "stranger")
    again = Desk(folder)
    assert bring(again, 2, 0) == words.REASON_NONE
    residents_get_in(again)
