"""A door's list as bytes: what the controller compiles, what the door keeps in flash and searches there.

| bytes | what |
|---|---|
| 32 | header: b"ML", format, record size, version, generated, expires (0 = never), denied, granted, device id, 2 zero |
| 24 × denied | deny records, sorted by digest: looked up first |
| 24 × granted | grant records, sorted by digest |
| 16 | HMAC-SHA256 of all of the above under the device's key, first half |

Credentials appear only as keyed digests, so a list read out of a stolen door names nobody's card or PIN.
"""

from doorwire.errors import MalformedError, SealError
from doorwire.frame import DEVICE_ID_SIZE, SEAL_SIZE, hmac_sha256, same

FORMAT = 1
HEADER_SIZE = 32
RECORD_SIZE = 24
DIGEST_SIZE = 8

FLAG_EXTENDED = 1  # release time ×3, for those who need it
FLAG_DURESS = 2  # opens, and raises a silent alarm
FACTOR_ANY = 0  # this credential alone suffices
FACTOR_WITH_PIN = 1  # this card and one of the same person's PINs


def digest_key(device_key: bytes) -> bytes:
    """The key of this door's credential digests."""
    return hmac_sha256(device_key, b"menshen list digest 1")


def credential_digest(key: bytes, kind: int, value: int) -> bytes:
    """8 bytes. `key` from `digest_key`; `kind` a CREDENTIAL_*; `value` a card's data bits or `pin_value`."""
    return hmac_sha256(key, bytes([kind]) + value.to_bytes(8, "little"))[:DIGEST_SIZE]


def pin_value(digits: str) -> int:
    """A PIN as a number that keeps its leading zeros."""
    return int("1" + digits)


class Header:
    """What a list says of itself."""

    def __init__(self, version: int, generated_unix: int, expires_unix: int, denied: int, granted: int, device: bytes):
        self.version = version
        self.generated_unix = generated_unix
        self.expires_unix = expires_unix
        self.denied = denied
        self.granted = granted
        self.device = device

    def to_bytes(self) -> bytes:
        numbers = (self.version, self.generated_unix, self.expires_unix, self.denied, self.granted)
        return (
            b"ML"
            + bytes([FORMAT, RECORD_SIZE])
            + b"".join([number.to_bytes(4, "little") for number in numbers])
            + self.device
            + b"\x00\x00"
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """The header of `data` (its first 32 bytes); MalformedError when it is none."""
        if len(data) < HEADER_SIZE or data[:4] != b"ML" + bytes([FORMAT, RECORD_SIZE]) or data[30:32] != b"\x00\x00":
            raise MalformedError("list header")
        n = [int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12, 16, 20)]
        return cls(n[0], n[1], n[2], n[3], n[4], bytes(data[24 : 24 + DEVICE_ID_SIZE]))

    def size(self) -> int:
        """Bytes of the whole list."""
        return HEADER_SIZE + RECORD_SIZE * (self.denied + self.granted) + SEAL_SIZE


class Record:
    """One credential on one door. Times are unix seconds; 0 is unlimited, for `uses` too; `schedule` 0 = always."""

    def __init__(
        self,
        digest: bytes,
        person: int,
        not_before: int = 0,
        not_after: int = 0,
        flags: int = 0,
        schedule: int = 0,
        uses: int = 0,
        factor: int = FACTOR_ANY,
    ):
        self.digest = digest
        self.person = person
        self.not_before = not_before
        self.not_after = not_after
        self.flags = flags
        self.schedule = schedule
        self.uses = uses
        self.factor = factor

    def to_bytes(self) -> bytes:
        numbers = (self.person, self.not_before, self.not_after)
        return (
            self.digest
            + b"".join([number.to_bytes(4, "little") for number in numbers])
            + b"".join([n.to_bytes(1, "little") for n in (self.flags, self.schedule, self.uses, self.factor)])
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record":
        """The record that these 24 bytes are."""
        if len(data) != RECORD_SIZE:
            raise MalformedError("list record")
        n = [int.from_bytes(data[at : at + 4], "little") for at in (8, 12, 16)]
        return cls(bytes(data[:8]), n[0], n[1], n[2], data[20], data[21], data[22], data[23])


def encode(
    device_key: bytes,
    device: bytes,
    version: int,
    generated_unix: int,
    expires_unix: int,
    denied: "list[Record]",
    granted: "list[Record]",
) -> bytes:
    """The sealed list of one door."""
    header = Header(version, generated_unix, expires_unix, len(denied), len(granted), device)
    body = header.to_bytes()
    for section in (denied, granted):
        body += b"".join(sorted([record.to_bytes() for record in section]))
    return body + hmac_sha256(device_key, body)[:SEAL_SIZE]


def verify(device_key: bytes, device: bytes, data: bytes) -> Header:
    """The header of a whole list in memory; else SealError or MalformedError. The door checks its file in pieces."""
    body = data[:-SEAL_SIZE]
    if not same(hmac_sha256(device_key, body)[:SEAL_SIZE], data[-SEAL_SIZE:]):
        raise SealError("list seal")
    header = Header.from_bytes(body)
    if header.device != device or header.size() != len(data):
        raise MalformedError("list")
    return header
