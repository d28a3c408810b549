"""What a board offers the firmware. `board_unix.py`, `board_esp32.py` and `board_rp2.py` are the three there are."""

from array import array

from doorlogic.door import RESTING, Levels
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Uart(Protocol):
        """The readers' bus."""

        def read(self) -> bytes:
            """What has come in, at once."""

        def write(self, data: bytes) -> None:
            """On its way when this returns."""


RELAY = "relay"
LED = "led"
BUZZER = "buzzer"
TICKS_MASK = 0x3FFFFFFF  # microsecond ticks wrap at 2^30 on the chips


class EdgeRing:
    """Reader edges between interrupt and loop. When full, new edges are dropped and `overrun` says so. `since_us`: when
    it was begun to listen to the lines.
    """

    SIZE = 128

    def __init__(self) -> None:
        self._at = array("I", bytes(4 * self.SIZE))
        self._line = bytearray(self.SIZE)
        self._head = 0
        self._tail = 0
        self.overrun = False
        self.since_us = 0

    def put(self, line: int, at_us: int) -> None:
        """From an interrupt: allocates nothing. `at_us` within TICKS_MASK."""
        head = (self._head + 1) % 128
        if head == self._tail:
            self.overrun = True
            return
        self._at[self._head] = at_us
        self._line[self._head] = line
        self._head = head

    def __len__(self) -> int:
        return (self._head - self._tail) % self.SIZE

    def take(self) -> "tuple[int, int]":
        """(line, at_us) of the oldest edge; only when there is one."""
        edge = self._line[self._tail], self._at[self._tail]
        self._tail = (self._tail + 1) % self.SIZE
        return edge


class Board:
    """Outputs are low until the firmware drives them. Inputs are True when active, whatever the level on the wire."""

    ID = words.BOARD_UNIX

    def __init__(self) -> None:
        self.edges = EdgeRing()
        self.reset_cause = words.RESET_UNKNOWN

    def pulse(self, output: str, ms: int) -> None:
        """Drive an output for `ms` from now; a hardware timer ends it even if this program hangs."""
        raise NotImplementedError

    def set(self, output: str, level: bool) -> None:
        """Drive an output until told otherwise."""
        raise NotImplementedError

    def inputs(self) -> Levels:
        """The levels right now, not debounced."""
        return RESTING

    def uptime_ms(self) -> int:
        """Milliseconds since boot; never wraps."""
        raise NotImplementedError

    def ticks_us(self) -> int:
        """The clock of `edges`, within TICKS_MASK."""
        raise NotImplementedError

    async def wait(self, timeout_ms: int) -> None:
        """Until an edge or an input's change, at most `timeout_ms`."""
        raise NotImplementedError

    def uart(self, baud: int) -> "Uart":
        """The readers' bus, 8N1; OSError on a board that has none."""
        raise OSError("no reader bus")

    async def network_up(self) -> None:
        """Returns when there is a network; OSError when there is none yet."""

    def running(self) -> None:
        """The application runs."""

    def feed(self) -> None:
        """Whatever must live, lives: hold the watchdog off."""

    def restart(self) -> None:
        """Start again, outputs low. Does not return."""
        raise NotImplementedError
