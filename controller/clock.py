"""The two clocks, as a value that tests can replace."""

import secrets
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


def jittered(seconds: float, share: float = 0.2) -> float:
    """`seconds`, give or take a share of it, so that many controllers do not act at once."""
    return seconds * secrets.SystemRandom().uniform(1 - share, 1 + share)
