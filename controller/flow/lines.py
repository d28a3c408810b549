"""Two-line counting: what crosses both lines counts once, with its direction; loitering and U-turns do not.

Of a lane each line says how much of it is covered, as an inductive loop would. The rule is the loop pair's: a passage
counts when the line that was covered first and the line that is cleared last are not the same one. Of somebody who is
followed, one line has two edges: who was beyond the one and is beyond the other has crossed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

COVERED = 0.2  # share of a line from which something is on it
CLEAR = 0.06  # share below which it is off again; between the two nothing changes
HOLD_S = 0.3  # it must stay clear that long: a windscreen is as dark as the road
EDGE = 0.15  # body heights to either side of a line: 25 cm, about the sway of a person who stands


@dataclass(frozen=True, slots=True)
class Crossing:
    """`direction` is "in" (first line to second) or "out"; `spent_s` from the first cover to the last clearing."""

    direction: str
    at_s: float
    spent_s: float


@dataclass(frozen=True, slots=True)
class Visit:
    """Something was in a zone from `began_s` for `dwell_s`."""

    began_s: float
    dwell_s: float


class Switch:
    """Covered or clear, with hysteresis in share and in time."""

    def __init__(self, covered: float = COVERED, clear: float = CLEAR, hold_s: float = HOLD_S) -> None:
        self._covered, self._clear, self._hold_s = covered, clear, hold_s
        self._low_since: float | None = None
        self.on = False

    def see(self, share: float, at_s: float) -> bool:
        """Whether something is on it now."""
        if not self.on:
            self.on = share >= self._covered
            self._low_since = None
        elif share > self._clear:
            self._low_since = None
        else:
            self._low_since = at_s if self._low_since is None else self._low_since
            self.on = at_s - self._low_since < self._hold_s
        return self.on


class LaneCounter:
    """One lane, its lines nearer to one another than a car is long.

    Cars that follow are told apart when both lines are clear between them; or, nearer, when the first line is covered
    anew while the car before is on the second, and the lane between the lines shows the gap.
    """

    def __init__(self) -> None:
        self._lines = (Switch(), Switch())
        self._first: int | None = None
        self._last = 0
        self._began_s = 0.0
        self._ahead: int | None = None  # the line on which a car still is that was counted already

    def see(self, first: float, second: float, at_s: float, between: Sequence[float] = ()) -> Crossing | None:
        """Shares of both lines that are covered at `at_s`, and of the strips between them.

        A crossing at the moment when the lane is clear again, or when the next car has come.
        """
        on = [line.see(share, at_s) for line, share in zip(self._lines, (first, second), strict=True)]
        if self._ahead is not None:
            if on[self._ahead]:
                on[self._ahead] = False
            else:
                self._ahead = None
        if not any(on):
            entered, self._first = self._first, None
            if entered is None or entered == self._last:
                return None
            return self._crossing(entered, at_s)
        if self._first is None:
            if all(on):  # both at once: it came from the side, or the light changed
                return None
            self._first, self._began_s = on.index(True), at_s
        if not all(on):
            self._last = on.index(True)
            return None
        parted = min(first, second) >= COVERED and any(share <= CLEAR for share in between)
        if self._last != self._first and parted:
            crossing = self._crossing(self._first, at_s)
            self._ahead, self._last, self._began_s = self._last, self._first, at_s
            return crossing
        return None

    def _crossing(self, entered: int, at_s: float) -> Crossing:
        return Crossing("in" if entered == 0 else "out", at_s, at_s - self._began_s)

    @property
    def occupied(self) -> bool:
        """Something is on one of the lines."""
        return any(line.on for line in self._lines)


class PathCounter:
    """One person's way across one line, as far as it is followed."""

    def __init__(self) -> None:
        self._side = 0
        self._since_s = 0.0

    def see(self, beyond: float, at_s: float, within: bool = True) -> Crossing | None:
        """`beyond`: body heights on the "in" side of the line, negative on the other; `within`: before the line's own
        length, not past one of its ends; a crossing at the moment when the far edge is passed there.
        """
        if abs(beyond) < EDGE:
            return None
        side = 1 if beyond > 0 else -1
        old, self._side = self._side, side
        began_s, self._since_s = self._since_s, at_s
        if old in (0, side) or not within:
            return None
        return Crossing("in" if side > 0 else "out", at_s, at_s - began_s)


class Zone:
    """Visits of a zone, and how long they were; a short absence is the same visit."""

    def __init__(self, covered: float, clear: float, absence_s: float = 1.0, least_s: float = 1.0) -> None:
        self._switch = Switch(covered, clear, absence_s)
        self._least_s = least_s
        self._began_s: float | None = None
        self._seen_s = 0.0
        self._clear = clear

    def see(self, share: float, at_s: float) -> Visit | None:
        """The share of the zone that is covered; a visit when it is over."""
        if self._switch.see(share, at_s):
            self._began_s = at_s if self._began_s is None else self._began_s
            self._seen_s = at_s if share > self._clear else self._seen_s
            return None
        began_s, self._began_s = self._began_s, None
        if began_s is None or self._seen_s - began_s < self._least_s:
            return None
        return Visit(began_s, self._seen_s - began_s)

    @property
    def occupied(self) -> bool:
        """A visit is going on."""
        return self._began_s is not None
