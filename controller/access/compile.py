"""The community's document as each door's list. Same document, same key → same bytes.

Denied, on every door: all revoked credentials; a revoked one stays denied whoever else holds it. Granted: those of the
people whose ids cover the door. Expired and future ones are in the list, so that the door can say why it denies.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from controller.access.calendar import door_calendar
from controller.access.document import Credential, Document, Person
from controller.access.policy import scope
from controller.site.tree import Tree
from doorwire import doorlist, listwriter
from doorwire import vocabulary as words

_RECORD = struct.Struct("<8sIIIBBBB")


@dataclass(frozen=True, slots=True)
class DoorKey:
    """A door's board and its key."""

    place: str
    device: str
    key: bytes

    def __repr__(self) -> str:
        return f"DoorKey({self.place}, {self.device})"


@dataclass(frozen=True, slots=True)
class Current:
    """What a door should have so far."""

    version: int
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class Compiled:
    """A door's new list. `content_digest` covers its records, not its version."""

    device: str
    version: int
    content_digest: bytes
    data: bytes

    def __repr__(self) -> str:
        return f"Compiled({self.device}, version={self.version}, {len(self.data)} bytes)"


def compile_lists(
    document: Document, tree: Tree, doors: Iterable[DoorKey], current: dict[str, Current]
) -> list[Compiled]:
    """New lists for the doors whose records differ from `current`; their version is the document's, or one more than
    the door's last where that is not lower."""
    revoked = [row for row in document.credentials if row.revoked]
    held: dict[int, list[Credential]] = {}
    for row in document.credentials:
        if not row.revoked:
            held.setdefault(row.person, []).append(row)
    people = {person.id: person for person in document.people}
    granted: dict[str, list[Credential]] = {}
    for person in document.people:
        for place in tree.covered(scope(person)):
            granted.setdefault(place, []).extend(held.get(person.id, []))
    compiled = []
    for door in doors:
        found = _compile(document, people, door, revoked, granted.get(door.place, []), current.get(door.device))
        if found is not None:
            compiled.append(found)
    return compiled


def _compile(
    document: Document,
    people: dict[int, Person],
    door: DoorKey,
    revoked: list[Credential],
    granted: list[Credential],
    current: Current | None,
) -> Compiled | None:
    key = doorlist.digest_key(door.key)
    calendar, numbers = door_calendar(document, {row.schedule or people[row.person].schedule for row in granted})
    denied = list({_RECORD.pack(_digest(key, row), row.person, 0, 0, 0, 0, 0, 0) for row in revoked})
    granted_rows = [_record(_digest(key, row), row, people[row.person], numbers) for row in granted]
    content = hashlib.sha256(calendar.to_bytes() + calendar.utc_offset_min.to_bytes(2, "little", signed=True))
    content.update(b"denied" + b"".join(sorted(denied)) + b"granted" + b"".join(sorted(granted_rows)) + b"granted")
    digest = content.digest()
    if current is not None and current.content_digest == digest:
        return None
    version = document.version if current is None else max(document.version, current.version + 1)
    device = bytes.fromhex(door.device)
    data = listwriter.encode_rows(door.key, device, version, document.issued_unix, 0, denied, granted_rows, calendar)
    return Compiled(door.device, version, digest, data)


def _record(digest: bytes, row: Credential, person: Person, schedules: dict[str, int]) -> bytes:
    """`doorlist.Record.to_bytes` by the C library."""
    flags = doorlist.FLAG_DURESS if row.duress else 0
    if person.extended:
        flags |= doorlist.FLAG_EXTENDED
    if person.first_person:
        flags |= doorlist.FLAG_FIRST_PERSON
    if person.toggle:
        flags |= doorlist.FLAG_TOGGLE
    schedule = row.schedule or person.schedule
    return _RECORD.pack(
        digest,
        row.person,
        row.not_before,
        row.not_after,
        flags,
        schedules[schedule] if schedule else 0,
        row.uses,
        doorlist.FACTOR_WITH_PIN if row.kind == "card" and row.factor == "both" else doorlist.FACTOR_ANY,
    )


def _digest(key: bytes, row: Credential) -> bytes:
    """`doorlist.credential_digest` by the C library: 20 times as fast, which a push to every door needs."""
    value = row.value if isinstance(row.value, int) else doorlist.pin_value(row.value)
    kind, person = words.CREDENTIAL_CARD, 0
    if row.kind == "pin":
        kind = words.CREDENTIAL_PIN
        if row.factor == "both":
            kind, person = words.CREDENTIAL_CARD_PIN, row.person
    message = bytes([kind]) + value.to_bytes(8, "little") + person.to_bytes(4, "little")
    return hmac.digest(key, message, "sha256")[: doorlist.DIGEST_SIZE]
