"""Schedules: local time, holidays, quarters of an hour."""

from doorlogic.schedule import is_open
from doorwire.doorlist import Header
from doorwire.listwriter import Calendar, encode, week
from doorwire.tests.vectors import DEVICE, KEY

MONDAY = 1_760_313_600  # 2025-10-13 00:00 UTC
DAY = 86_400
OFFICE = week({0: [(480, 720), (840, 1080)], 4: [(0, 1440)], 7: [(600, 615)]})
NIGHT = week({6: [(1425, 1440)], 0: [(0, 15)]})


def opened(calendar: Calendar, number: int, now_unix: int) -> bool:
    """Whether a list with this calendar says open."""
    data = encode(KEY, DEVICE, 1, 0, 0, [], [], calendar)
    return is_open(lambda at, size: data[at : at + size], Header.from_bytes(data), number, now_unix)


def test_schedule_is_open_in_its_spans_and_at_no_other_quarter_of_the_week() -> None:
    calendar = Calendar((NIGHT, OFFICE), (), 0)
    for quarter in range(7 * 96):
        day, minute = quarter // 96, quarter % 96 * 15
        office = day == 4 or day == 0 and (480 <= minute < 720 or 840 <= minute < 1080)
        night = day == 6 and minute >= 1425 or day == 0 and minute < 15
        for second in (0, 899):
            at = MONDAY + day * DAY + minute * 60 + second
            assert opened(calendar, 2, at) == office and opened(calendar, 1, at) == night, (day, minute)


def test_schedule_counts_in_local_time() -> None:
    for offset in (480, -210, 345):
        calendar = Calendar((OFFICE,), (), offset)
        assert opened(calendar, 1, MONDAY + 480 * 60 - offset * 60)
        assert not opened(calendar, 1, MONDAY + 480 * 60 - offset * 60 - 1)


def test_holiday_has_its_own_day() -> None:
    first = MONDAY // DAY
    calendar = Calendar((OFFICE,), ((first - 40, first - 30), (first, first + 6)), 480)
    local = MONDAY - 480 * 60
    for day in range(7):
        assert opened(calendar, 1, local + day * DAY + 600 * 60)
        assert not opened(calendar, 1, local + day * DAY + 480 * 60)
    assert opened(calendar, 1, local + 7 * DAY + 480 * 60)
    assert not opened(calendar, 1, local - 3 * DAY - 1 - 600 * 60 + 600 * 60)


def test_schedule_that_is_not_there_and_a_clock_that_is_unknown_are_shut() -> None:
    calendar = Calendar((bytes([255]) * 96,), (), 0)
    assert opened(calendar, 1, MONDAY)
    assert not opened(calendar, 0, MONDAY) and not opened(calendar, 2, MONDAY) and not opened(calendar, 1, 0)
