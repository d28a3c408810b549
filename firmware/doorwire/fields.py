"""Field codecs: every value is range-checked in both directions (MicroPython's `struct` truncates silently)."""

from doorwire.errors import MalformedError


class UInt:
    """An unsigned little-endian integer of `size` bytes, lo ≤ value ≤ hi."""

    def __init__(self, name: str, size: int, lo: int = 0, hi: int | None = None) -> None:
        self.name = name
        self.size = size
        self.lo = lo
        self.hi = (1 << (8 * size)) - 1 if hi is None else hi

    def check(self, value: object) -> int:
        """The value, or MalformedError."""
        if not isinstance(value, int) or not self.lo <= value <= self.hi:
            raise MalformedError(self.name)
        return value

    def put(self, value: object) -> bytes:
        return self.check(value).to_bytes(self.size, "little")

    def take(self, data: bytes, at: int) -> tuple[int, int]:
        """(value, next offset)."""
        end = at + self.size
        if end > len(data):
            raise MalformedError(self.name)
        return self.check(int.from_bytes(data[at:end], "little")), end


class OneOf(UInt):
    """One byte out of a vocabulary."""

    def __init__(self, name: str, words: dict[int, str]) -> None:
        super().__init__(name, 1)
        self.words = words

    def check(self, value: object) -> int:
        if not isinstance(value, int) or value not in self.words:
            raise MalformedError(self.name)
        return value


class Fixed:
    """Exactly `size` bytes."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size

    def put(self, value: object) -> bytes:
        if not isinstance(value, bytes) or len(value) != self.size:
            raise MalformedError(self.name)
        return value

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        end = at + self.size
        if end > len(data):
            raise MalformedError(self.name)
        return bytes(data[at:end]), end


class Bounded:
    """At most `limit` bytes, length first (LE16)."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit

    def put(self, value: object) -> bytes:
        if not isinstance(value, bytes) or len(value) > self.limit:
            raise MalformedError(self.name)
        return len(value).to_bytes(2, "little") + value

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        start = at + 2
        if start > len(data):
            raise MalformedError(self.name)
        size = int.from_bytes(data[at:start], "little")
        end = start + size
        if size > self.limit or end > len(data):
            raise MalformedError(self.name)
        return bytes(data[start:end]), end
