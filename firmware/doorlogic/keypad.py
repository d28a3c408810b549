"""A reader's keypad: bursts of 4 or 8 bits to keys, keys to a PIN. Digits go nowhere else."""

from doorlogic.wiegand import Frame

CLEAR = 10  # *
ENTER = 11  # #
SHORTEST_PIN = 4
LONGEST_PIN = 12
SILENCE_MS = 10_000  # after which what was typed is forgotten


def key_of(frame: Frame) -> int:
    """0 … 9, CLEAR or ENTER; -1 when this burst is none. Eight bits: the key, and before it each bit inverted."""
    key = frame.bits & 15
    whole = frame.count == 4 or frame.count == 8 and frame.bits >> 4 == key ^ 15
    return key if whole and not frame.noisy and key <= ENTER else -1


class Keypad:
    """Collects digits."""

    def __init__(self) -> None:
        self._value = 1
        self._count = 0
        self._last_ms = 0

    def press(self, key: int, now_ms: int) -> int:
        """The PIN that this key completes, as `doorwire.doorlist.pin_value` has it; else 0."""
        if now_ms - self._last_ms >= SILENCE_MS:
            self.clear()
        self._last_ms = now_ms
        if key < CLEAR:
            self._count += 1
            self._value = self._value * 10 + key if self._count <= LONGEST_PIN else 1
            return 0
        value = self._value if key == ENTER and SHORTEST_PIN <= self._count <= LONGEST_PIN else 0
        self.clear()
        return value

    def clear(self) -> None:
        """Forget what was typed."""
        self._value = 1
        self._count = 0
