"""The two clocks, as a value that tests can replace."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall clock and monotonic clock."""

    def unix(self) -> float:
        """Seconds since 1970."""

    def mono(self) -> float:
        """Seconds of a clock that is never set."""


class SystemClock:
    """This machine's clocks."""

    def unix(self) -> float:
        return time.time()

    def mono(self) -> float:
        return time.monotonic()
