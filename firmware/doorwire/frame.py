"""A sealed frame: header, message, seal; and the guard that lets each frame act once.

| bytes | what |
|---|---|
| 1 | protocol version |
| 1 | message type |
| 6 | device id |
| 4 | boot id: random, new at each boot of the door |
| 4 | counter: strictly rising within a boot and a direction |
| 4 | up: the door's uptime when sealed; down: the uptime after which the frame is void (seconds) |
| n | message |
| 16 | HMAC-SHA256 over all of the above, first half (RFC 2104 §5), under the device's key |

Not-after is counted in the door's own uptime, which the controller learns from every sealed frame: a door whose clock
is unknown after a power cut still knows a stale command from a fresh one.
"""

import hashlib

from doorwire import vocabulary as words
from doorwire.errors import MalformedError, RefusedError, SealError
from doorwire.messages import BY_TYPE, Message

VERSION = 1
DEVICE_ID_SIZE = 6
KEY_SIZE = 32
SEAL_SIZE = 16
HEADER_SIZE = 20
FRAME_LIMIT = 1200
_BLOCK = 64  # SHA-256 block, bytes


def _pad(key: bytes, byte: int) -> bytes:
    """RFC 2104's key pad; as one big number, because a loop over bytes costs the door a millisecond a frame."""
    mask = int.from_bytes(bytes([byte]) * _BLOCK, "big")
    return (int.from_bytes(key, "big") ^ mask).to_bytes(_BLOCK, "big")


class Hmac:
    """HMAC-SHA256 (RFC 2104) in pieces; MicroPython has no `hmac`."""

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        key += bytes(_BLOCK - len(key))
        self._inner = hashlib.sha256(_pad(key, 0x36))
        self._outer = hashlib.sha256(_pad(key, 0x5C))

    def update(self, data: "bytes | memoryview") -> None:
        """More of the message."""
        self._inner.update(data)

    def digest(self) -> bytes:
        """32 bytes, once: MicroPython's hashes end with their digest."""
        self._outer.update(self._inner.digest())
        return self._outer.digest()


def hmac_sha256(key: bytes, data: "bytes | memoryview") -> bytes:
    """HMAC-SHA256 of a message in memory."""
    mac = Hmac(key)
    mac.update(data)
    return mac.digest()


def same(a: bytes, b: bytes) -> bool:
    """Equality whose time does not tell where the difference is."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0


class Frame:
    """One message with its header, as a value."""

    def __init__(self, device: bytes, boot_id: int, counter: int, uptime_s: int, message: Message) -> None:
        self.device = device
        self.boot_id = boot_id
        self.counter = counter
        self.uptime_s = uptime_s
        self.message = message

    def to_bytes(self, key: bytes) -> bytes:
        """The sealed bytes. `key` is 32 bytes."""
        if len(key) != KEY_SIZE or len(self.device) != DEVICE_ID_SIZE:
            raise MalformedError("key or device id")
        for value in (self.boot_id, self.counter, self.uptime_s):
            if not 0 <= value <= 0xFFFFFFFF:
                raise MalformedError("header")
        body = (
            bytes([VERSION, self.message.TYPE])
            + self.device
            + self.boot_id.to_bytes(4, "little")
            + self.counter.to_bytes(4, "little")
            + self.uptime_s.to_bytes(4, "little")
            + self.message.to_bytes()
        )
        if len(body) + SEAL_SIZE > FRAME_LIMIT:
            raise MalformedError("too long")
        return body + hmac_sha256(key, body)[:SEAL_SIZE]

    @classmethod
    def from_bytes(cls, key: bytes, data: bytes) -> "Frame":
        """The frame that `data` is. The seal over the bytes received is judged before anything in them."""
        if not HEADER_SIZE + SEAL_SIZE <= len(data) <= FRAME_LIMIT:
            raise MalformedError("length")
        body = memoryview(data)[:-SEAL_SIZE]
        if len(key) != KEY_SIZE or not same(hmac_sha256(key, body)[:SEAL_SIZE], bytes(data[-SEAL_SIZE:])):
            raise SealError("seal")
        return _parse(body)


def _parse(body: "memoryview") -> Frame:
    if body[0] != VERSION:
        raise MalformedError("version")
    if body[1] not in BY_TYPE:
        raise MalformedError("type")
    numbers = [int.from_bytes(body[at : at + 4], "little") for at in (8, 12, 16)]
    message = BY_TYPE[body[1]].from_bytes(body[HEADER_SIZE:])
    return Frame(bytes(body[2:8]), numbers[0], numbers[1], numbers[2], message)


def device_of(data: bytes) -> bytes:
    """The device id that unverified bytes claim, to look its key up; MalformedError when there is none."""
    if len(data) < HEADER_SIZE + SEAL_SIZE:
        raise MalformedError("length")
    return bytes(data[2:8])


class Guard:
    """The door's gate for frames coming down: this device, this boot, a new counter, in time, nothing twice."""

    def __init__(self, device: bytes, boot_id: int) -> None:
        self.device = device
        self.boot_id = boot_id
        self.counter = 0

    def admit(self, frame: Frame, uptime_s: int) -> Message:
        """The message to carry out, or RefusedError with its reason. An expired frame uses its counter up too."""
        if frame.message.UP or frame.device != self.device:
            raise RefusedError(words.REASON_OTHER_DEVICE)
        if frame.boot_id != self.boot_id:
            raise RefusedError(words.REASON_OTHER_BOOT)
        if frame.counter <= self.counter:
            raise RefusedError(words.REASON_REPLAYED)
        self.counter = frame.counter
        if uptime_s > frame.uptime_s:
            raise RefusedError(words.REASON_COMMAND_EXPIRED)
        return frame.message
