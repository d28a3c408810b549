"""Field codecs: every value is range-checked in both directions (MicroPython's `struct` truncates silently).

A codec serves every field of its kind; the field's name comes with each call and only names the culprit.
"""

from doorwire.errors import MalformedError


class UInt:
    """An unsigned little-endian integer of `size` bytes, lo ≤ value ≤ hi."""

    def __init__(self, size: int, lo: int = 0, hi: int | None = None) -> None:
        self.size = size
        self.lo = lo
        self.hi = (1 << (8 * size)) - 1 if hi is None else hi

    def check(self, name: str, value: object) -> int:
        """The value, or MalformedError."""
        if not isinstance(value, int) or not self.lo <= value <= self.hi:
            raise MalformedError(name)
        return value

    def put(self, name: str, value: object) -> bytes:
        """The field's bytes."""
        return self.check(name, value).to_bytes(self.size, "little")

    def take(self, name: str, data: bytes, at: int) -> tuple[int, int]:
        """(value, next offset)."""
        end = at + self.size
        if end > len(data):
            raise MalformedError(name)
        return self.check(name, int.from_bytes(data[at:end], "little")), end


class Fixed:
    """Exactly `size` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size

    def put(self, name: str, value: object) -> bytes:
        """The field's bytes."""
        if not isinstance(value, bytes) or len(value) != self.size:
            raise MalformedError(name)
        return value

    def take(self, name: str, data: bytes, at: int) -> tuple[bytes, int]:
        """(value, next offset)."""
        end = at + self.size
        if end > len(data):
            raise MalformedError(name)
        return bytes(data[at:end]), end


class Bounded:
    """At most `limit` bytes, length first (LE16)."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def put(self, name: str, value: object) -> bytes:
        """The field's bytes."""
        if not isinstance(value, bytes) or len(value) > self.limit:
            raise MalformedError(name)
        return len(value).to_bytes(2, "little") + value

    def take(self, name: str, data: bytes, at: int) -> tuple[bytes, int]:
        """(value, next offset)."""
        start = at + 2
        if start > len(data):
            raise MalformedError(name)
        size = int.from_bytes(data[at:start], "little")
        end = start + size
        if size > self.limit or end > len(data):
            raise MalformedError(name)
        return bytes(data[start:end]), end
