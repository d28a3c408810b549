"""The journal's bytes: one record an event, each with its own CRC, in segment files that are only ever appended to.

| bytes | what |
|---|---|
| 1 | 0x4A |
| 39 | the event as `doorwire.messages.Event` writes it: epoch and seq first |
| 4 | CRC-32 of the above |

A segment is named by its epoch and first seq, 8 hexadecimal digits each, so a name alone says where its events belong.
"""

from binascii import crc32

from doorwire.errors import MalformedError
from doorwire.messages import Event

MARK = 0x4A
EVENT_SIZE = 39
RECORD_SIZE = 1 + EVENT_SIZE + 4
SEGMENT_RECORDS = 256  # 11 kB: three flash blocks
_NAME_SIZE = 16


def encode(event: Event) -> bytes:
    """The record of one event."""
    body = bytes([MARK]) + event.to_bytes()
    return body + crc32(body).to_bytes(4, "little")


def decode(data: bytes) -> "Event | None":
    """The event of one record, or None when these bytes are none."""
    body = data[:-4]
    if len(data) != RECORD_SIZE or data[0] != MARK or crc32(body).to_bytes(4, "little") != data[-4:]:
        return None
    try:
        event = Event.from_bytes(body[1:])
    except MalformedError:
        return None
    return event if isinstance(event, Event) else None


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
