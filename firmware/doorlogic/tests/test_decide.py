"""Who gets in, and what the others are told."""

from doorlogic.decide import Decision, decide
from doorwire import vocabulary as words
from doorwire.doorlist import (
    FACTOR_ANY,
    FACTOR_WITH_PIN,
    FLAG_DURESS,
    FLAG_EXTENDED,
    FLAG_FIRST_PERSON,
    FLAG_TOGGLE,
    Header,
    Record,
)

NOW = 1_760_000_000
DAY = 86_400
DIGEST = bytes(8)


class Said:
    """A door whose list says this of the credential; its schedules in `shut` are shut; `times` it was used."""

    def __init__(self, granted: "Record | None", denied: "Record | None", shut: "tuple[int, ...]", times: int) -> None:
        self.granted = granted
        self.denied = denied
        self.shut = shut
        self.times = times

    def lookup(self) -> "tuple[Record | None, Record | None]":
        """As `search.find`."""
        return self.denied, self.granted

    def is_open(self, schedule: int) -> bool:
        """All but those that are shut."""
        return schedule not in self.shut

    def used(self, record: Record) -> int:
        """How often."""
        return self.times


def ask(
    granted: "Record | None",
    denied: "Record | None" = None,
    now_unix: int = NOW,
    mode: int = words.MODE_LOCKED,
    expires_unix: int = 0,
    shut: "tuple[int, ...]" = (),
    times: int = 0,
) -> Decision:
    """The decision with a list that says this."""
    header = Header(1, NOW - DAY, expires_unix, 1, 1, bytes(6))
    return decide(header, Said(granted, denied, shut, times), now_unix, mode)


def reason(granted: "Record | None", denied: "Record | None" = None, now_unix: int = NOW, expires_unix: int = 0) -> int:
    """Why it is denied; fails when granted."""
    decision = ask(granted, denied, now_unix, words.MODE_LOCKED, expires_unix)
    assert not decision.grant
    return decision.reason


def test_listed_is_granted_with_its_person() -> None:
    decision = ask(Record(DIGEST, 7))
    assert (decision.grant, decision.reason, decision.person) == (True, words.REASON_LISTED, 7)
    assert not decision.has(FLAG_EXTENDED)


def test_unknown_is_denied() -> None:
    assert reason(None) == words.REASON_UNKNOWN_CREDENTIAL


def test_revoked_is_denied_even_when_also_granted() -> None:
    decision = ask(Record(DIGEST, 7), Record(DIGEST, 7))
    assert (decision.grant, decision.reason, decision.person) == (False, words.REASON_REVOKED, 7)


def test_no_list_denies() -> None:
    decision = decide(None, Said(Record(DIGEST, 7), None, (), 0), NOW, words.MODE_LOCKED)
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


def test_what_the_firmware_does_not_know_is_denied() -> None:
    for record in (Record(DIGEST, 7, factor=2), Record(DIGEST, 7, flags=FLAG_EXTENDED | 0x80)):
        assert reason(record) == words.REASON_UNSUPPORTED


def test_flags_are_passed_on() -> None:
    flags = (FLAG_EXTENDED, FLAG_DURESS, FLAG_FIRST_PERSON, FLAG_TOGGLE)
    for flag in flags:
        decision = ask(Record(DIGEST, 7, flags=flag))
        assert decision.grant and [decision.has(other) for other in flags] == [other == flag for other in flags]


def expected(record: Record, now_unix: int, mode: int, revoked: bool, shut: bool, times: int, expired: bool) -> int:
    """What the words of the policy say: the reason of the denial, or 0. Written as rules, each by itself."""
    timed = record.not_before or record.not_after or record.schedule
    rules = (
        (mode == words.MODE_TRIAL, 0),
        (revoked, words.REASON_REVOKED),
        (expired and now_unix, words.REASON_LIST_TOO_OLD),
        (not now_unix and (record.not_before or record.not_after), words.REASON_CLOCK_UNKNOWN),
        (now_unix and now_unix < record.not_before, words.REASON_NOT_YET_VALID),
        (now_unix and record.not_after and now_unix > record.not_after, words.REASON_EXPIRED),
        (not now_unix and timed, words.REASON_CLOCK_UNKNOWN),
        (record.schedule and shut, words.REASON_OUTSIDE_SCHEDULE),
        (record.uses and times >= record.uses, words.REASON_USES_SPENT),
        (mode in (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED), words.REASON_LOCKED_DOWN),
        (record.factor == FACTOR_WITH_PIN, words.REASON_FACTOR_MISSING),
    )
    for applies, why in rules:
        if applies:
            return why
    return 0


def test_every_combination_of_a_small_world_follows_the_rules() -> None:
    """Windows × schedules × uses × factors × modes × clocks × lists, one oracle."""
    cases = granted = 0
    for window in ((0, 0), (NOW, 0), (NOW + 1, 0), (0, NOW), (0, NOW - 1), (NOW - 1, NOW + 1)):
        for schedule, uses, factor in [
            (s, u, f) for s in (0, 3) for u in (0, 2) for f in (FACTOR_ANY, FACTOR_WITH_PIN)
        ]:
            record = Record(DIGEST, 7, window[0], window[1], 0, schedule, uses, factor)
            for mode in range(1, words.LAST_MODE + 1):
                for world in range(48):
                    revoked, shut, expired, clock = world & 1, world & 2, world & 4, world & 8
                    times, now_unix = world // 16, NOW if clock else 0
                    decision = ask(
                        record,
                        record if revoked else None,
                        now_unix,
                        mode,
                        NOW - 1 if expired else 0,
                        (3,) if shut else (),
                        times,
                    )
                    why = expected(record, now_unix, mode, bool(revoked), bool(shut), times, bool(expired))
                    assert decision.grant == (why == 0), (window, schedule, uses, factor, mode, world)
                    assert why in (0, decision.reason) and decision.person == 7
                    cases += 1
                    granted += decision.grant
    assert cases == 6 * 8 * 7 * 48 and 0 < granted < cases


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
