"""Whether anything moves: a small grey picture against a slow background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 160, 90  # px: what it looks at
CHANGED = 14.0  # grey levels; sensor noise of the development recordings stays below 8
SHARE = 0.002  # of the picture: a face of 50 px in 960×540 is 0.005
LEARN = 0.05  # of the difference, a frame
HOLD_S = 1.5  # who stands still a moment is still there


class MotionGate:
    """Says of each frame whether it is worth looking at."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._until = 0.0

    def moving(self, grey: NDArray[np.uint8], at_s: float) -> bool:
        """`grey` (HEIGHT, WIDTH) of the whole frame. The first one counts as motion."""
        small = grey.astype(np.float32)
        if self._background is None:
            self._background = small
            self._until = at_s + HOLD_S
            return True
        difference = np.abs(small - self._background)
        self._background += LEARN * (small - self._background)
        if float(np.mean(difference > CHANGED)) > SHARE:
            self._until = at_s + HOLD_S
        return at_s < self._until
