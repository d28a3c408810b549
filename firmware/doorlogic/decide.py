"""Grant or deny, and why. Everything unknown denies."""

from doorwire import doorlist
from doorwire import vocabulary as words
from doorwire.doorlist import Header, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from doorlogic.search import Found

_KNOWN_FLAGS = doorlist.FLAG_EXTENDED


class Decision:
    """`extended`: release three times as long."""

    def __init__(self, grant: bool, reason: int, person: int = 0, extended: bool = False) -> None:
        self.grant = grant
        self.reason = reason
        self.person = person
        self.extended = extended


def decide(header: "Header | None", lookup: "Callable[[Header], Found]", now_unix: int, mode: int) -> Decision:
    """What this credential gets. `header` None: no list; `lookup` as `search.find`; `now_unix` 0: clock unknown."""
    decision = _by_list(header, lookup, now_unix)
    if mode == words.MODE_TRIAL and not decision.grant:
        return Decision(True, words.REASON_TRIAL, decision.person)
    if mode in (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED) and decision.grant:
        return Decision(False, words.REASON_LOCKED_DOWN, decision.person)
    return decision


def _by_list(header: "Header | None", lookup: "Callable[[Header], Found]", now_unix: int) -> Decision:
    if header is None:
        return Decision(False, words.REASON_NO_LIST)
    denied, record = lookup(header)
    if denied is not None:
        return Decision(False, words.REASON_REVOKED, denied.person)
    if record is None:
        return Decision(False, words.REASON_UNKNOWN_CREDENTIAL)
    reason = _age(header, now_unix) or _window(record, now_unix) or _conditions(record)
    if reason:
        return Decision(False, reason, record.person)
    return Decision(True, words.REASON_LISTED, record.person, bool(record.flags & doorlist.FLAG_EXTENDED))


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


def _conditions(record: Record) -> int:
    """What this firmware cannot check, it does not grant."""
    if record.factor == doorlist.FACTOR_WITH_PIN:
        return words.REASON_FACTOR_MISSING
    if record.schedule:
        return words.REASON_OUTSIDE_SCHEDULE
    if record.factor != doorlist.FACTOR_ANY or record.uses or record.flags & ~_KNOWN_FLAGS:
        return words.REASON_UNSUPPORTED
    return 0
