"""How many different vehicles passed in a day, without keeping which: keyed hashes, whose key lives for that day alone.

The key is never written anywhere: with it gone, nobody can ask the hashes about a plate. They are kept in memory only.
"""

import hashlib
import hmac

DAY_S = 86_400
_BYTES = 8  # 10,000 vehicles: two of them share a hash once in 10^11 days


def day_of(unix: float, utc_offset_s: int) -> int:
    """The first second of its local day."""
    return (int(unix) + utc_offset_s) // DAY_S * DAY_S - utc_offset_s


class DistinctVehicles:
    """One day's, from `day_unix` on. `key`: 32 random bytes."""

    def __init__(self, day_unix: int, key: bytes) -> None:
        self.day_unix = day_unix
        self._key = key
        self._seen: set[bytes] = set()
        self._new = 0

    def see(self, plate: str) -> None:
        """It passed."""
        digest = hmac.digest(self._key, plate.encode(), hashlib.sha256)[:_BYTES]
        self._new += digest not in self._seen
        self._seen.add(digest)

    def take(self) -> int:
        """How many since the last `take` had not passed before."""
        new, self._new = self._new, 0
        return new
