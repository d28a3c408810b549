"""Finding a credential in a list that stays in flash: memory does not grow with residents."""

from doorwire.doorlist import DIGEST_SIZE, RECORD_SIZE, Header, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    Found = tuple[Record | None, Record | None]

    class Part(Protocol):
        """A whole list, or a delta on one, in flash."""

        header: Header

        def read(self, offset: int, size: int) -> bytes:
            """These bytes of it. OSError when flash does not answer."""


_WINDOW = 288  # bytes read at once, when so few are left: 12 records
_GUESSES = 8  # interpolated probes before plain halving, so that no set of digests is slow


def find(parts: "Sequence[Part]", digest: bytes) -> "Found":
    """(deny record, grant record) of the credential with this digest. `parts`: the delta, if any, before its base."""
    denied = _in_section(parts, 0, digest)
    if denied is not None:
        return denied, None
    return None, _in_section(parts, 1, digest)


def _in_section(parts: "Sequence[Part]", granted: int, digest: bytes) -> "Record | None":
    """In the deny (0) or the grant (1) records: what the delta says of a digest stands before what its base does."""
    for part in parts:
        header = part.header
        at, count = header.records(granted)
        row = _find(part.read, at, count, RECORD_SIZE, digest)
        if row:
            return Record.from_bytes(row)
        at, count = header.removed(granted)
        if _find(part.read, at, count, DIGEST_SIZE, digest):
            return None
    return None


def _find(read: "Callable[[int, int], bytes]", start: int, count: int, size: int, digest: bytes) -> bytes:
    """The row of `size` bytes that begins with the digest, or b"". Interpolation search: keyed digests are evenly
    spread, so a few reads find one among 20,000.
    """
    target = _rank(digest)
    window = _WINDOW // size
    low, high = 0, count
    low_rank, high_rank = 0, 1 << 32
    guesses = _GUESSES
    while high - low > window:
        at = low + (high - low) // 2
        if guesses and high_rank > low_rank:
            guesses -= 1
            at = low + (high - low) * (target - low_rank) // (high_rank - low_rank)
            at = min(max(at, low), high - 1)
        first = min(max(at - window // 2, low), high - window)
        rows = read(start + size * first, size * window)
        if digest < rows[:DIGEST_SIZE]:
            high, high_rank = first, _rank(rows)
        elif digest > rows[-size : len(rows) - size + DIGEST_SIZE]:
            low, low_rank = first + window, _rank(rows[-size:])
        else:
            return _scan(rows, size, digest)
    if low == high:
        return b""
    return _scan(read(start + size * low, size * (high - low)), size, digest)


def _scan(rows: bytes, size: int, digest: bytes) -> bytes:
    for at in range(0, len(rows), size):
        if rows[at : at + DIGEST_SIZE] == digest:
            return rows[at : at + size]
    return b""


def _rank(digest: bytes) -> int:
    return int.from_bytes(digest[:4], "big")
