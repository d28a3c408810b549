"""A day of a door's life with what goes wrong in it (`menshen soak` has seven), and whether a leak would be found."""

import gc

from device.tests.soak import Life
from device.tests.warp import started

_FLAT = 1_024  # bytes that come and go
LEAKED = []


def test_a_day_with_faults_shuts_nobody_out_and_loses_nothing() -> None:
    gc.threshold(65_536)
    seen = Life(1, 1).run()
    print("soak:", seen)
    assert seen["shut_out"] == seen["strangers_in"] == 0 and seen["passages"] > 80 and seen["rejected"] > 5
    assert seen["releases"] <= seen["releases_asked"]
    assert seen["events"] > 400 and not seen["events_missing"] and not seen["gaps"]
    assert seen["power_cuts"] and seen["hostile"] > 100 and seen["lists"] > 5 and seen["connections"] > 20
    assert seen["heap_looks"] and seen["heap_growth_bytes"] < _FLAT
    assert seen["files_most"] <= seen["files_fewest"] + 2


def test_a_door_that_leaks_a_word_a_minute_is_found() -> None:
    def start(board, power):
        feed = board.feed
        LEAKED.clear()

        def leaking():
            feed()
            if board.uptime_ms() % 60_000 < 1_000:
                LEAKED.append(bytes(16))

        board.feed = leaking
        return started(board, power)

    seen = Life(1, 1, start).run()
    assert seen["heap_growth_bytes"] > _FLAT, seen
