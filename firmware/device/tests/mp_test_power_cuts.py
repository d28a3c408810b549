"""The power fails at every program and erase of flash, before it and half way through it. Needs LittleFS."""

import hashlib

from device import flash, journal_store
from device.journal_store import JournalStore
from device.list_store import ListStore
from device.tests.desk import KEY, card_list
from device.tests.ramflash import PowerCut, RamFlash, blank, mount
from doorwire import vocabulary as words
from doorwire.messages import Event
from doorwire.tests.vectors import DEVICE

OLD = list(range(100, 160))
NEW = list(range(130, 700))  # 13 kB: several blocks


def every_cut(before, story, check):
    """Run `story` on the flash `before`, the power cut at each operation in turn, then `check`; how many there were."""
    points = 0
    for torn in (False, True):
        cut_at = 0
        while True:
            cut_at += 1
            power = RamFlash(bytearray(before), cut_at, torn)
            told = []
            try:
                story(mount(power), told)
                ended = True
            except PowerCut:
                ended = False
            check(mount(RamFlash(bytearray(power.left or power.data))), told, ended)
            if ended:
                break
            points += 1
    return points


def with_list(data):
    """A flash that holds a list in force."""
    power = RamFlash(blank())
    flash.replace(mount(power) + "list.bin", data)
    return power.data


def install(folder, told):
    """Receive and switch to list 2."""
    store = ListStore(folder, KEY, DEVICE)
    store.open()
    data = card_list(2, NEW)
    digest = hashlib.sha256(data).digest()
    assert store.begin(2, 0, len(data), digest) == 0
    for at in range(0, len(data), 1024):
        assert store.chunk(2, at, data[at : at + 1024])
    reason = -1
    for reason in store.commit(2, digest):
        pass
    assert reason == words.REASON_NONE, reason
    told.append(2)


def list_is_old_or_new(folder, told, ended):
    """One of the two, whole; the new one once that was reported; residents of both get in."""
    store = ListStore(folder, KEY, DEVICE)
    store.open()
    assert store.reason == words.REASON_NONE and store.version in (1, 2)
    assert store.version == 2 or not told
    cards = OLD if store.version == 1 else NEW
    for card in (cards[0], cards[-1], 140):
        assert store.lookup(store.header, 1, card)[1].person == card
    if not ended and store.version == 1:
        install(folder, told)  # and the next attempt succeeds


def test_power_cut_at_every_flash_write_of_a_list_install():
    points = every_cut(with_list(card_list(1, OLD)), install, list_is_old_or_new)
    assert points > 200
    print("list install:", points, "cut points")


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


def keep_events(folder, told):
    """Forty events over seven segments, acknowledged in between."""
    journal = JournalStore(folder, 4)
    journal.open(9)
    for _ in range(40):
        seq = journal.next_seq
        assert journal.append(event(journal, 1000 + seq))
        told.append(seq)
        if seq % 5 == 0:
            journal.ack(journal.epoch, seq - 2)


def events_are_kept(folder, told, ended):
    """What was kept is there, whole and in order; seqs go on; nothing acknowledged is needed again."""
    journal = JournalStore(folder, 4)
    journal.open(10)
    assert journal.epoch == (9 if told else journal.epoch)
    last = told[-1] if told else 0
    assert last < journal.next_seq <= last + 2
    assert journal.first_seq <= max(1, last - last % 5 - 1)
    for seq in range(journal.first_seq, last + 1):
        assert journal.read(seq).person == 1000 + seq
    for _ in range(3):
        seq = journal.next_seq
        assert journal.append(event(journal, 1000 + seq)) and journal.read(seq).person == 1000 + seq


def test_power_cut_at_every_flash_write_of_the_journal():
    whole = journal_store.SEGMENT_RECORDS
    journal_store.SEGMENT_RECORDS = 6
    try:
        points = every_cut(blank(), keep_events, events_are_kept)
    finally:
        journal_store.SEGMENT_RECORDS = whole
    print("journal:", points, "cut points")
    assert points > 200


def test_power_cut_at_every_flash_write_of_a_replaced_file():
    for old, new in ((b"1", b"2"), (b"a" * 700, b"b" * 3000)):
        power = RamFlash(blank())
        flash.replace(mount(power) + "file", old)

        def story(folder, told, new=new):
            flash.replace(folder + "file", new)
            told.append(1)

        def check(folder, told, ended, old=old, new=new):
            found = flash.read(folder + "file")
            assert found == new or (found == old and not told)

        points = every_cut(power.data, story, check)
        print("replaced file:", points, "cut points")


def test_journal_wear_of_a_year_is_spread():
    power = RamFlash(blank())
    journal = JournalStore(mount(power), 4)
    journal.open(9)
    for _ in range(2000):
        seq = journal.next_seq
        assert journal.append(event(journal, seq))
        journal.ack(journal.epoch, seq)
    assert sum(power.erases) < 2 * 2000 and max(power.erases) < 4 * sum(power.erases) / len(power.erases)
