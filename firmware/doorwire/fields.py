"""Field codecs: every value is range-checked in both directions (MicroPython's `struct` truncates silently).

A codec is a plain tuple and serves every field of its kind: the door's heap has no room for an object a field.
A field's name comes with each call and only names the culprit.
"""

from doorwire.errors import MalformedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Codec = tuple[int, int, int, int]  # (kind, size, low, high)

_UINT = 0
_FIXED = 1
_BOUNDED = 2


def uint(size: int, low: int = 0, high: int = -1) -> "Codec":
    """An unsigned little-endian integer of `size` bytes, low ≤ value ≤ high (-1: whatever fits)."""
    return _UINT, size, low, (1 << (8 * size)) - 1 if high < 0 else high


def fixed(size: int) -> "Codec":
    """Exactly `size` bytes."""
    return _FIXED, size, 0, 0


def bounded(limit: int) -> "Codec":
    """At most `limit` bytes, length first (LE16)."""
    return _BOUNDED, limit, 0, 0


def check(codec: "Codec", name: str, value: object) -> None:
    """MalformedError when the field cannot have this value."""
    kind, size, low, high = codec
    if kind == _UINT:
        right = isinstance(value, int) and low <= value <= high
    else:
        right = isinstance(value, bytes) and (len(value) == size or kind == _BOUNDED and len(value) < size)
    if not right:
        raise MalformedError(name)


def put(codec: "Codec", value: "int | bytes") -> bytes:
    """The bytes of a field's value that was checked."""
    if isinstance(value, int):
        return value.to_bytes(codec[1], "little")
    return len(value).to_bytes(2, "little") + value if codec[0] == _BOUNDED else value


def take(codec: "Codec", name: str, data: "bytes | memoryview", at: int) -> "tuple[int | bytes, int]":
    """(value, next offset), or MalformedError."""
    kind, size, low, high = codec
    if kind == _BOUNDED:
        limit, at = size, at + 2
        size = int.from_bytes(data[at - 2 : at], "little")
        if at > len(data) or size > limit:
            raise MalformedError(name)
    end = at + size
    if end > len(data):
        raise MalformedError(name)
    if kind != _UINT:
        return bytes(data[at:end]), end
    value = int.from_bytes(data[at:end], "little")
    if not low <= value <= high:
        raise MalformedError(name)
    return value, end
