"""Traffic flow: lanes between two lines across the picture, each crossing once with its direction. No identities."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from controller.flow.lines import LaneCounter
from controller.vision.capture import Frame
from controller.vision.foreground import Foreground, band
from controller.vision.sighting import FlowCount

LINES = (0.35, 0.65)  # of the picture's height: nearer to one another than a car is long in a gate's view
BETWEEN = (0.41, 0.47, 0.53, 0.59)  # where a gap between two cars shows
THICK = 0.04  # of the picture's height


class FlowTask:
    """One camera's lanes: `edges` are the shares of the width at which lanes part. Down the picture is `in`."""

    def __init__(self, camera: str, edges: tuple[float, ...] = ()) -> None:
        self._camera = camera
        self._foreground = Foreground()
        borders = (0.0, *edges, 1.0)
        self._lanes = [(number, lane, LaneCounter()) for number, lane in enumerate(pairwise(borders), 1)]

    @property
    def busy(self) -> bool:
        """The background has to be learnt from still pictures too."""
        return True

    def see(self, frame: Frame, rgb: NDArray[np.uint8]) -> list[FlowCount]:
        """One count a crossing."""
        mask = self._foreground.mask(rgb)
        found = []
        for number, lane, counter in self._lanes:
            first, *between, second = (
                band(mask, (row - THICK / 2, row + THICK / 2), lane) for row in (LINES[0], *BETWEEN, LINES[1])
            )
            crossing = counter.see(first, second, frame.at_monotonic, between)
            if crossing:
                found.append(
                    FlowCount(
                        self._camera, frame.at_unix, "vehicle", crossing.direction, number, round(crossing.spent_s, 2)
                    )
                )
        return found
