"""Journal records: their bytes, and no damaged one taken for an event."""

from doorlogic import journal
from doorwire.messages import Event
from doorwire.tests.vectors import VECTORS

EVENT = Event(**VECTORS[2][1])


def test_record_keeps_its_event_and_its_size() -> None:
    record = journal.encode(EVENT)
    assert len(record) == journal.RECORD_SIZE and journal.decode(record) == EVENT


def test_record_with_any_bit_flipped_or_truncated_is_none() -> None:
    record = bytearray(journal.encode(EVENT))
    for bit in range(8 * len(record)):
        record[bit // 8] ^= 1 << bit % 8
        assert journal.decode(bytes(record)) is None
        record[bit // 8] ^= 1 << bit % 8
    for end in range(len(record)):
        assert journal.decode(bytes(record[:end])) is None
    assert journal.decode(b"\xff" * journal.RECORD_SIZE) is None


def test_segment_names_say_epoch_and_seq_in_order() -> None:
    assert journal.segment_of(journal.segment_name(0xDEADBEEF, 257)) == (0xDEADBEEF, 257)
    names = [journal.segment_name(1, seq) for seq in (1, 257, 65_536, 1 << 31)]
    assert names == sorted(names)
    for name in ("", "list.bin", "0123456789abcdeg", "0" * 15, "0" * 17):
        assert journal.segment_of(name) is None
