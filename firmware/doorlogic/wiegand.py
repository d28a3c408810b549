"""Wiegand: edges to frames, frames to cards and keys. Timing and parity as SIA AC-01 has them (restated by makers).

Pulse widths are not looked at: every falling edge is a bit, and noise is told by its timing. A reader clocks its bits
evenly, so a frame whose longest interval is a quarter longer than its shortest lost an edge or caught one.
Both lines swapped turn every bit round; parity covers an odd number of bits in each format, so it fails.
"""

from doorwire import vocabulary as words

FRAME_END_US = 20_000  # silence that ends a frame: the longest interval between two pulses
END_INTERVALS = 5  # … or so many intervals of a slow reader: a few lost edges do not make two frames of one
SHORTEST_US = 200  # the shortest interval between two pulses: anything quicker is noise
LONGEST_FRAME = 64  # bits; more is no card of any format

EVEN = 0
ODD = 1
# bits of a frame: (parity rules, first data bit, data bits); a rule: (parity, parity bit, first, last of the bits it
# covers). Bits count from 0, the first on the wire. 37 is HID's H10304; 56 is a 7-byte serial number without parity.
FORMATS: "dict[int, tuple[tuple[tuple[int, int, int, int], ...], int, int]]" = {
    26: (((EVEN, 0, 1, 12), (ODD, 25, 13, 24)), 1, 24),
    34: (((EVEN, 0, 1, 16), (ODD, 33, 17, 32)), 1, 32),
    37: (((EVEN, 0, 1, 18), (ODD, 36, 18, 35)), 1, 35),
    56: ((), 0, 56),
}


class Frame:
    """Bits between two silences: `bits` as a number, the first on the wire highest. `noisy`: not to be trusted."""

    def __init__(self, count: int, bits: int, noisy: bool) -> None:
        self.count = count
        self.bits = bits
        self.noisy = noisy


class Framer:
    """Collects edges; bounded by LONGEST_FRAME. Who begins to listen may do so in the middle of a frame, the rest of
    which could pass for a card: nothing is trusted before the first silence.
    """

    def __init__(self) -> None:
        self._begin()
        self._noisy = True

    def _begin(self) -> None:
        self._count = 0
        self._bits = 0
        self._noisy = False
        self._shortest_us = FRAME_END_US
        self._longest_us = 0

    @property
    def empty(self) -> bool:
        """Nothing collected yet."""
        return self._count == 0

    @property
    def end_us(self) -> int:
        """How long a silence ends the frame being collected."""
        return max(FRAME_END_US, END_INTERVALS * self._longest_us)

    def edge(self, line: int, since_us: int) -> "Frame | None":
        """A falling edge on `line` (0 or 1), `since_us` after the one before: the frame that this silence ended."""
        ended = self.silence(since_us)
        if self._count:
            self._interval(since_us)
        if self._count < LONGEST_FRAME:
            self._bits = self._bits << 1 | line
        else:
            self._noisy = True
        self._count += 1
        return ended

    def lost(self) -> None:
        """Edges were lost: nothing up to the next silence is to be trusted."""
        self._noisy = True

    def silence(self, since_us: int) -> "Frame | None":
        """The frame that `since_us` without an edge has ended, if any."""
        if since_us <= self.end_us:
            return None
        frame = Frame(self._count, self._bits, self._noisy) if self._count else None
        self._begin()
        return frame

    def _interval(self, us: int) -> None:
        if us < self._shortest_us:
            self._shortest_us = us
        if us > self._longest_us:
            self._longest_us = min(us, FRAME_END_US)
        if us < SHORTEST_US or us > FRAME_END_US or 4 * self._longest_us > 5 * self._shortest_us:
            self._noisy = True


def decode(frame: Frame, formats: "tuple[int, ...]") -> "tuple[int, int]":
    """(reason, card): REASON_NONE and the card's data bits, or REASON_FORMAT or REASON_PARITY and 0.

    `formats`: lengths of FORMATS; a negative one is so many bits taken as they are, without parity.
    """
    if frame.noisy:
        return words.REASON_FORMAT, 0
    if -frame.count in formats:
        return words.REASON_NONE, frame.bits
    if frame.count not in formats or frame.count not in FORMATS:
        return words.REASON_FORMAT, 0
    rules, first, size = FORMATS[frame.count]
    for parity, bit, low, high in rules:
        covered = _part(frame, low, high - low + 1)
        if (_ones(covered) + _part(frame, bit, 1)) % 2 != parity:
            return words.REASON_PARITY, 0
    return words.REASON_NONE, _part(frame, first, size)


def _part(frame: Frame, first: int, size: int) -> int:
    return frame.bits >> (frame.count - first - size) & ((1 << size) - 1)


def _ones(number: int) -> int:
    ones = 0
    while number:
        number &= number - 1
        ones += 1
    return ones
