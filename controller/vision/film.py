"""A film seen as a camera of the controller is: the same motion gate, the same tasks; every passage with its frames.

film = PlateFilm(PlatePipeline())
for frame in frames:  # their times are the film's
    film.see(frame)
film.end()
print(film.passages)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import av
import numpy as np

from controller.vision import motion
from controller.vision.capture import Frame
from controller.vision.face_task import FaceTask, Look
from controller.vision.passage import ANOTHER
from controller.vision.plate_task import PlateTask
from controller.vision.sighting import FaceSighting, PlateSighting
from controller.vision.track import LOST_S
from models.face import FacePipeline
from models.face_decision import Rule
from models.face_match import Gallery
from models.plate import PlatePipeline, PlateRead

NAME = "film"
_NOTHING = np.zeros((0, 0), np.float32)  # instead of a read's distribution: a car may stand in view for an hour
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment(Generic[T]):
    """What one frame showed of a passage: a `PlateRead` or a `Look`."""

    frame: int
    at_s: float
    seen: T


@dataclass(slots=True)
class PlatePassage:
    """What the controller is told of a car, and the reads of its plate."""

    sighting: PlateSighting
    moments: list[Moment[PlateRead]] = field(default_factory=list)


@dataclass(slots=True)
class FacePassage:
    """What the controller is told of a face, None where it is told nothing, and its frames."""

    sighting: FaceSighting | None = None
    moments: list[Moment[Look]] = field(default_factory=list)


@dataclass(slots=True)
class _Trail:
    """A plate's track: the passage it belongs to, once that is decided, and the reads that no passage has yet."""

    number: int | None = None
    seen_s: float = 0.0
    moments: list[Moment[PlateRead]] = field(default_factory=list)


class _Gate:
    """Which frames a camera's worker looks at, and one that ends every passage."""

    def __init__(self) -> None:
        self._motion = motion.MotionGate()
        self._last: Frame | None = None

    def opens(self, frame: Frame, busy: bool) -> bool:
        self._last = frame
        return self._motion.moving(frame.grey(motion.WIDTH, motion.HEIGHT), frame.at_monotonic) or busy

    def dark(self) -> Frame | None:
        """So late that whoever was in view has left; None where there was no frame at all."""
        last = self._last
        if last is None:
            return None
        nothing = np.zeros((last.picture.height, last.picture.width, 3), np.uint8)
        at_s = last.at_monotonic + 2 * LOST_S
        picture = av.VideoFrame.from_ndarray(nothing, format="rgb24")
        return replace(last, seq=last.seq + 1, at_monotonic=at_s, at_unix=at_s, picture=picture)


class PlateFilm:
    """A plate camera's passages, in the order in which they were decided."""

    def __init__(self, pipeline: PlatePipeline) -> None:
        self._task = PlateTask(NAME, pipeline)
        self._gate = _Gate()
        self._trails: dict[int, _Trail] = {}
        self.passages: list[PlatePassage] = []

    def see(self, frame: Frame) -> list[tuple[int, PlateRead]]:
        """What this frame shows: each read with its track's number."""
        return self._look(frame) if self._gate.opens(frame, self._task.busy) else []

    def end(self) -> None:
        """The film is over: whoever is in view has left."""
        if (frame := self._gate.dark()) is not None:
            self._look(frame)
        for passage in self.passages:
            passage.moments.sort(key=lambda moment: moment.frame)

    def _look(self, frame: Frame) -> list[tuple[int, PlateRead]]:
        seen = self._task.see(frame, frame.rgb())
        told = [sighting for sighting in seen if not sighting.again]
        self.passages += [PlatePassage(sighting) for sighting in told]
        for sighting in seen:
            passage = self.passages[sighting.passage - 1]
            if sighting.confidence > passage.sighting.confidence:
                passage.sighting = replace(sighting, at_unix=passage.sighting.at_unix)
        for track, read in self._task.latest:
            trail = self._trails.setdefault(track, _Trail())
            trail.seen_s = frame.at_monotonic
            trail.moments.append(Moment(frame.seq, frame.at_monotonic, replace(read, distribution=_NOTHING)))
        for track, trail in self._trails.items():
            number = self._task.passage_of(track)
            if number is not None and number != trail.number:
                self._decided(trail, number, sum(sighting.track == track for sighting in told))
            if trail.number is not None:
                self.passages[trail.number - 1].moments += trail.moments
                trail.moments = []
        fresh_s = frame.at_monotonic - 2 * LOST_S
        self._trails = {track: trail for track, trail in self._trails.items() if trail.seen_s > fresh_s}
        return self._task.latest

    def _decided(self, trail: _Trail, number: int, told: int) -> None:
        """The trail belongs to this passage now; where another car took the track over, only its last reads do."""
        if trail.number is not None:
            before = self.passages[trail.number - 1].moments
            trail.moments = before[1 - ANOTHER :] + trail.moments
            del before[1 - ANOTHER :]
        elif told > 1:
            self.passages[number - 2].moments += trail.moments[:-ANOTHER]
            trail.moments = trail.moments[-ANOTHER:]
        trail.number = number


class FaceFilm:
    """A face camera's passages, in the order in which they began; of some the controller is told nothing."""

    def __init__(self, pipeline: FacePipeline, rule: Rule, gallery: Gallery, liveness: str = "none") -> None:
        self._task = FaceTask(NAME, pipeline, rule, liveness)
        self._gallery = gallery
        self._gate = _Gate()
        self._tracks: dict[int, FacePassage] = {}

    @property
    def passages(self) -> list[FacePassage]:
        """A face in a single frame is none."""
        return [passage for passage in self._tracks.values() if passage.sighting or len(passage.moments) > 1]

    def see(self, frame: Frame) -> list[Look]:
        """The faces of this frame."""
        return self._look(frame) if self._gate.opens(frame, self._task.busy) else []

    def end(self) -> None:
        """The film is over: whoever is in view has left."""
        if (frame := self._gate.dark()) is not None:
            self._look(frame)

    def _look(self, frame: Frame) -> list[Look]:
        told = self._task.see(frame, frame.rgb(), self._gallery)
        for look in self._task.latest:
            moments = self._tracks.setdefault(look.track, FacePassage()).moments
            moments.append(Moment(frame.seq, frame.at_monotonic, look))
        for sighting in told:
            self._tracks[sighting.track].sighting = sighting
        return self._task.latest
