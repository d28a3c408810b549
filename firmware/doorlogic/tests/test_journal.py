"""Journal records: their bytes, and no damaged one taken for an event."""

from doorlogic import journal
from doorwire.messages import Event
from doorwire.tests.vectors import VECTORS

EVENT = Event(**VECTORS[2][1])


def test_record_keeps_its_event_and_its_size() -> None:
    record = journal.encode(EVENT)
    assert len(record) == journal.RECORD_SIZE and journal.decode(EVENT.epoch, record) == EVENT


def test_record_with_any_bit_flipped_or_truncated_is_none() -> None:
    record = bytearray(journal.encode(EVENT))
    for bit in range(8 * len(record)):
        record[bit // 8] ^= 1 << bit % 8
        assert journal.decode(EVENT.epoch, bytes(record)) is None
        record[bit // 8] ^= 1 << bit % 8
    for end in range(len(record)):
        assert journal.decode(EVENT.epoch, bytes(record[:end])) is None
    assert journal.decode(EVENT.epoch, b"\xff" * journal.RECORD_SIZE) is None


def test_record_of_another_epoch_is_none() -> None:
    assert journal.decode(EVENT.epoch + 1, journal.encode(EVENT)) is None


def test_tail_says_epoch_and_first_seq_and_damaged_ones_nothing() -> None:
    records = journal.encode(EVENT) * journal.TAIL_RECORDS
    data = journal.tail_head(0xDEADBEEF, 4711) + records
    assert len(data) <= 512 and journal.tail_of(data) == (0xDEADBEEF, 4711, records)
    for damaged in (None, b"", data[:7], data[:-1], data + b"x"):
        assert journal.tail_of(damaged) == (0, 1, b"")


def test_segment_names_say_epoch_and_seq_in_order() -> None:
    assert journal.segment_of(journal.segment_name(0xDEADBEEF, 257)) == (0xDEADBEEF, 257)
    names = [journal.segment_name(1, seq) for seq in (1, 257, 65_536, 1 << 31)]
    assert names == sorted(names)
    for name in ("", "list.bin", "0123456789abcdeg", "0" * 15, "0" * 17):
        assert journal.segment_of(name) is None
