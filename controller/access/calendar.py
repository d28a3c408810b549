"""Schedules and holidays as a door's list has them, and whether one is open. Pure."""

from collections.abc import Iterable
from datetime import date

from controller.access.document import Document, Schedule, minutes
from doorwire import listwriter
from doorwire.listwriter import Calendar

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_S = 86_400


def door_calendar(document: Document, used: Iterable[str]) -> tuple[Calendar, dict[str, int]]:
    """The calendar of a door that uses these schedules, and their numbers in it (from 1)."""
    wanted = set(used)
    schedules = [row for row in document.schedules if row.id in wanted]
    numbers = {row.id: number for number, row in enumerate(schedules, 1)}
    if not schedules:
        return listwriter.ALWAYS, numbers
    weeks = tuple(_week(row) for row in schedules)
    return Calendar(weeks, tuple(_holidays(document)), document.utc_offset_min), numbers


def is_open(document: Document, schedule: str, now_unix: float) -> bool:
    """As the door decides it (`doorlogic.schedule`); "" is always open, an unknown one never."""
    if not schedule:
        return True
    row = next((row for row in document.schedules if row.id == schedule), None)
    if row is None:
        return False
    local = int(now_unix) + 60 * document.utc_offset_min
    day = local // _DAY_S
    holiday = any(first <= day <= last for first, last in _holidays(document))
    spans = row.week.get("holiday" if holiday else _DAYS[(day + 3) % 7], [])  # type: ignore[call-overload]
    minute = local % _DAY_S // 60
    return any(minutes(start) <= minute < minutes(end) for start, end in spans)


def _week(schedule: Schedule) -> bytes:
    days = {_DAYS.index(day): [(minutes(a), minutes(b)) for a, b in spans] for day, spans in schedule.week.items()}
    return listwriter.week(days)


def _holidays(document: Document) -> list[tuple[int, int]]:
    """First and last day, days since 1970-01-01."""
    return [(_day(row.first), _day(row.last)) for row in document.holidays]


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - _EPOCH
