"""Frames to plate sightings: detect and read, track, vote per position, one decision a passage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.vision.capture import Frame
from controller.vision.face_task import crop_jpeg
from controller.vision.passage import Decided, Passages
from controller.vision.sighting import PlateSighting
from controller.vision.track import Box
from controller.vision.vote import Read, sharpness, weight
from models.body_colour import body_chances
from models.plate import PlatePipeline, PlateRead
from models.plates.alphabet import SYMBOLS, UNKNOWN_PROVINCE
from models.plates.grammar import Reading, legibility
from models.vehicle import vehicle_class

MOVED = 0.15  # of the plate's height: below that it stood
_LIKELY = 0.01  # of a symbol: below that it takes no part in the vote
_ABOVE, _BELOW = 1.3, 0.5  # of the plate's width, from its middle: a car's windscreen is higher
_PICTURES_S = 5.0  # a track's best picture is kept after it was last bettered


@dataclass(slots=True)
class Picture:
    """The best picture of a track so far."""

    weight: float
    jpeg: bytes
    at_s: float


class PlateTask:
    """One camera's plates."""

    def __init__(self, camera: str, pipeline: PlatePipeline) -> None:
        self._camera = camera
        self._pipeline = pipeline
        self._passages = Passages()
        self._pictures: dict[int, Picture] = {}
        self.latest: list[tuple[int, PlateRead]] = []
        """What the last frame showed: each read with its track's number."""

    @property
    def busy(self) -> bool:
        """A plate is in view, even if it stands still and is decided."""
        return self._passages.busy

    def passage_of(self, track: int) -> int | None:
        """Which of this task's sightings, from 1 on, a track of the last frame belongs to, once that is decided."""
        return self._passages.number_of(track)

    def see(self, frame: Frame, rgb: NDArray[np.uint8]) -> list[PlateSighting]:
        """`rgb` (height, width, 3). One sighting a passage, and some again."""
        found = [read for read in self._pipeline.read_frame(rgb) if read.text]
        boxes = [_box(read) for read in found]
        at_s = frame.at_monotonic
        reads = [
            voter(read, rgb, {} if self._passages.is_decided(box, at_s) else paint(read, rgb))
            for read, box in zip(found, boxes, strict=True)
        ]
        numbers, decided = self._passages.see(boxes, reads, at_s)
        self.latest = list(zip(numbers, found, strict=True))
        self._keep_pictures(frame, rgb, list(zip(numbers, boxes, reads, strict=True)))
        return [self._sighting(frame, passage) for passage in decided]

    def _keep_pictures(self, frame: Frame, rgb: NDArray[np.uint8], seen: list[tuple[int, Box, Read]]) -> None:
        at_s = frame.at_monotonic
        self._pictures = {number: kept for number, kept in self._pictures.items() if at_s - kept.at_s < _PICTURES_S}
        for number, box, read in seen:
            before = self._pictures.get(number)
            if before is None or read.weight > before.weight:
                self._pictures[number] = Picture(read.weight, crop_jpeg(rgb, front(box), grow=0.0), at_s)

    def _sighting(self, frame: Frame, passage: Decided) -> PlateSighting:
        verdict = passage.verdict
        picture = self._pictures.get(passage.track)
        return PlateSighting(
            self._camera,
            passage.track,
            frame.at_unix,
            verdict.text,
            verdict.confidence,
            verdict.posteriors,
            verdict.plate_type,
            verdict.colour,
            _direction(passage.began, passage.box),
            picture.jpeg if picture else None,
            0.0,
            verdict.paint.name,
            verdict.paint.confidence,
            vehicle_class(verdict.plate_type),
            passage.number,
            passage.again,
        )


def front(box: Box) -> Box:
    """What a guard is shown of a vehicle: plate, bumper and bonnet, so that the paint can be judged; no windscreen."""
    x0, y0, x1, y1 = box
    width, middle = x1 - x0, (y0 + y1) / 2
    return (x0 - width, middle - _ABOVE * width, x1 + width, middle + _BELOW * width)


def paint(read: PlateRead, rgb: NDArray[np.uint8]) -> dict[str, float]:
    """The chances of the body's colours in this frame."""
    return body_chances(rgb, np.asarray(read.corners, np.float32), read.colour)


def voter(read: PlateRead, rgb: NDArray[np.uint8], painted: dict[str, float]) -> Read:
    """A frame's read as the vote takes it, weighted by the plate's score, height and sharpness."""
    box = _box(read)
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = (max(0, round(edge)) for edge in box)
    part = rgb[y0 : min(y1, height), x0 : min(x1, width)]
    worth = weight(float(read.score), box[3] - box[1], sharpness(part), legibility(read.posteriors))
    return Read(read.text, chances(read), str(read.plate_type), str(read.colour), worth, painted, read.trust)


def chances(read: PlateRead | Reading) -> tuple[dict[str, float], ...]:
    """The likelier symbols at each position, and the chosen one, unless that is the unknown province."""
    found = []
    for symbol, posterior, row in zip(read.text, read.posteriors, read.distribution, strict=True):
        likely = {SYMBOLS[place]: float(row[place]) for place in np.flatnonzero(row >= _LIKELY)}
        found.append(likely if symbol == UNKNOWN_PROVINCE else {**likely, symbol: float(posterior)})
    return tuple(found)


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
