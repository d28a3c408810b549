"""The time of day, as far as the door knows it: set by sealed messages, carried on by the board's uptime."""

from doorwire import vocabulary as words
from doorwire.errors import RefusedError

_SLACK_MS = 2_000  # of a frame's way and of the controller's own clock
_DRIFT_PPM = 200  # a chip's crystal, over temperature and ten years
_INSIST_TIMES = 3
_INSIST_MS = 600_000


class Clock:
    """Unknown after each boot until set.

    Once set, a time that lies further off than a clock drifts is refused: a controller whose own clock jumps does not
    move the doors' with it. One that insists is right: `_INSIST_TIMES` times that agree, over `_INSIST_MS`.
    """

    def __init__(self) -> None:
        self._offset_ms = 0
        self._set_ms = -1  # the uptime when it was last set
        self._asked_ms = 0  # the offset that was refused …
        self._since_ms = 0  # … from this uptime on …
        self._times = 0  # … so many times

    def now_unix(self, uptime_ms: int) -> int:
        """Unix seconds, or 0 when unknown."""
        return (uptime_ms + self._offset_ms) // 1000 if self._set_ms >= 0 else 0

    def set(self, unix_ms: int, uptime_ms: int) -> "int | None":
        """It is `unix_ms` now: by how many milliseconds that moved the clock, or None when it was unknown.

        RefusedError, and nothing has moved, when no clock drifts that far.
        """
        offset_ms = unix_ms - uptime_ms
        moved_ms = None
        if self._set_ms >= 0:
            moved_ms = offset_ms - self._offset_ms
            if not _drift(moved_ms, uptime_ms - self._set_ms) and not self._insisted(offset_ms, uptime_ms):
                raise RefusedError(words.REASON_CLOCK_BOUND)
        self._offset_ms = offset_ms
        self._set_ms = uptime_ms
        self._times = 0
        return moved_ms

    def _insisted(self, offset_ms: int, uptime_ms: int) -> bool:
        """Whether this refused time has now been said often enough, for long enough, and nothing else since."""
        if not self._times or not _drift(offset_ms - self._asked_ms, uptime_ms - self._since_ms):
            self._asked_ms, self._since_ms, self._times = offset_ms, uptime_ms, 0
        self._times += 1
        return self._times >= _INSIST_TIMES and uptime_ms - self._since_ms >= _INSIST_MS


def _drift(moved_ms: int, after_ms: int) -> bool:
    """Whether two good clocks can differ by that after so long."""
    return abs(moved_ms) <= _SLACK_MS + after_ms * _DRIFT_PPM // 1_000_000
