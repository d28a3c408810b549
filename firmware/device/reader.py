"""A Wiegand reader: edges out of the ring, cards or refusals out of frames."""

from device.board import TICKS_MASK, EdgeRing
from doorlogic.wiegand import FRAME_END_US, Frame, Framer, decode
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Reader:
    """`errors` counts frames that were no card: noise, other lengths, wrong parity."""

    def __init__(self, edges: EdgeRing, formats: "tuple[int, ...]") -> None:
        self._edges = edges
        self._formats = formats
        self._framer = Framer()
        self._last_us = 0
        self.errors = 0

    def poll(self, ticks_us: "Callable[[], int]") -> "list[tuple[int, int]]":
        """(reason, card) of each frame that has ended: REASON_NONE, or why it is no card.

        The time is taken after the last edge is: an interrupt may put one into the ring at any moment, and one that
        lies in the future would look like a long silence.
        """
        read: list[tuple[int, int]] = []
        while len(self._edges):
            line, at_us = self._edges.take()
            self._append(read, self._framer.edge(line, (at_us - self._last_us) & TICKS_MASK))
            self._last_us = at_us
        if self._edges.overrun:
            self._edges.overrun = False
            self._framer.lost()
        self._append(read, self._framer.silence((ticks_us() - self._last_us) & TICKS_MASK))
        return read

    def due_ms(self) -> int:
        """After how long `poll` has to be asked again, or -1 when only an edge can bring news."""
        return -1 if self._framer.empty else FRAME_END_US // 1000 + 1

    def _append(self, read: "list[tuple[int, int]]", frame: "Frame | None") -> None:
        if frame is not None:
            reason, card = decode(frame, self._formats)
            self.errors += reason != words.REASON_NONE
            read.append((reason, card))
