"""Base and delta into the whole list they stand for, in pieces: memory does not grow with residents."""

from doorwire.doorlist import DIGEST_SIZE, RECORD_SIZE, Goal, Header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doorlogic.search import Part

_ROWS = 20  # read at once, and looked at between two pieces: a few milliseconds


def whole_header(new: Header, goal: Goal) -> Header:
    """Of the whole list that a delta with this header leads to."""
    return Header(
        new.version,
        new.generated_unix,
        new.expires_unix,
        goal.denied,
        goal.granted,
        new.device,
        utc_offset_min=new.utc_offset_min,
        schedules=new.schedules,
        holidays=new.holidays,
    )


def merge(base: "Part", delta: "Part", goal: Goal) -> "Iterator[bytes]":
    """The bytes of the whole list without its seal; some pieces are empty. OSError when flash does not answer."""
    new = delta.header
    yield whole_header(new, goal).to_bytes()
    end = new.removed_at()
    for at in range(new.calendar_at(), end, RECORD_SIZE * _ROWS):
        yield delta.read(at, min(RECORD_SIZE * _ROWS, end - at))
    for granted in (0, 1):
        old = _Rows(base.read, base.header.records(granted), RECORD_SIZE)
        changed = _Rows(delta.read, new.records(granted), RECORD_SIZE)
        removed = _Rows(delta.read, new.removed(granted), DIGEST_SIZE)
        seen = 0
        piece: list[bytes] = []
        while old.row or changed.row:
            if changed.row and (not old.row or changed.digest <= old.digest):
                piece.append(changed.row)
                if changed.digest == old.digest:
                    old.next()
                changed.next()
            else:
                while removed.row and removed.digest < old.digest:
                    removed.next()
                if removed.digest != old.digest:
                    piece.append(old.row)
                old.next()
            seen += 1
            if seen % _ROWS == 0:
                yield b"".join(piece)
                piece = []
        yield b"".join(piece)


class _Rows:
    """Sorted rows, one at a time: `row` and its `digest` are b"" behind the last."""

    def __init__(self, read: "Callable[[int, int], bytes]", section: "tuple[int, int]", size: int) -> None:
        self._read = read
        self._at, self._left = section
        self._size = size
        self._rows = b""
        self._next = 0
        self.row = self.digest = b""
        self.next()

    def next(self) -> None:
        """The one after."""
        if self._next >= len(self._rows):
            count = min(_ROWS, self._left)
            self._rows = self._read(self._at, count * self._size) if count else b""
            self._at += len(self._rows)
            self._left -= count
            self._next = 0
        self.row = self._rows[self._next : self._next + self._size]
        self.digest = self.row[:DIGEST_SIZE]
        self._next += self._size
