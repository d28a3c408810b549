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
    began_s: float
    seen_s: float
    memory: T


class Tracker(Generic[T]):
    """Numbers tracks from 1 on; `fresh` makes the memory of a new one."""

    def __init__(self, fresh: type[T]) -> None:
        self._fresh = fresh
        self._count = 0
        self.tracks: list[Track[T]] = []

    def update(self, boxes: list[Box], at_s: float) -> tuple[list[Track[T]], list[Track[T]]]:
        """(the track of each box, tracks that ended). Best pairs first; a box without a track begins one."""
        pairs = sorted(
            ((near(track.box, box), t, b) for t, track in enumerate(self.tracks) for b, box in enumerate(boxes)),
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
                taken[b] = Track(self._count, box, box, at_s, at_s, self._fresh())
                self.tracks.append(taken[b])
            taken[b].box, taken[b].seen_s = box, at_s
        ended = [track for track in self.tracks if at_s - track.seen_s > LOST_S]
        self.tracks = [track for track in self.tracks if at_s - track.seen_s <= LOST_S]
        return [taken[b] for b in range(len(boxes))], ended
