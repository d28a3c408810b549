"""Wrong PINs shut the keypad for a while. The count outlives a power cut: pulling the plug buys nobody more guesses."""

from device import flash

_LONGEST_S = 900


class PinLock:
    """`errors` wrong PINs in a row shut it for `lock_s`, twice as long each time until a right one."""

    def __init__(self, path: str, errors: int, lock_s: int, now_ms: int) -> None:
        self._path = path
        self._errors = errors
        self._lock_s = lock_s
        kept = flash.read(path) or b""
        self._wrong, self._locks = (kept[0], kept[1]) if len(kept) == 2 else (0, 0)
        self._until_ms = now_ms + self._time_ms() if self._wrong >= errors else 0

    def locked(self, now_ms: int) -> bool:
        """No PIN counts now, right or wrong."""
        return now_ms < self._until_ms

    def wrong(self, now_ms: int) -> bool:
        """One more wrong PIN: whether that shut the keypad."""
        if self._wrong >= self._errors:
            self._wrong = 0  # its time has passed
        self._wrong += 1
        shut = self._wrong >= self._errors
        if shut:
            self._locks = min(self._locks + 1, 8)
            self._until_ms = now_ms + self._time_ms()
        self._keep()
        return shut

    def right(self) -> None:
        """A right PIN: all is forgiven."""
        if self._wrong or self._locks:
            self._wrong = self._locks = 0
            self._keep()

    def _time_ms(self) -> int:
        return 1000 * min(self._lock_s << max(self._locks - 1, 0), _LONGEST_S)

    def _keep(self) -> None:
        try:
            flash.replace(self._path, bytes([self._wrong, self._locks]))
        except OSError:
            pass  # in memory it still counts
