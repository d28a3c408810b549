"""Resets at any moment (`menshen bench boot` has 10,000 of them), and whether a careless door would be found."""

from device.board import RELAY
from device.tests.resets import EDGE_AT_BOOT, LEFT_ON, SHUT_OUT, TASKS, UNASKED, WAYS, Resets
from device.tests.warp import WARP, started


def found_in(start) -> "dict[str, int]":
    return Resets(1, start).run(100)["found"]


def test_no_reset_and_no_exception_moves_the_relay() -> None:
    seen = Resets(7).run(500)
    print("resets:", seen)
    assert not any(seen["found"].values()), seen["told"]
    assert seen["resets"] == 500 and all([seen["ways"][way] > 20 for way in WAYS])
    assert all([seen["exceptions"][task] for task in TASKS]) and seen["rises"] > 50 and seen["lists"] > 20


def test_door_that_pulses_its_relay_at_boot_is_found() -> None:
    def start(board, power):
        board.pulse(RELAY, 100)
        return started(board, power)

    assert found_in(start)[EDGE_AT_BOOT]


def test_door_that_holds_its_relay_without_a_timer_is_found() -> None:
    def start(board, power):
        board.pulse = lambda output, ms: board.set(output, True)
        return started(board, power)

    assert found_in(start)[LEFT_ON]


def test_door_that_releases_for_too_long_is_found() -> None:
    def start(board, power):
        pulse = board.pulse
        board.pulse = lambda output, ms: pulse(output, 20 * ms)
        return started(board, power)

    assert found_in(start)[LEFT_ON]


def test_door_that_opens_by_itself_is_found() -> None:
    def start(board, power):
        feed = board.feed

        def opening():
            feed()
            if board.fed_ms > WARP.now_ms - 1 and board.uptime_ms() > 3_000:
                board.pulse(RELAY, 5_000)

        board.feed = opening
        return started(board, power)

    assert found_in(start)[UNASKED]


def test_door_that_lets_nobody_in_is_found() -> None:
    def start(board, power):
        board.pulse = lambda output, ms: None
        return started(board, power)

    assert found_in(start)[SHUT_OUT]
