"""Frames to face sightings: detect, track, best shots, at most three embeddings a passage, one decision.

Where the camera asks for a live face, who was named has to move the head as asked, and to be the same person then.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from controller.vision.capture import Frame
from controller.vision.sighting import FaceSighting
from controller.vision.track import Box, Track, Tracker
from models.face import Face, FacePipeline, Vector, distance
from models.face_decision import Rule
from models.face_geometry import Points
from models.face_liveness import TURNS, Challenge, Move, moved
from models.face_match import Gallery, Match, match
from models.face_quality import Quality, judge

EMBEDDINGS = 3
AGREE = 2  # independent good frames that must name the same person
APART_S = 0.1  # frames closer than this are the same picture twice
BETTER = 1.15  # of the best quality so far: worth another look at somebody who is not known yet
PATIENCE_S = 0.6  # after which any usable picture is looked at
WHOLE_S = 0.3  # the whole picture is searched so often, for who comes to those who are there
FOLLOWED = 3  # people at most: for more of them the whole picture costs no more
MOVE_S = 8.0  # to move the head as asked, once named
JPEG_QUALITY = 85


@dataclass(slots=True)
class Passage:
    """What a face's track remembers, in memory only, until it has left."""

    matches: list[Match] = field(default_factory=list)
    first_s: float = 0.0
    looked_s: float = 0.0
    decided: bool = False
    best: float = 0.0
    jpeg: bytes | None = None
    shown: list[tuple[Points, Vector]] = field(default_factory=list)
    """Mesh and vector of each frame that named somebody, where a live face is asked for."""
    named: FaceSighting | None = None
    """What is told once the head has moved as asked, or has not by `until_s`."""
    until_s: float = 0.0
    challenge: Challenge | None = None
    """Not yet, while somebody else is asked."""


@dataclass(slots=True)
class Look:
    """A face of the last frame; `quality` while its passage is not decided, `match` where it was worth an embedding."""

    track: int
    face: Face
    quality: Quality | None = None
    match: Match | None = None


class FaceTask:
    """One camera's faces. `see` a frame, get the sightings that became certain with it."""

    def __init__(
        self,
        camera: str,
        pipeline: FacePipeline,
        rule: Rule,
        liveness: str = "none",
        draw: Callable[[list[Move]], Move] = secrets.choice,
    ) -> None:
        """`liveness`: "none", or one of `models.face_liveness.CHALLENGES`."""
        self._camera = camera
        self._liveness = liveness
        self._draw = draw
        self._pipeline = pipeline
        self._rule = rule
        self._whole_s = 0.0
        self._tracker: Tracker[Passage] = Tracker(Passage)
        self.latest: list[Look] = []

    @property
    def busy(self) -> bool:
        """Somebody is in view, even if he stands still."""
        return bool(self._tracker.tracks)

    @property
    def asked(self) -> str:
        """What somebody in view is to do now (`Challenge.asked`), or ""."""
        asked = (track.memory.challenge for track in self._tracker.tracks if not track.memory.decided)
        return next((challenge.asked for challenge in asked if challenge is not None), "")

    def see(self, frame: Frame, rgb: NDArray[np.uint8], gallery: Gallery) -> list[FaceSighting]:
        """`rgb` (height, width, 3). One sighting a track at most, ever."""
        faces = self._find(frame, rgb)
        tracks, ended = self._tracker.update([_box(face) for face in faces], frame.at_monotonic)
        sightings = [
            _not_live(track.memory.named, frame) for track in ended if track.memory.named and not track.memory.decided
        ]
        self.latest = [Look(track.number, face) for face, track in zip(faces, tracks, strict=True)]
        for look, track in zip(self.latest, tracks, strict=True):
            sighting = self._look(frame, rgb, gallery, look, track)
            if sighting is not None:
                sightings.append(sighting)
        return sightings

    def _find(self, frame: Frame, rgb: NDArray[np.uint8]) -> list[Face]:
        """Faces near where those of the frame before were; in the whole picture when one is gone, or after a while."""
        tracks = self._tracker.tracks
        if 0 < len(tracks) <= FOLLOWED and frame.at_monotonic - self._whole_s < WHOLE_S:
            faces = self._pipeline.follow(rgb, [track.box for track in tracks])
            if faces is not None:
                return faces
        self._whole_s = frame.at_monotonic
        return self._pipeline.detect(rgb)

    def _look(
        self, frame: Frame, rgb: NDArray[np.uint8], gallery: Gallery, look: Look, track: Track[Passage]
    ) -> FaceSighting | None:
        passage, face = track.memory, look.face
        if passage.decided:
            return None
        if passage.named is not None:
            return self._watch(frame, rgb, face, passage, passage.named)
        quality = look.quality = face_quality(rgb, face)
        if quality.why or not _worth(passage, quality.score, frame.at_monotonic):
            return None
        passage.looked_s = frame.at_monotonic
        passage.first_s = passage.first_s or frame.at_monotonic
        vector = self._pipeline.embed(rgb, face)
        look.match = match(vector, gallery, self._rule)
        passage.matches.append(look.match)
        if self._liveness != "none" and look.match.person is not None:
            passage.shown.append((self._pipeline.landmarks(rgb, face), vector))
        if quality.score > passage.best:
            passage.best, passage.jpeg = quality.score, crop_jpeg(rgb, _box(face))
        return self._decide(frame, track)

    def _decide(self, frame: Frame, track: Track[Passage]) -> FaceSighting | None:
        """A person as soon as enough frames agree; nobody when all of them were looked at and did not."""
        passage = track.memory
        person = agreed(passage.matches)
        if person is None and len(passage.matches) < EMBEDDINGS:
            return None
        passage.decided = True
        theirs = [found for found in passage.matches if person is None or found.person == person]
        best = min(theirs, key=lambda found: found.distance)
        sighting = FaceSighting(
            self._camera,
            track.number,
            frame.at_unix,
            person,
            best.distance if np.isfinite(best.distance) else -1.0,
            best.margin if np.isfinite(best.margin) else -1.0,
            len(passage.matches),
            passage.best,
            passage.jpeg,
            0.0,
            waited_ms=1000 * (frame.at_monotonic - passage.first_s),
            spare=max(found.spare for found in theirs),
            others=len(self._tracker.tracks) - 1,
        )
        passage.jpeg = None
        if self._liveness == "none" or person is None:
            return sighting
        if self._liveness == "turn" and any(self._turned(first, passage.shown[-1]) for first in passage.shown):
            return replace(sighting, live=True)
        passage.decided, passage.named = False, sighting
        self._challenge(passage, frame)
        return None

    def _challenge(self, passage: Passage, frame: Frame) -> None:
        """Ask for it now, unless somebody else is asked: one at a time."""
        if passage.challenge is None and not self.asked:
            passage.challenge = Challenge.of(self._liveness, self._draw)
            passage.until_s = frame.at_monotonic + MOVE_S

    def _watch(
        self, frame: Frame, rgb: NDArray[np.uint8], face: Face, passage: Passage, named: FaceSighting
    ) -> FaceSighting | None:
        """`named` as live once the head has moved as asked, as not live after another move or when the time is over."""
        self._challenge(passage, frame)
        challenge = passage.challenge
        if challenge is None:
            return None
        if frame.at_monotonic > passage.until_s:
            passage.decided = True
            return _not_live(named, frame)
        mesh = self._pipeline.landmarks(rgb, face)
        first, vector = passage.shown[-1]
        if challenge.move(first, mesh) is None or distance(vector, self._pipeline.embed(rgb, face)) > self._rule.turned:
            return None
        done = challenge.see(first, mesh)
        if done is None:
            return None
        passage.decided = True
        if not done:
            return replace(_not_live(named, frame), wrong_move=True)
        return replace(named, at_unix=frame.at_unix, live=True, others=len(self._tracker.tracks) - 1)

    def _turned(self, first: tuple[Points, Vector], second: tuple[Points, Vector]) -> bool:
        """Whether one head turned between the two."""
        return (
            moved(first[0], second[0], among=TURNS) is not None and distance(first[1], second[1]) <= self._rule.turned
        )


def _not_live(named: FaceSighting, frame: Frame) -> FaceSighting:
    return replace(named, at_unix=frame.at_unix, live=False)


def agreed(matches: list[Match]) -> int | None:
    """The person whom at least AGREE frames name, if none names another."""
    named = [found.person for found in matches if found.person is not None]
    return named[0] if len(named) >= AGREE and len(set(named)) == 1 else None


def _worth(passage: Passage, score: float, now_s: float) -> bool:
    """Whether to spend one of the few embeddings on this frame: at once to confirm, else on a better picture."""
    waited_s = now_s - passage.looked_s
    if not passage.matches or waited_s >= PATIENCE_S:
        return True
    return waited_s >= APART_S and (passage.matches[-1].person is not None or score >= BETTER * passage.best)


def face_quality(rgb: NDArray[np.uint8], face: Face) -> Quality:
    """The quality of `face` in its frame."""
    return judge(rgb, _box(face), np.asarray(face.keypoints[:3], np.float32))


def crop_jpeg(rgb: NDArray[np.uint8], box: Box, grow: float = 0.4) -> bytes:
    """The box with some of what is around it, JPEG."""
    height, width = rgb.shape[:2]
    dx, dy = (box[2] - box[0]) * grow, (box[3] - box[1]) * grow
    x0, y0 = max(0, int(box[0] - dx)), max(0, int(box[1] - dy))
    x1, y1 = min(width, int(box[2] + dx)), min(height, int(box[3] + dy))
    return to_jpeg(rgb[y0:y1, x0:x1])


def to_jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) RGB to JPEG."""
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not ok:
        raise ValueError("a picture that JPEG cannot hold")
    return bytes(data)


def _box(face: Face) -> Box:
    x0, y0, x1, y1 = (float(v) for v in face.box)
    return (x0, y0, x1, y1)
