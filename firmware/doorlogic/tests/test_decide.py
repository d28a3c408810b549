"""Who gets in, and what the others are told."""

from doorlogic.decide import Decision, decide
from doorwire import vocabulary as words
from doorwire.doorlist import FACTOR_WITH_PIN, FLAG_DURESS, FLAG_EXTENDED, Header, Record

NOW = 1_760_000_000
DAY = 86_400
DIGEST = bytes(8)


def ask(
    granted: "Record | None",
    denied: "Record | None" = None,
    now_unix: int = NOW,
    mode: int = words.MODE_LOCKED,
    expires_unix: int = 0,
) -> Decision:
    """The decision with a list that says this."""
    header = Header(1, NOW - DAY, expires_unix, 1, 1, bytes(6))
    return decide(header, lambda _: (denied, granted), now_unix, mode)


def reason(granted: "Record | None", denied: "Record | None" = None, now_unix: int = NOW, expires_unix: int = 0) -> int:
    """Why it is denied; fails when granted."""
    decision = ask(granted, denied, now_unix, words.MODE_LOCKED, expires_unix)
    assert not decision.grant
    return decision.reason


def test_listed_is_granted_with_its_person() -> None:
    decision = ask(Record(DIGEST, 7))
    assert (decision.grant, decision.reason, decision.person, decision.extended) == (
        True,
        words.REASON_LISTED,
        7,
        False,
    )


def test_unknown_is_denied() -> None:
    assert reason(None) == words.REASON_UNKNOWN_CREDENTIAL


def test_revoked_is_denied_even_when_also_granted() -> None:
    decision = ask(Record(DIGEST, 7), Record(DIGEST, 7))
    assert (decision.grant, decision.reason, decision.person) == (False, words.REASON_REVOKED, 7)


def test_no_list_denies() -> None:
    decision = decide(None, lambda _: (None, Record(DIGEST, 7)), NOW, words.MODE_LOCKED)
    assert (decision.grant, decision.reason) == (False, words.REASON_NO_LIST)


def test_window_is_inclusive_and_named() -> None:
    record = Record(DIGEST, 7, not_before=NOW, not_after=NOW + DAY)
    assert ask(record).grant and ask(record, now_unix=NOW + DAY).grant
    assert reason(record, now_unix=NOW - 1) == words.REASON_NOT_YET_VALID
    assert reason(record, now_unix=NOW + DAY + 1) == words.REASON_EXPIRED


def test_window_open_on_one_side() -> None:
    assert ask(Record(DIGEST, 7, not_before=NOW - 1)).grant
    assert reason(Record(DIGEST, 7, not_before=NOW + 1)) == words.REASON_NOT_YET_VALID
    assert ask(Record(DIGEST, 7, not_after=NOW + 1)).grant
    assert reason(Record(DIGEST, 7, not_after=NOW - 1)) == words.REASON_EXPIRED


def test_clock_unknown_opens_for_the_unrestricted_only() -> None:
    assert ask(Record(DIGEST, 7), now_unix=0).grant
    assert ask(Record(DIGEST, 7), now_unix=0, expires_unix=NOW - 1).grant
    assert reason(Record(DIGEST, 7, not_before=1), now_unix=0) == words.REASON_CLOCK_UNKNOWN
    assert reason(Record(DIGEST, 7, not_after=NOW + DAY), now_unix=0) == words.REASON_CLOCK_UNKNOWN


def test_expired_list_denies() -> None:
    assert ask(Record(DIGEST, 7), expires_unix=NOW).grant
    assert reason(Record(DIGEST, 7), expires_unix=NOW - 1) == words.REASON_LIST_TOO_OLD


def test_what_the_firmware_cannot_check_is_denied() -> None:
    assert reason(Record(DIGEST, 7, factor=FACTOR_WITH_PIN)) == words.REASON_FACTOR_MISSING
    assert reason(Record(DIGEST, 7, schedule=1)) == words.REASON_OUTSIDE_SCHEDULE
    for record in (
        Record(DIGEST, 7, factor=2),
        Record(DIGEST, 7, uses=1),
        Record(DIGEST, 7, flags=FLAG_DURESS),
        Record(DIGEST, 7, flags=FLAG_EXTENDED | 0x80),
    ):
        assert reason(record) == words.REASON_UNSUPPORTED


def test_extended_time_is_passed_on() -> None:
    assert ask(Record(DIGEST, 7, flags=FLAG_EXTENDED)).extended


def test_lockdown_denies_the_listed_and_keeps_other_reasons() -> None:
    for mode in (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED):
        decision = ask(Record(DIGEST, 7), mode=mode)
        assert (decision.grant, decision.reason, decision.person) == (False, words.REASON_LOCKED_DOWN, 7)
        assert ask(None, mode=mode).reason == words.REASON_UNKNOWN_CREDENTIAL


def test_trial_never_refuses_and_says_so() -> None:
    for granted, denied in ((None, None), (None, Record(DIGEST, 7)), (Record(DIGEST, 7, not_after=1), None)):
        decision = ask(granted, denied, mode=words.MODE_TRIAL)
        assert (decision.grant, decision.reason) == (True, words.REASON_TRIAL)
    assert ask(Record(DIGEST, 7), mode=words.MODE_TRIAL).reason == words.REASON_LISTED
