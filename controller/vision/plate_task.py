"""Frames to plate sightings: detect and read, track, vote per position, one decision a passage."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from controller.vision.capture import Frame
from controller.vision.face_task import crop_jpeg
from controller.vision.sighting import PlateSighting
from controller.vision.track import Box, Track, Tracker
from controller.vision.vote import Read, Verdict, vote
from models.plate import PlatePipeline, PlateRead

READS = 3  # before a decision: one frame may lie
PATIENCE = 8  # reads after which a doubtful plate is decided as it is
CERTAIN = 0.9
KEEP = 30  # reads a passage, the newest
AGAIN_S = 3.0  # out of view, before the same plate is another passage: a lost track is not
MOVED = 0.15  # of the plate's height: below that it stood


@dataclass(slots=True)
class Passage:
    """What a plate's track remembers."""

    reads: list[Read] = field(default_factory=list)
    decided: bool = False
    best: float = 0.0
    jpeg: bytes | None = None


class PlateTask:
    """One camera's plates."""

    def __init__(self, camera: str, pipeline: PlatePipeline) -> None:
        self._camera = camera
        self._pipeline = pipeline
        self._tracker: Tracker[Passage] = Tracker(Passage)
        self._passed: dict[str, float] = {}  # plate → when it was last in view, seconds, in memory only

    @property
    def busy(self) -> bool:
        """A plate is in view, even if it stands still and is decided."""
        return bool(self._tracker.tracks)

    def see(self, frame: Frame, rgb: NDArray[np.uint8]) -> list[PlateSighting]:
        """`rgb` (height, width, 3). One sighting a track at most."""
        found = [read for read in self._pipeline.read_frame(rgb) if read.text]
        tracks, ended = self._tracker.update([_box(read) for read in found], frame.at_monotonic)
        self._passed = {text: seen for text, seen in self._passed.items() if frame.at_monotonic - seen < AGAIN_S}
        sightings = []
        for read, track in zip(found, tracks, strict=True):
            sighting = self._note(frame, rgb, read, track)
            if sighting is not None:
                sightings.append(sighting)
        left = [track for track in ended if not track.memory.decided and len(track.memory.reads) >= 2]
        return sightings + [seen for track in left if (seen := self._sighting(frame, track, vote(track.memory.reads)))]

    def _note(
        self, frame: Frame, rgb: NDArray[np.uint8], read: PlateRead, track: Track[Passage]
    ) -> PlateSighting | None:
        passage = track.memory
        if passage.decided:
            if read.text in self._passed:
                self._passed[read.text] = frame.at_monotonic
            return None
        box = _box(read)
        weight = float(read.score) * (box[3] - box[1])
        passage.reads.append(Read(read.text, tuple(read.posteriors), str(read.plate_type), str(read.colour), weight))
        del passage.reads[:-KEEP]
        if weight > passage.best:
            passage.best, passage.jpeg = weight, crop_jpeg(rgb, box, grow=1.0)
        verdict = vote(passage.reads)
        enough = len(passage.reads) >= READS and verdict.confidence >= CERTAIN
        if not enough and len(passage.reads) < PATIENCE:
            return None
        return self._sighting(frame, track, verdict)

    def _sighting(self, frame: Frame, track: Track[Passage], verdict: Verdict) -> PlateSighting | None:
        """None when this plate was in view a moment ago: the same passage."""
        passage = track.memory
        passage.decided = True
        jpeg, passage.jpeg = passage.jpeg, None
        known = verdict.text in self._passed
        self._passed[verdict.text] = frame.at_monotonic
        if known:
            return None
        return PlateSighting(
            self._camera,
            track.number,
            frame.at_unix,
            verdict.text,
            verdict.confidence,
            verdict.posteriors,
            verdict.plate_type,
            verdict.colour,
            _direction(track.first, track.box),
            jpeg,
            0.0,
        )


def _direction(first: Box, last: Box) -> str:
    """`in` towards the camera (down the picture, or growing), `out` away, empty when it did not move."""
    height = first[3] - first[1]
    moved = (last[3] - first[3]) + (last[3] - last[1]) - height
    if abs(moved) < MOVED * height:
        return ""
    return "in" if moved > 0 else "out"


def _box(read: PlateRead) -> Box:
    corners = np.asarray(read.corners)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1))
