"""A Wiegand reader: edges out of the ring, cards, PINs or refusals out of frames."""

from device.board import TICKS_MASK, EdgeRing
from doorlogic.keypad import Keypad, key_of
from doorlogic.wiegand import Frame, Framer, decode
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Read = tuple[int, int, int]  # reason, CREDENTIAL_*, value


_TELL_MS = 10_000
_FEWEST = 4  # bits; less is a spike, no frame of anybody


class Reader:
    """`errors` counts frames that were no card: noise, length, parity. `keypad`: bits of a key, 0 = none."""

    def __init__(self, edges: EdgeRing, formats: "tuple[int, ...]", keypad: int = 0) -> None:
        self._edges = edges
        self._formats = formats
        self._key_bits = keypad
        self._keypad = Keypad()
        self._framer = Framer()
        self._refused = [0, 0]  # since they were told: by noise or length, by parity
        self._to_tell = [False, False]
        self._told_ms = [-_TELL_MS, -_TELL_MS]
        self.errors = 0
        self._last_us = edges.since_us

    def poll(self, ticks_us: "Callable[[], int]", now_ms: int) -> "list[Read]":
        """What has ended: a card or a whole PIN with REASON_NONE, or why frames were neither, and how many.

        A line that floats would fill the journal: each reason is told at once, but again after 10 s only. The ticks are
        taken after the last edge is: an interrupt may put one into the ring at any moment, and one that lies in the
        future would look like a long silence.
        """
        read: list[Read] = []
        while len(self._edges):
            line, at_us = self._edges.take()
            self._append(read, self._framer.edge(line, (at_us - self._last_us) & TICKS_MASK), now_ms)
            self._last_us = at_us
        if self._edges.overrun:
            self._edges.overrun = False
            self._framer.lost()
            self._last_us = ticks_us()
            while len(self._edges):
                self._edges.take()
        self._append(read, self._framer.silence((ticks_us() - self._last_us) & TICKS_MASK), now_ms)
        for parity in (0, 1):
            if self._to_tell[parity] and now_ms - self._told_ms[parity] >= _TELL_MS:
                reason = words.REASON_PARITY if parity else words.REASON_FORMAT
                read.append((reason, words.CREDENTIAL_NONE, self._refused[parity]))
                self._refused[parity] = 0
                self._to_tell[parity] = False
                self._told_ms[parity] = now_ms
        return read

    def due_ms(self) -> int:
        """After how long `poll` has to be asked again, or -1 when only an edge can bring news."""
        return -1 if self._framer.empty else self._framer.end_us // 1000 + 1

    def _append(self, read: "list[Read]", frame: "Frame | None", now_ms: int) -> None:
        if frame is None:
            return
        key = key_of(frame) if frame.count == self._key_bits else -1
        if key >= 0:
            pin = self._keypad.press(key, now_ms)
            if pin:
                read.append((words.REASON_NONE, words.CREDENTIAL_PIN, pin))
            return
        reason, card = decode(frame, self._formats)
        if reason == words.REASON_NONE:
            read.append((reason, words.CREDENTIAL_CARD, card))
            return
        parity = int(reason == words.REASON_PARITY)
        self.errors += 1
        self._refused[parity] += 1
        self._to_tell[parity] |= frame.count >= _FEWEST
