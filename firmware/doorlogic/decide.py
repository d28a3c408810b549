"""Grant or deny, and why. Everything unknown denies."""

from doorwire import doorlist
from doorwire import vocabulary as words
from doorwire.doorlist import Header, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from doorlogic.search import Found

    class Asked(Protocol):
        """What a decision may ask of the door. OSError when flash does not answer."""

        def lookup(self) -> Found:
            """The credential's deny and grant record, as `search.find`."""

        def is_open(self, schedule: int) -> bool:
            """Whether this schedule is open now."""

        def used(self, record: Record) -> int:
            """How often a credential with limited uses was used."""


_KNOWN_FLAGS = doorlist.FLAG_EXTENDED | doorlist.FLAG_DURESS | doorlist.FLAG_FIRST_PERSON | doorlist.FLAG_TOGGLE


class Decision:
    """`record`: the grant record that it stands on. REASON_FACTOR_MISSING: all is well but for the person's PIN."""

    def __init__(self, grant: bool, reason: int, person: int = 0, record: "Record | None" = None) -> None:
        self.grant = grant
        self.reason = reason
        self.person = person
        self.record = record

    def has(self, flag: int) -> bool:
        """Whether its record has this FLAG_*."""
        return self.record is not None and bool(self.record.flags & flag)


def decide(header: "Header | None", asked: "Asked", now_unix: int, mode: int) -> Decision:
    """What this credential gets. `header` None: no list; `now_unix` 0: clock unknown."""
    decision = _by_list(header, asked, now_unix)
    if mode == words.MODE_TRIAL and not decision.grant:
        return Decision(True, words.REASON_TRIAL, decision.person)
    well = decision.grant or decision.reason == words.REASON_FACTOR_MISSING
    if well and mode in (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED):
        return Decision(False, words.REASON_LOCKED_DOWN, decision.person)
    return decision


def _by_list(header: "Header | None", asked: "Asked", now_unix: int) -> Decision:
    if header is None:
        return Decision(False, words.REASON_NO_LIST)
    denied, record = asked.lookup()
    if denied is not None:
        return Decision(False, words.REASON_REVOKED, denied.person)
    if record is None:
        return Decision(False, words.REASON_UNKNOWN_CREDENTIAL)
    reason = _age(header, now_unix) or _window(record, now_unix) or _conditions(record, asked, now_unix)
    return Decision(not reason, reason or words.REASON_LISTED, record.person, record)


def _age(header: Header, now_unix: int) -> int:
    """A list past its time opens nothing; with an unknown clock its age is unknown and does not count."""
    return words.REASON_LIST_TOO_OLD if header.expires_unix and now_unix > header.expires_unix else 0


def _window(record: Record, now_unix: int) -> int:
    if not record.not_before and not record.not_after:
        return 0
    if not now_unix:
        return words.REASON_CLOCK_UNKNOWN
    if now_unix < record.not_before:
        return words.REASON_NOT_YET_VALID
    if record.not_after and now_unix > record.not_after:
        return words.REASON_EXPIRED
    return 0


def _conditions(record: Record, asked: "Asked", now_unix: int) -> int:
    """What this firmware does not know, it does not grant. The PIN last: it is asked for when all else is well."""
    if record.flags & ~_KNOWN_FLAGS or record.factor not in (doorlist.FACTOR_ANY, doorlist.FACTOR_WITH_PIN):
        return words.REASON_UNSUPPORTED
    if record.schedule:
        if not now_unix:
            return words.REASON_CLOCK_UNKNOWN
        if not asked.is_open(record.schedule):
            return words.REASON_OUTSIDE_SCHEDULE
    if record.uses and asked.used(record) >= record.uses:
        return words.REASON_USES_SPENT
    return words.REASON_FACTOR_MISSING if record.factor == doorlist.FACTOR_WITH_PIN else 0
