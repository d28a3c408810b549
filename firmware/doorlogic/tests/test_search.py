"""The list is searched in place, with few reads, at every size."""

from doorlogic.search import find
from doorwire import doorlist
from doorwire.doorlist import Header, Record, credential_digest, digest_key
from doorwire.listwriter import encode
from doorwire.tests.vectors import DEVICE, KEY

DIGESTS = digest_key(KEY)


class Reads:
    """A list in memory that counts its reads."""

    def __init__(self, denied: "list[Record]", granted: "list[Record]") -> None:
        self.data = encode(KEY, DEVICE, 1, 0, 0, denied, granted)
        self.header = Header.from_bytes(self.data)
        self.count = 0

    def read(self, offset: int, size: int) -> bytes:
        """As flash would."""
        self.count += 1
        data = self.data[offset : offset + size]
        assert len(data) == size and offset >= doorlist.HEADER_SIZE and offset + size <= len(self.data) - 16
        return data

    def find(self, digest: bytes) -> "tuple[Record | None, Record | None, int]":
        """(deny record, grant record, reads it took)."""
        self.count = 0
        denied, granted = find([self], digest)
        return denied, granted, self.count


def card(value: int) -> Record:
    """A record whose person is the card."""
    return Record(credential_digest(DIGESTS, 1, value), value)


def test_search_finds_every_card_and_no_other_at_every_size() -> None:
    for size in list(range(30)) + [100, 1000]:
        records = [card(value) for value in range(size)]
        reads = Reads([], records)
        for record in records:
            denied, granted, _ = reads.find(record.digest)
            assert denied is None and granted is not None and granted.person == record.person
        for value in range(size, size + 50):
            assert reads.find(card(value).digest)[:2] == (None, None)


def test_search_looks_into_the_deny_set_first() -> None:
    records = [card(value) for value in range(100)]
    reads = Reads(records[:20], records)
    for record in records[:20]:
        denied, granted, _ = reads.find(record.digest)
        assert denied is not None and denied.person == record.person and granted is None
    for record in records[20:]:
        assert reads.find(record.digest)[1] is not None


def test_search_finds_the_lowest_and_the_highest_digest() -> None:
    edges = [Record(bytes(8), 1), Record(b"\xff" * 8, 2)]
    reads = Reads(edges, edges + [card(value) for value in range(500)])
    assert reads.find(bytes(8))[0] is not None
    assert reads.find(b"\xff" * 8)[0] is not None
    assert Reads([], edges).find(b"\x80" * 8)[:2] == (None, None)


def test_search_reads_little_of_20000_credentials() -> None:
    count = 20_000
    reads = Reads(
        [card(-value - 1 & 0xFFFFFFFF) for value in range(500)], [card(value) for value in range(count - 500)]
    )
    most = max(reads.find(card(value).digest)[2] for value in range(0, 2 * count, 37))
    assert most <= 14 + 4  # log2 20,000 = 14.3


def test_search_is_bounded_when_digests_are_not_spread() -> None:
    clumped = [Record(bytes([0, 0, 0, 0, 0, 0]) + value.to_bytes(2, "big"), value) for value in range(4000)]
    clumped += [Record(b"\xff" * 6 + value.to_bytes(2, "big"), value) for value in range(4000)]
    reads = Reads([], clumped)
    for record in clumped[::97]:
        _, granted, count = reads.find(record.digest)
        assert granted is not None and granted.person == record.person and count <= 8 + 13
