"""The time of day, as far as the door knows it: set by sealed messages, carried on by the board's uptime."""


class Clock:
    """Unknown after each boot until set."""

    def __init__(self) -> None:
        self._offset_ms = 0
        self._known = False

    def now_unix(self, uptime_ms: int) -> int:
        """Unix seconds, or 0 when unknown."""
        return (uptime_ms + self._offset_ms) // 1000 if self._known else 0

    def set(self, unix_ms: int, uptime_ms: int) -> "int | None":
        """It is `unix_ms` now: by how many milliseconds that moved the clock, or None when it was unknown."""
        offset = unix_ms - uptime_ms
        moved = offset - self._offset_ms if self._known else None
        self._offset_ms = offset
        self._known = True
        return moved
