"""Deltas: taken on the list in force and on no other, merged in steps, dropped when they do not keep their promise."""

import hashlib

from device import flash
from device.list_store import ListStore
from device.tests.desk import DIGESTS, KEY, NOW, Desk, card_list, scratch
from doorwire import messages
from doorwire import vocabulary as words
from doorwire.doorlist import DELTA_LIMIT, WHOLE_LIMIT, Record, credential_digest
from doorwire.frame import hmac_sha256
from doorwire.listwriter import encode, encode_delta
from doorwire.messages import CHUNK_LIMIT
from doorwire.tests.vectors import DEVICE


class Store(ListStore):
    """Closes its files when nobody holds it any more."""

    def __del__(self) -> None:
        self._search(None, None)


ONE, TWO, THREE = card_list(1, list(range(100))), card_list(2, list(range(10, 120))), card_list(3, [5, 15, 125])


def delta(old: bytes, new: bytes) -> bytes:
    """From one whole list to another."""
    return encode_delta(KEY, old, new)


def installed(desk: Desk) -> messages.ListInstalled:
    """The last answer."""
    return [answer for answer in desk.link.sent if isinstance(answer, messages.ListInstalled)][-1]


def take(store: ListStore, data: bytes, version: int, base_version: int = 0) -> int:
    """Receive and switch: the REASON_*."""
    digest = hashlib.sha256(data).digest()
    reason = store.begin(version, base_version, len(data), digest)
    if reason:
        return reason
    for at in range(0, len(data), CHUNK_LIMIT):
        assert store.chunk(version, at, data[at : at + CHUNK_LIMIT])
    return [answer for answer in store.commit(version, digest) if answer >= 0][0]


def merge(store: ListStore) -> int:
    """To its end: the REASON_*."""
    return [answer for answer in store.merge() if answer >= 0][0]


def cards(store: ListStore) -> "list[int]":
    """Which of the cards below 130 the list has."""
    return [card for card in range(130) if store.lookup(words.CREDENTIAL_CARD, card)[1] is not None]


def fresh(folder: str, data: bytes = ONE) -> ListStore:
    """A store that has list 1."""
    store = Store(folder, KEY, DEVICE)
    store.open()
    assert take(store, data, 1) == words.REASON_NONE
    return store


def in_force(store: ListStore, version: int, data: bytes, people: "list[int]") -> None:
    """It is this list, by every sign."""
    assert (store.version, store.digest) == (version, hashlib.sha256(data).digest()[:8])
    assert cards(store) == people


def reopened(folder: str) -> ListStore:
    """As after a boot."""
    store = Store(folder, KEY, DEVICE)
    store.open()
    return store


def test_delta_decides_at_once_and_after_a_boot_and_when_merged() -> None:
    folder = scratch()
    store = fresh(folder)
    assert take(store, delta(ONE, TWO), 2, 1) == words.REASON_NONE and store.to_merge
    in_force(store, 2, TWO, list(range(10, 120)))
    store = reopened(folder)
    in_force(store, 2, TWO, list(range(10, 120)))
    assert store.to_merge and merge(store) == words.REASON_NONE and not store.to_merge
    in_force(store, 2, TWO, list(range(10, 120)))
    in_force(reopened(folder), 2, TWO, list(range(10, 120)))
    assert flash.read(folder + "list.bin") == TWO and flash.read(folder + "delta.bin") is None


def test_delta_on_a_delta_merges_the_first_before() -> None:
    folder = scratch()
    store = fresh(folder)
    assert take(store, delta(ONE, TWO), 2, 1) == take(store, delta(TWO, THREE), 3, 2) == words.REASON_NONE
    in_force(store, 3, THREE, [5, 15, 125])
    in_force(reopened(folder), 3, THREE, [5, 15, 125])
    assert flash.read(folder + "list.bin") == TWO


def test_delta_on_another_list_is_refused() -> None:
    store = fresh(scratch())
    assert take(store, delta(TWO, THREE), 3, 2) == words.REASON_LIST_BASE  # announced so
    assert take(store, delta(TWO, THREE), 3, 1) == words.REASON_LIST_BASE  # announced otherwise than it is
    other = card_list(1, [1])
    assert take(store, delta(other, TWO), 2, 1) == words.REASON_LIST_BASE  # of the same version, not the same list
    assert take(store, delta(ONE, ONE), 1, 1) == words.REASON_LIST_OLDER
    assert store.begin(2, 1, DELTA_LIMIT + 1, bytes(32)) == words.REASON_LIST_BASE
    assert store.begin(2, 0, WHOLE_LIMIT + 1, bytes(32)) == words.REASON_FLASH
    in_force(store, 1, ONE, list(range(100)))
    empty = Store(scratch(), KEY, DEVICE)
    empty.open()
    assert take(empty, delta(ONE, TWO), 2, 1) == words.REASON_LIST_BASE


def test_whole_list_takes_the_place_of_base_and_delta() -> None:
    folder = scratch()
    store = fresh(folder)
    assert take(store, delta(ONE, TWO), 2, 1) == take(store, THREE, 3) == words.REASON_NONE
    in_force(store, 3, THREE, [5, 15, 125])
    assert flash.read(folder + "delta.bin") is None and not store.to_merge


def test_delta_that_was_merged_or_replaced_before_the_power_went_is_not_taken_twice() -> None:
    folder = scratch()
    fresh(folder)
    for left in (delta(ONE, TWO), delta(card_list(2, [9]), THREE)):
        flash.replace(folder + "delta.bin", left)
        flash.replace(folder + "list.bin", TWO)
        in_force(reopened(folder), 2, TWO, list(range(10, 120)))
        assert flash.read(folder + "delta.bin") is None


def test_damaged_delta_in_flash_leaves_its_base_in_force_and_is_told() -> None:
    folder = scratch()
    store = fresh(folder)
    assert take(store, delta(ONE, TWO), 2, 1) == words.REASON_NONE
    data = bytearray(delta(ONE, TWO))
    data[200] ^= 1
    flash.replace(folder + "delta.bin", bytes(data))
    store = reopened(folder)
    in_force(store, 1, ONE, list(range(100)))
    assert store.reason == words.REASON_LIST_DIGEST
    assert take(store, delta(ONE, TWO), 2, 1) == words.REASON_NONE
    in_force(store, 2, TWO, list(range(10, 120)))


def false_promise() -> bytes:
    """A well-sealed delta whose goal is another list than it leads to."""
    body = bytearray(delta(ONE, TWO)[:-16])
    body[48] ^= 1
    return bytes(body) + hmac_sha256(KEY, bytes(body))[:16]


def test_delta_that_leads_elsewhere_is_dropped_when_merged_and_the_controller_told() -> None:
    folder = scratch()
    desk = Desk(folder)
    send(desk, ONE, 1, 0)
    send(desk, false_promise(), 2, 1)
    assert installed(desk).version == 2
    del desk.link.sent[:]
    list(desk.commands.merging())
    told = installed(desk)
    assert (told.version, told.reason) == (1, words.REASON_LIST_DIGEST)
    assert desk.events()[-1] == (words.EVENT_LIST_REFUSED, words.REASON_LIST_DIGEST)
    in_force(desk.lists, 1, ONE, list(range(100)))
    in_force(reopened(folder), 1, ONE, list(range(100)))
    assert list(desk.commands.merging()) == []


def send(desk: Desk, data: bytes, version: int, base_version: int) -> None:
    """As the controller does, all steps of the door done."""
    begin_and_chunks(desk, data, version, base_version)
    digest = hashlib.sha256(data).digest()
    desk.commands.heard(desk.frame(messages.ListCommit(version=version, digest=digest)))
    list(desk.commands.committing())


def begin_and_chunks(desk: Desk, data: bytes, version: int, base_version: int) -> None:
    """All but the commit."""
    digest = hashlib.sha256(data).digest()
    begin = messages.ListBegin(version=version, base_version=base_version, size=len(data), digest=digest)
    desk.commands.heard(desk.frame(begin))
    for at in range(0, len(data), CHUNK_LIMIT):
        chunk = messages.ListChunk(version=version, offset=at, data=data[at : at + CHUNK_LIMIT])
        desk.commands.heard(desk.frame(chunk))


def test_badges_are_decided_rightly_at_every_step_of_a_merge() -> None:
    store = fresh(scratch())
    assert take(store, delta(ONE, TWO), 2, 1) == words.REASON_NONE
    steps = 0
    for _ in store.merge():
        steps += 1
        assert [store.lookup(words.CREDENTIAL_CARD, card)[1] is not None for card in (5, 15, 115)] == [
            False,
            True,
            True,
        ]
    assert steps > 6


def test_list_that_begins_to_arrive_ends_a_merge_without_harm() -> None:
    folder = scratch()
    store = fresh(folder)
    assert take(store, delta(ONE, TWO), 2, 1) == words.REASON_NONE
    steps = store.merge()
    for _ in range(4):
        assert next(steps) == -1
    assert store.begin(3, 2, 100, bytes(32)) == words.REASON_NONE and not store.to_merge
    assert list(steps) == []
    in_force(store, 2, TWO, list(range(10, 120)))
    store.abandon()
    assert merge(store) == words.REASON_NONE
    in_force(reopened(folder), 2, TWO, list(range(10, 120)))


def test_delta_revokes_and_brings_back() -> None:
    def listed(version: int, denied: "list[int]") -> bytes:
        records = [Record(credential_digest(DIGESTS, words.CREDENTIAL_CARD, card), card) for card in range(50)]
        return encode(KEY, DEVICE, version, NOW, 0, [records[card] for card in denied], records)

    first, second, third = listed(1, [1, 2, 3]), listed(2, [2, 4]), listed(3, [])
    store = fresh(scratch(), first)
    for version, base, data, denied in ((2, first, second, [2, 4]), (3, second, third, [])):
        assert take(store, delta(base, data), version, version - 1) == words.REASON_NONE
        assert [c for c in range(60) if store.lookup(words.CREDENTIAL_CARD, c)[0] is not None] == denied
        assert [c for c in range(60) if store.lookup(words.CREDENTIAL_CARD, c)[1] is not None] == [
            c for c in range(50) if c not in denied
        ]
