"""Makes the bytes of `doorlist.py`: the controller's side of it. Not on the door."""

import hashlib

from doorwire.doorlist import (
    DIGEST_SIZE,
    RECORD_SIZE,
    SCHEDULE_SIZE,
    Goal,
    Header,
    Record,
)
from doorwire.errors import MalformedError, SealError
from doorwire.frame import SEAL_SIZE, hmac_sha256, same


class Calendar:
    """`schedules`: weeks of 96 bytes, the first is number 1 in a record; `holidays`: (first day, last day)."""

    def __init__(
        self,
        schedules: "tuple[bytes, ...]" = (),
        holidays: "tuple[tuple[int, int], ...]" = (),
        utc_offset_min: int = 0,
    ):
        self.schedules = schedules
        self.holidays = holidays
        self.utc_offset_min = utc_offset_min

    def to_bytes(self) -> bytes:
        """As it stands behind the header. MalformedError when a week has another length."""
        if any([len(week) != SCHEDULE_SIZE for week in self.schedules]):
            raise MalformedError("schedule")
        days = [first.to_bytes(2, "little") + last.to_bytes(2, "little") for first, last in sorted(self.holidays)]
        return b"".join(self.schedules) + b"".join(days)


ALWAYS = Calendar()


def encode(
    device_key: bytes,
    device: bytes,
    version: int,
    generated_unix: int,
    expires_unix: int,
    denied: "list[Record]",
    granted: "list[Record]",
    calendar: Calendar = ALWAYS,
) -> bytes:
    """The sealed, whole list of one door. Of two records with one digest the one that sorts first counts."""
    rows = [[record.to_bytes() for record in section] for section in (denied, granted)]
    return encode_rows(device_key, device, version, generated_unix, expires_unix, rows[0], rows[1], calendar)


def encode_rows(
    device_key: bytes,
    device: bytes,
    version: int,
    generated_unix: int,
    expires_unix: int,
    denied: "list[bytes]",
    granted: "list[bytes]",
    calendar: Calendar = ALWAYS,
) -> bytes:
    """`encode` of records as bytes."""
    deny, grant = _section(denied), _section(granted)
    header = Header(
        version,
        generated_unix,
        expires_unix,
        len(deny),
        len(grant),
        device,
        utc_offset_min=calendar.utc_offset_min,
        schedules=len(calendar.schedules),
        holidays=len(calendar.holidays),
    )
    return _sealed(device_key, header.to_bytes() + calendar.to_bytes() + b"".join(deny) + b"".join(grant))


def encode_delta(device_key: bytes, base: bytes, goal: bytes) -> bytes:
    """The sealed delta from one whole list to another, both as `encode` makes them."""
    old, new = Header.from_bytes(base), Header.from_bytes(goal)
    sections = [_change(a, b) for a, b in zip(_sections(base, old), _sections(goal, new))]  # noqa: B905 (MicroPython)
    header = Header(
        new.version,
        new.generated_unix,
        new.expires_unix,
        len(sections[0][1]),
        len(sections[1][1]),
        new.device,
        old.version,
        len(sections[0][0]),
        len(sections[1][0]),
        new.utc_offset_min,
        new.schedules,
        new.holidays,
    )
    end = Goal(hashlib.sha256(goal).digest(), hashlib.sha256(base).digest()[:DIGEST_SIZE], new.denied, new.granted)
    body = header.to_bytes() + end.to_bytes() + goal[new.calendar_at() : new.removed_at()]
    for part in (sections[0][0], sections[1][0], sections[0][1], sections[1][1]):
        body += b"".join(part)
    return _sealed(device_key, body)


def verify(device_key: bytes, device: bytes, data: bytes) -> Header:
    """The header of a list or delta in memory; else SealError or MalformedError. The door checks its file in pieces."""
    body = data[:-SEAL_SIZE]
    if not same(hmac_sha256(device_key, body)[:SEAL_SIZE], data[-SEAL_SIZE:]):
        raise SealError("list seal")
    header = Header.from_bytes(body)
    if header.device != device or header.size() != len(data):
        raise MalformedError("list")
    return header


def week(open_hours: "dict[int, list[tuple[int, int]]]") -> bytes:
    """A schedule: day (0 Monday … 6 Sunday, 7 holiday) → [(from, to) in minutes of the day], quarters of an hour."""
    bits = bytearray(SCHEDULE_SIZE)
    for day, spans in open_hours.items():
        for start, end in spans:
            if not 0 <= day <= 7 or start % 15 or end % 15 or not 0 <= start < end <= 1440:
                raise MalformedError("schedule")
            for quarter in range(start // 15, end // 15):
                bits[12 * day + quarter // 8] |= 1 << quarter % 8
    return bytes(bits)


def _sealed(device_key: bytes, body: bytes) -> bytes:
    return body + hmac_sha256(device_key, body)[:SEAL_SIZE]


def _section(rows: "list[bytes]") -> "list[bytes]":
    """Sorted, each digest once."""
    kept: list[bytes] = []
    digest = b""
    for row in sorted(rows):
        if row[:DIGEST_SIZE] != digest:
            digest = row[:DIGEST_SIZE]
            kept.append(row)
    return kept


def _sections(data: bytes, header: Header) -> "list[bytes]":
    """The deny and the grant records."""
    denied_at = header.records_at()
    granted_at = denied_at + RECORD_SIZE * header.denied
    return [data[denied_at:granted_at], data[granted_at : granted_at + RECORD_SIZE * header.granted]]


def _change(old: bytes, new: bytes) -> "tuple[list[bytes], list[bytes]]":
    """(digests removed, records new or changed) between two sorted sections, sorted."""
    removed, rows, i, j = [], [], 0, 0
    while i < len(old) or j < len(new):
        was, row = old[i : i + RECORD_SIZE], new[j : j + RECORD_SIZE]
        if was == row:
            size = _same_for(old, i, new, j)
            i, j = i + size, j + size
        elif not row or b"" < was[:DIGEST_SIZE] < row[:DIGEST_SIZE]:
            removed.append(was[:DIGEST_SIZE])
            i += RECORD_SIZE
        else:
            rows.append(row)
            j += RECORD_SIZE
            if was[:DIGEST_SIZE] == row[:DIGEST_SIZE]:
                i += RECORD_SIZE
    return removed, rows


def _same_for(old: bytes, i: int, new: bytes, j: int) -> int:
    """How many bytes from these records on are the same: at least half of the stretch, in whole records."""
    size = RECORD_SIZE
    while i + size < len(old) and old[i : i + 2 * size] == new[j : j + 2 * size]:
        size *= 2
    return size
