"""Finding a credential in a list that stays in flash: memory does not grow with residents."""

from doorwire.doorlist import RECORD_SIZE, Header, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Found = tuple[Record | None, Record | None]

_WINDOW = 12  # records read at once, when so few are left
_GUESSES = 8  # interpolated probes before plain halving, so that no set of digests is slow


def find(read: "Callable[[int, int], bytes]", header: Header, digest: bytes) -> "Found":
    """(deny record, grant record) of the credential with this digest. `read(offset, size)` reads the list's bytes."""
    start = header.records_at()
    denied = _find(read, start, header.denied, digest)
    if denied is not None:
        return denied, None
    return None, _find(read, start + RECORD_SIZE * header.denied, header.granted, digest)


def _find(read: "Callable[[int, int], bytes]", start: int, count: int, digest: bytes) -> "Record | None":
    """Interpolation search: keyed digests are evenly spread, so a few reads find one among 20,000."""
    target = _rank(digest)
    low, high = 0, count
    low_rank, high_rank = 0, 1 << 32
    guesses = _GUESSES
    while high - low > _WINDOW:
        at = low + (high - low) // 2
        if guesses and high_rank > low_rank:
            guesses -= 1
            at = low + (high - low) * (target - low_rank) // (high_rank - low_rank)
            at = min(max(at, low), high - 1)
        first = min(max(at - _WINDOW // 2, low), high - _WINDOW)
        records = read(start + RECORD_SIZE * first, RECORD_SIZE * _WINDOW)
        if digest < records[: len(digest)]:
            high, high_rank = first, _rank(records)
        elif digest > records[-RECORD_SIZE : len(digest) - RECORD_SIZE]:
            low, low_rank = first + _WINDOW, _rank(records[-RECORD_SIZE:])
        else:
            return _scan(records, digest)
    if low == high:
        return None
    return _scan(read(start + RECORD_SIZE * low, RECORD_SIZE * (high - low)), digest)


def _scan(records: bytes, digest: bytes) -> "Record | None":
    for at in range(0, len(records), RECORD_SIZE):
        if records[at : at + len(digest)] == digest:
            return Record.from_bytes(records[at : at + RECORD_SIZE])
    return None


def _rank(digest: bytes) -> int:
    return int.from_bytes(digest[:4], "big")
