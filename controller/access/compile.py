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

_HEAD = struct.Struct("<IIIB")  # person, not before, not after, flags
_MESSAGE = struct.Struct("<BQI")  # kind, value, person


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
    people = {person.id: person for person in document.people}
    revoked = {(_message(row), row.person) for row in document.credentials if row.revoked}
    by_scope: dict[tuple[str, ...], dict[str, list[bytes]]] = {}
    for row in document.credentials:
        person = people.get(row.person)
        if person is not None and not row.revoked:
            schedule, grant = _grant(row, person)
            by_scope.setdefault(tuple(scope(person)), {}).setdefault(schedule, []).append(grant)
    granted: dict[str, dict[str, list[bytes]]] = {}
    for ids, by_schedule in by_scope.items():
        for place in tree.covered(ids):
            for schedule, grants in by_schedule.items():
                granted.setdefault(place, {}).setdefault(schedule, []).extend(grants)
    compiled = []
    for door in doors:
        found = _compile(document, door, revoked, granted.get(door.place, {}), current.get(door.device))
        if found is not None:
            compiled.append(found)
    return compiled


def _compile(
    document: Document,
    door: DoorKey,
    revoked: set[tuple[bytes, int]],
    granted: dict[str, list[bytes]],
    current: Current | None,
) -> Compiled | None:
    """`granted`: by schedule, what `_grant` makes."""
    key, digest = doorlist.digest_key(door.key), hmac.digest
    calendar, numbers = door_calendar(document, granted)
    denied = [
        digest(key, message, "sha256")[:8] + _HEAD.pack(person, 0, 0, 0) + bytes(3) for message, person in revoked
    ]
    rows = []
    for schedule, grants in granted.items():
        number = bytes([numbers[schedule] if schedule else 0])
        rows += [digest(key, one[:13], "sha256")[:8] + one[13:26] + number + one[26:] for one in grants]
    denied.sort()
    rows.sort()
    content = hashlib.sha256(calendar.to_bytes() + calendar.utc_offset_min.to_bytes(2, "little", signed=True))
    content.update(b"denied" + b"".join(denied) + b"granted" + b"".join(rows) + b"granted")
    if current is not None and current.content_digest == content.digest():
        return None
    version = document.version if current is None else max(document.version, current.version + 1)
    device = bytes.fromhex(door.device)
    data = listwriter.encode_rows(door.key, device, version, document.issued_unix, 0, denied, rows, calendar)
    return Compiled(door.device, version, content.digest(), data)


def _grant(row: Credential, person: Person) -> tuple[str, bytes]:
    """A credential's schedule, and all the rest of its record that is the same for every door: what its digest is made
    of (13 bytes), then what stands before (13) and behind (2) the number of the schedule. Bytes only: nothing here for
    the garbage collector to follow, 100,000 times.
    """
    flags = doorlist.FLAG_DURESS if row.duress else 0
    if person.extended:
        flags |= doorlist.FLAG_EXTENDED
    if person.first_person:
        flags |= doorlist.FLAG_FIRST_PERSON
    if person.toggle:
        flags |= doorlist.FLAG_TOGGLE
    factor = doorlist.FACTOR_WITH_PIN if row.kind == "card" and row.factor == "both" else doorlist.FACTOR_ANY
    head = _HEAD.pack(row.person, row.not_before, row.not_after, flags)
    return row.schedule or person.schedule, _message(row) + head + bytes([row.uses, factor])


def _message(row: Credential) -> bytes:
    """What `doorlist.credential_digest` is made of; the C library makes it 20 times as fast."""
    value = row.value if isinstance(row.value, int) else doorlist.pin_value(row.value)
    kind, person = words.CREDENTIAL_CARD, 0
    if row.kind == "pin":
        kind = words.CREDENTIAL_PIN
        if row.factor == "both":
            kind, person = words.CREDENTIAL_CARD_PIN, row.person
    return _MESSAGE.pack(kind, value, person)
