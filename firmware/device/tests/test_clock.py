"""The clock: unknown, set, bounded by what crystals drift, and the way back from a wrong time."""

from device.clock import Clock
from device.tests.desk import NOW, Desk, scratch
from doorwire import vocabulary as words
from doorwire.errors import RefusedError
from doorwire.messages import Time

START_MS = NOW * 1000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def refused(clock: Clock, unix_ms: int, uptime_ms: int) -> bool:
    """Whether that time was refused."""
    try:
        clock.set(unix_ms, uptime_ms)
    except RefusedError as error:
        return error.reason == words.REASON_CLOCK_BOUND
    return False


def test_clock_is_unknown_until_set_and_says_how_far_it_moved() -> None:
    clock = Clock()
    assert clock.now_unix(5_000) == 0
    assert clock.set(START_MS, 5_000) is None
    assert clock.now_unix(65_999) == NOW + 60
    assert clock.set(START_MS + 61_500, 65_000) == 1_500
    assert clock.now_unix(65_000) == NOW + 61


def test_clock_moves_as_far_as_crystals_drift_and_no_further() -> None:
    for after_ms, bound_ms in ((0, 2_000), (HOUR_MS, 2_720), (24 * HOUR_MS, 19_280)):
        for sign in (-1, 1):
            clock = Clock()
            clock.set(START_MS, 1_000)
            assert refused(clock, START_MS + after_ms + sign * (bound_ms + 1), 1_000 + after_ms)
            assert clock.now_unix(1_000 + after_ms) == (START_MS + after_ms) // 1000
            assert clock.set(START_MS + after_ms + sign * bound_ms, 1_000 + after_ms) == sign * bound_ms


def test_clock_follows_a_controller_that_insists_for_ten_minutes() -> None:
    clock = Clock()
    clock.set(START_MS, 0)
    wrong_ms = START_MS - HOUR_MS
    for minute in range(1, 11):
        assert refused(clock, wrong_ms + minute * MINUTE_MS, minute * MINUTE_MS), minute
    assert clock.set(wrong_ms + 11 * MINUTE_MS, 11 * MINUTE_MS) == -HOUR_MS


def test_clock_does_not_follow_two_wrong_times_however_far_apart() -> None:
    clock = Clock()
    clock.set(START_MS, 0)
    assert refused(clock, START_MS - HOUR_MS, MINUTE_MS)
    assert refused(clock, START_MS - HOUR_MS + 30 * MINUTE_MS, 31 * MINUTE_MS)


def test_clock_does_not_follow_times_that_disagree() -> None:
    clock = Clock()
    clock.set(START_MS, 0)
    for minute in range(1, 60):
        assert refused(clock, START_MS - HOUR_MS - minute * MINUTE_MS, minute * MINUTE_MS)


def test_clock_that_hears_the_right_time_in_between_forgets_the_wrong_one() -> None:
    clock = Clock()
    clock.set(START_MS, 0)
    for minute in range(1, 30):
        assert refused(clock, START_MS + HOUR_MS + minute * MINUTE_MS, minute * MINUTE_MS)
        if minute % 5 == 0:
            clock.set(START_MS + minute * MINUTE_MS, minute * MINUTE_MS)
    assert clock.now_unix(30 * MINUTE_MS) == NOW + 30 * 60


def test_door_records_a_time_beyond_the_bound_and_keeps_its_own() -> None:
    desk = Desk(scratch())
    desk.commands.heard(desk.frame(Time(unix=NOW, millis=0)))
    desk.board.now_ms += MINUTE_MS
    desk.commands.heard(desk.frame(Time(unix=NOW - 86_400, millis=0)))
    assert desk.events() == [
        (words.EVENT_CLOCK_SET, words.REASON_NONE),
        (words.EVENT_COMMAND_REFUSED, words.REASON_CLOCK_BOUND),
    ]
    assert desk.clock.now_unix(desk.board.now_ms) == NOW + 60
