"""Whether anything moves: a small grey picture against a slow background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (160, 90)  # width, height, px
CHANGED = 14.0  # grey levels; sensor noise of the development recordings stays below 8
SHARE = 0.002  # of the picture: a face of 50 px in 960×540 is 0.005
LEARN = 0.05  # of the difference, a frame
HOLD_S = 1.5  # who stands still a moment is still there


class MotionGate:
    """Says of each frame whether it is worth looking at."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._until = 0.0

    def moving(self, rgb: NDArray[np.uint8], at_s: float) -> bool:
        """`rgb` (height, width, 3). The first frame and a change of size count as motion."""
        small = cv2.cvtColor(cv2.resize(rgb, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
        if self._background is None:
            self._background = small
            self._until = at_s + HOLD_S
            return True
        difference = np.abs(small - self._background)
        self._background += LEARN * (small - self._background)
        if float(np.mean(difference > CHANGED)) > SHARE:
            self._until = at_s + HOLD_S
        return at_s < self._until
