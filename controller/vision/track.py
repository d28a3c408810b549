"""Boxes to tracks: greedy overlap, and nothing remembered of what has left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Box = tuple[float, float, float, float]  # x0, y0, x1, y1, px
NEAR = 0.2  # intersection over union of the same thing in two frames 100–200 ms apart
LOST_S = 1.2
T = TypeVar("T")


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inside = width * height
    return inside / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inside)


def near(a: Box, b: Box) -> float:
    """Overlap of the boxes grown by half their size on each side: small, fast things still touch themselves."""
    return overlap(_grown(a), _grown(b))


def _grown(box: Box) -> Box:
    width, height = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    return (box[0] - width, box[1] - height, box[2] + width, box[3] + height)


@dataclass(slots=True)
class Track(Generic[T]):
    """One thing over time; `memory` is the task's."""

    number: int
    first: Box
    box: Box
    seen_s: float
    memory: T
    speed: tuple[float, float] = (0.0, 0.0)  # of the centre, px/s

    def likeness(self, box: Box, at_s: float) -> float:
        """How near `box` is to where it was, or to where it should be now if it went on: frames may have been shed."""
        dx, dy = (speed * (at_s - self.seen_s) for speed in self.speed)
        x0, y0, x1, y1 = self.box
        return max(near(self.box, box), near((x0 + dx, y0 + dy, x1 + dx, y1 + dy), box))

    def follow(self, box: Box, at_s: float) -> None:
        """It is here now."""
        if at_s > self.seen_s:
            dx, dy = (box[0] + box[2] - self.box[0] - self.box[2]), (box[1] + box[3] - self.box[1] - self.box[3])
            passed_s = 2 * (at_s - self.seen_s)
            self.speed = (dx / passed_s, dy / passed_s)
        self.box, self.seen_s = box, at_s


class Tracker(Generic[T]):
    """Numbers tracks from 1 on; `fresh` makes the memory of a new one."""

    def __init__(self, fresh: type[T]) -> None:
        self._fresh = fresh
        self._count = 0
        self.tracks: list[Track[T]] = []

    def update(self, boxes: list[Box], at_s: float) -> tuple[list[Track[T]], list[Track[T]]]:
        """(the track of each box, tracks that ended). Best pairs first; a box without a track begins one."""
        pairs = sorted(
            ((track.likeness(box, at_s), t, b) for t, track in enumerate(self.tracks) for b, box in enumerate(boxes)),
            reverse=True,
        )
        taken: dict[int, Track[T]] = {}
        used: set[int] = set()
        for likeness, t, b in pairs:
            if likeness < NEAR or t in used or b in taken:
                continue
            used.add(t)
            taken[b] = self.tracks[t]
        for b, box in enumerate(boxes):
            if b not in taken:
                self._count += 1
                taken[b] = Track(self._count, box, box, at_s, self._fresh())
                self.tracks.append(taken[b])
            taken[b].follow(box, at_s)
        ended = [track for track in self.tracks if at_s - track.seen_s > LOST_S]
        self.tracks = [track for track in self.tracks if at_s - track.seen_s <= LOST_S]
        return [taken[b] for b in range(len(boxes))], ended
