"""What does not belong to the empty scene: a slow background, told apart from a camera that changes its exposure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 192, 108  # px: what it looks at when nobody asks for more
DIFFERENT = 26.0  # grey levels in any channel: three times the noise of the development recordings
LEARN, LEARN_COVERED = 0.02, 0.0004  # of the difference, a frame: who stands for a minute is still there
GHOST = 1.4  # so much sharper is the outline of who was in the first picture and has gone in the background than now
_GAIN = (0.4, 2.5)
_SPECK_PX = 30
_STEADY = 0.03  # change of brightness that is noise
_ENOUGH = 0.1  # of the picture tells how bright it is


class Foreground:
    """One camera's; `size`: (width, height) of the mask, px. `ghosts`: who stood in the first picture is forgotten when
    gone; not for a lane, where a plain van before a road looks like such a ghost.
    """

    def __init__(self, size: tuple[int, int] = (WIDTH, HEIGHT), ghosts: bool = False) -> None:
        self._size = size
        self._ghosts = ghosts
        self._background: NDArray[np.float32] | None = None
        self._covered = np.zeros(size[::-1], np.bool_)
        self.picture: NDArray[np.float32] = np.zeros((0, 0, 3), np.float32)  # the last one, as large as its mask

    def mask(self, rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """(height, width) of an (any, any, 3) frame: True where something is."""
        small = cv2.resize(rgb, self._size, interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._background is None:
            self._background = small.copy()
        background = self._background
        gain = min(max(_brighter(background, small, self._covered), _GAIN[0]), _GAIN[1])
        levelled = small * np.float32(gain)
        difference = levelled - background
        red, green, blue = cv2.split(np.abs(difference))
        different = cv2.max(cv2.max(red, green), blue) > DIFFERENT
        covered: NDArray[np.bool_] = cv2.medianBlur(different.astype(np.uint8) * 255, 5) > 127
        rate = np.where(covered, np.float32(LEARN_COVERED), np.float32(LEARN))[..., None]
        background += rate * difference
        if self._ghosts:
            _forget_ghosts(covered, background, levelled)
        self.picture, self._covered = levelled, covered
        return covered


def _brighter(background: NDArray[np.float32], picture: NDArray[np.float32], covered: NDArray[np.bool_]) -> float:
    """How much the scene is: where nothing was just now its change is the camera's. Every fourth place is enough."""
    was, now = (part[::4, ::4] @ np.ones(3, np.float32) for part in (background, picture))
    free = ~covered[::4, ::4]
    if free.mean() < _ENOUGH:
        free[:] = True
    gain = float(np.median(was[free] / (now[free] + 1.0)))
    return gain if abs(gain - 1.0) > _STEADY else 1.0


def _forget_ghosts(covered: NDArray[np.bool_], background: NDArray[np.float32], levelled: NDArray[np.float32]) -> None:
    """Where the background has an outline that the picture lacks, what stood there when it was learnt has gone."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(covered.astype(np.uint8), connectivity=8)
    if count <= 1:
        return
    was, now = _edges(background), _edges(levelled)
    for number in range(1, count):
        x, y, width, height, area = boxes[number]
        if area < _SPECK_PX:
            continue
        part = np.s_[max(y - 2, 0) : y + height + 2, max(x - 2, 0) : x + width + 2]
        shape = (labels[part] == number).astype(np.uint8)
        outline = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        if was[part][outline].mean() > GHOST * now[part][outline].mean():
            around = cv2.dilate(shape, np.ones((7, 7), np.uint8)) > 0
            background[part][around] = levelled[part][around]
            covered[part][shape > 0] = False


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    across = cv2.absdiff(grey, cv2.erode(grey, np.ones((3, 3), np.uint8)))
    return np.asarray(across, np.float32)


def band(mask: NDArray[np.bool_], y: tuple[float, float], x: tuple[float, float]) -> float:
    """The covered share of the rectangle, given in shares of the picture."""
    height, width = mask.shape
    part = mask[round(y[0] * height) : round(y[1] * height), round(x[0] * width) : round(x[1] * width)]
    return float(part.mean()) if part.size else 0.0
