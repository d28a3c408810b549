"""A door's list as bytes: what the controller compiles, what the door keeps in flash and searches there.

A whole list:

| bytes | what |
|---|---|
| 48 | header (`Header`), b"ML" |
| 96 × schedules | weeks: Monday … Sunday, holiday; 12 bytes a day, a bit a quarter of an hour, lowest bit first |
| 4 × holidays | first and last day, days since 1970-01-01 in local time, 2 bytes each, sorted |
| 24 × denied | deny records, sorted by digest: looked up first |
| 24 × granted | grant records, sorted by digest |
| 16 | HMAC-SHA256 of all of the above under the device's key, first half |

A delta has what turns one whole list into another:

| bytes | what |
|---|---|
| 48 | header, b"MD"; `denied` and `granted` count the records below |
| 48 | SHA-256 of the whole list it leads to, first 8 bytes of the base's, denied and granted of the result (`Goal`) |
| 96 × schedules, 4 × holidays | as in the whole list it leads to: all of them |
| 8 × removed denied, 8 × removed granted | digests, sorted |
| 24 × denied, 24 × granted | new and changed records, sorted |
| 16 | seal |

A digest occurs once in a section. Credentials appear only as keyed digests, so a list read out of a stolen door names
nobody's card or PIN. `listwriter.py` makes both kinds, off the door.
"""

from doorwire.errors import MalformedError
from doorwire.frame import DEVICE_ID_SIZE, SEAL_SIZE, hmac_sha256

FORMAT = 2
WHOLE = b"ML"
DELTA = b"MD"
HEADER_SIZE = 48
GOAL_SIZE = 48
SCHEDULE_SIZE = 96
HOLIDAY_SIZE = 4
RECORD_SIZE = 24
DIGEST_SIZE = 8
WHOLE_LIMIT = 500_000  # bytes of a whole list: 20,000 records, 200 schedules
DELTA_LIMIT = 24_576  # of a delta: about 1,000 changes. So flash holds all there may be at once

FLAG_EXTENDED = 1  # release time ×3, for those who need it
FLAG_DURESS = 2  # opens, and raises a silent alarm
FLAG_FIRST_PERSON = 4  # whose coming lets a first-person-in schedule begin
FLAG_TOGGLE = 8  # may switch the door between Locked and Unlocked by showing the card twice
FACTOR_ANY = 0  # this credential alone suffices
FACTOR_WITH_PIN = 1  # this card and one of the same person's PINs


def digest_key(device_key: bytes) -> bytes:
    """The key of this door's credential digests."""
    return hmac_sha256(device_key, b"menshen list digest 1")


def credential_digest(key: bytes, kind: int, value: int, person: int = 0) -> bytes:
    """8 bytes. `key` from `digest_key`; `kind` a CREDENTIAL_*; `value` a card's data bits or `pin_value`; `person`
    for CREDENTIAL_CARD_PIN, else 0: two people may have the same PIN behind their cards.
    """
    return hmac_sha256(key, bytes([kind]) + value.to_bytes(8, "little") + person.to_bytes(4, "little"))[:DIGEST_SIZE]


def pin_value(digits: str) -> int:
    """A PIN as a number that keeps its leading zeros."""
    return int("1" + digits)


class Header:
    """What a list or a delta says of itself. `base_version` 0: a whole list. Times are unix seconds, expires 0 = never;
    `utc_offset_min` is what local time is ahead of UTC.
    """

    def __init__(
        self,
        version: int,
        generated_unix: int,
        expires_unix: int,
        denied: int,
        granted: int,
        device: bytes,
        base_version: int = 0,
        removed_denied: int = 0,
        removed_granted: int = 0,
        utc_offset_min: int = 0,
        schedules: int = 0,
        holidays: int = 0,
    ):
        self.version = version
        self.generated_unix = generated_unix
        self.expires_unix = expires_unix
        self.denied = denied
        self.granted = granted
        self.device = device
        self.base_version = base_version
        self.removed_denied = removed_denied
        self.removed_granted = removed_granted
        self.utc_offset_min = utc_offset_min
        self.schedules = schedules
        self.holidays = holidays

    def to_bytes(self) -> bytes:
        numbers = (
            self.version,
            self.base_version,
            self.generated_unix,
            self.expires_unix,
            self.denied,
            self.granted,
            self.removed_denied,
            self.removed_granted,
        )
        return (
            (DELTA if self.base_version else WHOLE)
            + bytes([FORMAT, RECORD_SIZE])
            + b"".join([number.to_bytes(4, "little") for number in numbers])
            + self.device
            + (self.utc_offset_min & 0xFFFF).to_bytes(2, "little")
            + bytes([self.schedules, self.holidays, 0, 0])
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """The header of `data` (its first 48 bytes); MalformedError when it is none."""
        if len(data) < HEADER_SIZE or data[2:4] != bytes([FORMAT, RECORD_SIZE]) or data[46:48] != b"\x00\x00":
            raise MalformedError("list header")
        n = [int.from_bytes(data[at : at + 4], "little") for at in range(4, 36, 4)]
        if data[:2] != (DELTA if n[1] else WHOLE):
            raise MalformedError("list header")
        device = bytes(data[36 : 36 + DEVICE_ID_SIZE])
        offset = int.from_bytes(data[42:44], "little")
        offset -= (offset & 0x8000) << 1
        return cls(n[0], n[2], n[3], n[4], n[5], device, n[1], n[6], n[7], offset, data[44], data[45])

    def calendar_at(self) -> int:
        """Where the schedules begin; the holidays follow them."""
        return HEADER_SIZE + (GOAL_SIZE if self.base_version else 0)

    def removed_at(self) -> int:
        """Where a delta's removed digests begin: denied, then granted."""
        return self.calendar_at() + SCHEDULE_SIZE * self.schedules + HOLIDAY_SIZE * self.holidays

    def removed(self, granted: int) -> "tuple[int, int]":
        """Where the removed digests of the deny (0) or the grant (1) records begin, and how many there are."""
        if granted:
            return self.removed_at() + DIGEST_SIZE * self.removed_denied, self.removed_granted
        return self.removed_at(), self.removed_denied

    def records_at(self) -> int:
        """Where the deny records begin; the grant records follow them."""
        return self.removed_at() + DIGEST_SIZE * (self.removed_denied + self.removed_granted)

    def records(self, granted: int) -> "tuple[int, int]":
        """Where the deny (0) or the grant (1) records begin, and how many there are."""
        if granted:
            return self.records_at() + RECORD_SIZE * self.denied, self.granted
        return self.records_at(), self.denied

    def size(self) -> int:
        """Bytes of the whole thing."""
        return self.records_at() + RECORD_SIZE * (self.denied + self.granted) + SEAL_SIZE


class Goal:
    """Where a delta leads: the whole list's SHA-256 and record counts; `base_digest`: from which one (8 bytes)."""

    def __init__(self, digest: bytes, base_digest: bytes, denied: int, granted: int):
        self.digest = digest
        self.base_digest = base_digest
        self.denied = denied
        self.granted = granted

    def to_bytes(self) -> bytes:
        counts = self.denied.to_bytes(4, "little") + self.granted.to_bytes(4, "little")
        return self.digest + self.base_digest + counts

    @classmethod
    def from_bytes(cls, data: bytes) -> "Goal":
        """The goal that these 48 bytes are."""
        if len(data) != GOAL_SIZE:
            raise MalformedError("delta goal")
        denied, granted = int.from_bytes(data[40:44], "little"), int.from_bytes(data[44:48], "little")
        return cls(bytes(data[:32]), bytes(data[32:40]), denied, granted)


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
