"""People flow: moving things of a person's size, counted once each. No faces, no identities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from controller.vision.capture import Frame
from controller.vision.sighting import PeopleCount
from controller.vision.track import Box, Tracker

WIDTH_PX = 320
MIN_AREA = 0.002  # of the picture: a person at 25 m in the demo's plaza
SEEN_FRAMES = 6  # a blob must last this long before it counts


@dataclass(slots=True)
class Passage:
    """How often a blob was seen."""

    frames: int = 0


class PeopleTask:
    """One camera's passers-by: background subtraction (MOG2), tracks, one count a track."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._background = cv2.createBackgroundSubtractorMOG2(history=300, detectShadows=False)
        self._tracker: Tracker[Passage] = Tracker(Passage)

    @property
    def busy(self) -> bool:
        """The background has to be learnt from still pictures too."""
        return True

    def see(self, frame: Frame, rgb: NDArray[np.uint8]) -> list[PeopleCount]:
        """A count of one each time a new passer-by is certain."""
        scale = WIDTH_PX / rgb.shape[1]
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        mask = cv2.morphologyEx(self._background.apply(small), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        mask = cv2.dilate(mask, np.ones((9, 5), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        area = MIN_AREA * small.shape[0] * small.shape[1]
        boxes = [_box(cv2.boundingRect(contour)) for contour in contours if cv2.contourArea(contour) > area]
        tracks, _ = self._tracker.update(boxes, frame.at_monotonic)
        counted = 0
        for track in tracks:
            track.memory.frames += 1
            counted += track.memory.frames == SEEN_FRAMES
        return [PeopleCount(self._camera, frame.at_unix, counted)] if counted else []


def _box(rectangle: Sequence[int]) -> Box:
    x, y, width, height = rectangle
    return (float(x), float(y), float(x + width), float(y + height))
