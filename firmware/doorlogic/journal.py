"""The journal's bytes: one record an event, each with its own CRC.

| bytes | what |
|---|---|
| 1 | 0x4B |
| 35 | the event as `doorwire.messages.Event` writes it, without its epoch: seq first |
| 4 | CRC-32 of epoch and the above |

Segment files are only ever appended to, TAIL_RECORDS at a time. A segment is named by its epoch and first seq, 8
hexadecimal digits each, so a name alone says where its events belong. The newest events are in the tail, a file that
is replaced whole at each event: epoch and first seq, 4 bytes each, then records. It is small enough for LittleFS to
keep it in a directory entry, which costs an erase in many events instead of one at each.
"""

from binascii import crc32

from doorwire.errors import MalformedError
from doorwire.messages import Event

MARK = 0x4B
_EPOCH_SIZE = 4
EVENT_SIZE = 35
RECORD_SIZE = 1 + EVENT_SIZE + 4
TAIL_HEAD_SIZE = 8
TAIL_RECORDS = 12  # 488 bytes with the head: LittleFS keeps up to 512 in an entry
SEGMENT_RECORDS = 300  # 12,000 bytes: three flash blocks
_NAME_SIZE = 16


def encode(event: Event) -> bytes:
    """The record of one event."""
    data = event.to_bytes()
    body = bytes([MARK]) + data[_EPOCH_SIZE:]
    return body + crc32(body, crc32(data[:_EPOCH_SIZE])).to_bytes(4, "little")


def decode(epoch: int, data: bytes) -> "Event | None":
    """The event of one record of this epoch, or None when these bytes are none."""
    start = epoch.to_bytes(_EPOCH_SIZE, "little")
    body = data[:-4]
    if len(data) != RECORD_SIZE or data[0] != MARK or crc32(body, crc32(start)).to_bytes(4, "little") != data[-4:]:
        return None
    try:
        event = Event.from_bytes(start + body[1:])
    except MalformedError:
        return None
    return event if isinstance(event, Event) else None


def tail_head(epoch: int, first_seq: int) -> bytes:
    """The tail's first bytes."""
    return epoch.to_bytes(4, "little") + first_seq.to_bytes(4, "little")


def tail_of(data: "bytes | None") -> "tuple[int, int, bytes]":
    """(epoch, first seq, records) of the tail's bytes; epoch 0 when they are none."""
    if not data or len(data) < TAIL_HEAD_SIZE or (len(data) - TAIL_HEAD_SIZE) % RECORD_SIZE:
        return 0, 1, b""
    return int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little"), bytes(data[TAIL_HEAD_SIZE:])


def segment_name(epoch: int, first_seq: int) -> str:
    """The file name of a segment."""
    return f"{epoch:08x}{first_seq:08x}"


def segment_of(name: str) -> "tuple[int, int] | None":
    """(epoch, first seq) of a file name, or None when it is no segment's."""
    if len(name) != _NAME_SIZE:
        return None
    try:
        return int(name[:8], 16), int(name[8:], 16)
    except ValueError:
        return None
