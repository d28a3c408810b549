"""People flow: who crosses a line, and visits of a zone. People are followed for seconds; no faces, no identities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from controller.flow.lines import Crossing, PathCounter, Zone
from controller.vision.capture import Frame
from controller.vision.foreground import Foreground
from controller.vision.people_track import PeopleTracker, Person
from controller.vision.sighting import FlowCount, Presence

WIDTH_PX = 384  # of the mask: a person at the far end of the development recordings is 35 px tall there
UPRIGHT = (0.5, 1.0, 0.5, 0.0)  # a line from below upwards through the middle: from left to right is "in"
ABSENCE_S, LEAST_S = 1.5, 1.0  # a zone is left after so long, and was visited for at least so long


class Line:
    """From (x0, y0) to (x1, y1), shares of a picture of `size` px."""

    def __init__(self, ends: Sequence[float], size: tuple[int, int]) -> None:
        x0, y0, x1, y1 = (share * side for share, side in zip(ends, size * 2, strict=True))
        self._start = (x0, y0)
        self._length = math.hypot(x1 - x0, y1 - y0)
        self._along = ((x1 - x0) / self._length, (y1 - y0) / self._length)

    def place(self, x: float, y: float) -> tuple[float, bool]:
        """px to the right of it, looking from its first end to its second, and whether that is beside its length."""
        dx, dy = x - self._start[0], y - self._start[1]
        along = dx * self._along[0] + dy * self._along[1]
        return self._along[0] * dy - self._along[1] * dx, 0 <= along <= self._length


class PeopleTask:
    """One camera's people. `line` and `zone` as in the site file; with neither, the line `UPRIGHT`."""

    def __init__(self, camera: str, line: Sequence[float] | None = None, zone: Sequence[float] | None = None) -> None:
        self._camera = camera
        self._ends = line or (None if zone else UPRIGHT)
        self._zone = zone
        self._tracker = PeopleTracker()
        self._paths: dict[int, PathCounter] = {}
        self._visits: dict[int, Zone] = {}
        self._size: tuple[int, int] = (0, 0)
        self._foreground = Foreground()
        self._line: Line | None = None
        self._inside = -1 if zone else 0  # not said yet

    @property
    def busy(self) -> bool:
        """The background has to be learnt from still pictures too."""
        return True

    def see(self, frame: Frame, rgb: NDArray[np.uint8]) -> list[FlowCount | Presence]:
        """Crossings, visits that are over, and how many are in the zone when that has changed."""
        self._fit(rgb.shape[0] / rgb.shape[1])
        at_s = frame.at_monotonic
        mask = self._foreground.mask(rgb)
        people = [person for person in self._tracker.update(mask, self._foreground.picture, at_s) if person.sure]
        counts = [*self._crossings(people, at_s), *self._over(people, at_s)]
        found: list[FlowCount | Presence] = [
            FlowCount(self._camera, frame.at_unix, "person", direction, 1, round(spent_s, 2))
            for direction, spent_s in counts
        ]
        inside = sum(visit.occupied for visit in self._visits.values())
        if inside != self._inside:
            self._inside = inside
            found.append(Presence(self._camera, frame.at_unix, inside))
        return found

    def _fit(self, shape: float) -> None:
        """Begin anew with a camera that changes the shape of its picture."""
        size = (WIDTH_PX, max(round(WIDTH_PX * shape), 1))
        if size == self._size:
            return
        self._size = size
        self._foreground, self._tracker = Foreground(size, ghosts=True), PeopleTracker()
        self._paths.clear()
        self._visits.clear()
        self._line = Line(self._ends, size) if self._ends else None

    def _crossings(self, people: list[Person], at_s: float) -> list[tuple[str, float]]:
        if self._line is None:
            return []
        known = {person.number for person in [*self._tracker.people, *self._tracker.lost]}
        self._paths = {number: path for number, path in self._paths.items() if number in known}
        for person in people:
            self._paths.setdefault(person.number, PathCounter())
        found: list[Crossing | None] = []
        for person in people:
            beyond_px, within = self._line.place(person.x, person.y)
            found.append(self._paths[person.number].see(beyond_px / person.height, at_s, within))
        return [(crossing.direction, crossing.spent_s) for crossing in found if crossing]

    def _over(self, people: list[Person], at_s: float) -> list[tuple[str, float]]:
        if self._zone is None:
            return []
        inside = {person.number for person in people if self._holds(person)}
        for number in inside - self._visits.keys():
            self._visits[number] = Zone(0.5, 0.5, ABSENCE_S, LEAST_S)
        seen = {number: visit.see(float(number in inside), at_s) for number, visit in self._visits.items()}
        self._visits = {number: visit for number, visit in self._visits.items() if visit.occupied}
        return [("visit", visit.dwell_s) for visit in seen.values() if visit]

    def _holds(self, person: Person) -> bool:
        assert self._zone is not None
        x0, y0, x1, y1 = self._zone
        x = person.x / self._size[0]
        y = min((person.y - person.height / 2) / self._size[1], 1.0)  # of who is cut by the lower edge: that edge
        return min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1)
