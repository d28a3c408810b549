"""What does not belong to the empty scene: a slow background, told apart from a camera that changes its exposure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 192, 108  # px: what it looks at
DIFFERENT = 26.0  # grey levels in any channel: three times the noise of the development recordings
LEARN, LEARN_COVERED = 0.02, 0.0004  # of the difference, a frame: who stands for a minute is still there
_GAIN = (0.4, 2.5)


class Foreground:
    """One camera's."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None

    def mask(self, rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """(HEIGHT, WIDTH) of an (any, any, 3) frame: True where something is."""
        small = cv2.resize(rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._background is None:
            self._background = small
        background = self._background
        ratio = float(np.median(background.sum(2) / (small.sum(2) + 1.0)))
        gain = min(max(ratio, _GAIN[0]), _GAIN[1])  # most of the picture is scene: its change is the camera's
        levelled = small * np.float32(gain)
        difference = levelled - background
        covered: NDArray[np.bool_] = np.abs(difference).max(2) > DIFFERENT
        covered = cv2.medianBlur(covered.astype(np.uint8) * 255, 5) > 127
        rate = np.where(covered, np.float32(LEARN_COVERED), np.float32(LEARN))[..., None]
        self._background = background + rate * difference
        return covered


def band(mask: NDArray[np.bool_], y: tuple[float, float], x: tuple[float, float]) -> float:
    """The covered share of the rectangle, given in shares of the picture."""
    height, width = mask.shape
    part = mask[round(y[0] * height) : round(y[1] * height), round(x[0] * width) : round(x[1] * width)]
    return float(part.mean()) if part.size else 0.0
