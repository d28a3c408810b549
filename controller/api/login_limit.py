"""How often a password may be tried. Time is passed in."""

from collections import OrderedDict, deque

WINDOW_S = 300.0
NAME_AND_ADDRESS_LIMIT = 5  # GB 50396: alarm at 5 wrong attempts
ADDRESS_LIMIT = 20
NAME_LIMIT = 50  # from everywhere: a stranger cannot lock a guard out at once, nor guess for ever
KEYS_LIMIT = 10_000


class LoginLimit:
    """Counts failures of the last `WINDOW_S` by name and address, by address and by name. The oldest key gives way."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait_s(self, name: str, address: str, now_s: float) -> float:
        """Seconds until another try is allowed; 0: now."""
        return max(self._wait(key, limit, now_s) for key, limit in _keys(name, address))

    def failed(self, name: str, address: str, now_s: float) -> bool:
        """Take note of a wrong password; whether this one locks."""
        locked_before = self.wait_s(name, address, now_s) > 0
        for key, limit in _keys(name, address):
            times = self._failures.setdefault(key, deque(maxlen=limit))
            times.append(now_s)
            self._failures.move_to_end(key)
        while len(self._failures) > KEYS_LIMIT:
            self._failures.popitem(last=False)
        return not locked_before and self.wait_s(name, address, now_s) > 0

    def succeeded(self, name: str, address: str) -> None:
        """The right password clears that name at that address."""
        self._failures.pop((name, address), None)

    def _wait(self, key: tuple[str, str], limit: int, now_s: float) -> float:
        times = self._failures.get(key, deque())
        if len(times) < limit:
            return 0.0
        return max(0.0, times[0] + WINDOW_S - now_s)


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return (
        ((name, address), NAME_AND_ADDRESS_LIMIT),
        (("", address), ADDRESS_LIMIT),
        ((name, ""), NAME_LIMIT),
    )
