"""Whether a schedule of the list is open now: local time, holidays, a bit a quarter of an hour."""

from doorwire.doorlist import HOLIDAY_SIZE, SCHEDULE_SIZE, Header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_DAY_S = 86_400
QUARTER_S = 900  # nothing changes within
_DAY_SIZE = 12
_HOLIDAY = 7  # the eighth day of a week


def is_open(read: "Callable[[int, int], bytes]", header: Header, number: int, now_unix: int) -> bool:
    """Schedule `number` (1 is the list's first). `read(offset, size)` reads the list's bytes. Unknown is shut."""
    if not now_unix or not 1 <= number <= header.schedules:
        return False
    local = now_unix + 60 * header.utc_offset_min
    day = local // _DAY_S
    weekday = _HOLIDAY if _is_holiday(read, header, day) else (day + 3) % 7  # 1970-01-01 was a Thursday
    quarter = local % _DAY_S // QUARTER_S
    at = header.calendar_at() + SCHEDULE_SIZE * (number - 1) + _DAY_SIZE * weekday + quarter // 8
    return bool(read(at, 1)[0] >> quarter % 8 & 1)


def _is_holiday(read: "Callable[[int, int], bytes]", header: Header, day: int) -> bool:
    if not header.holidays:
        return False
    days = read(header.calendar_at() + SCHEDULE_SIZE * header.schedules, HOLIDAY_SIZE * header.holidays)
    for at in range(0, len(days), HOLIDAY_SIZE):
        first, last = int.from_bytes(days[at : at + 2], "little"), int.from_bytes(days[at + 2 : at + 4], "little")
        if first <= day <= last:
            return True
    return False
