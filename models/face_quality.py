"""How good a picture of a face is, from 0 to 1, and in plain words why not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
MIN_WIDTH_PX = 56.0  # the embedders' chips show a face 80 and more px wide: well below, accuracy falls off
MIN_SHARPNESS = 25.0  # variance of the Laplacian at 96 px; a face smeared over 5 px measures about 15
DARK, BRIGHT = 40.0, 225.0  # mean grey level
DARK_EYES = 0.3  # of the cheeks' grey level
MAX_TURN = 0.35  # nose off the middle of the eyes, in eye distances: about 30° of yaw


@dataclass(frozen=True, slots=True)
class Quality:
    """`score` 0–1; `why` is empty for a usable picture."""

    score: float
    why: str


def judge(rgb: NDArray[np.uint8], box: Box, eyes_nose: NDArray[np.float32]) -> Quality:
    """`rgb` the frame; `box` the face, px; `eyes_nose` (3, 2) right eye, left eye, nose tip, px."""
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = (round(v) for v in box)
    if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
        return Quality(0.0, "face cut off by the edge of the picture")
    if x1 - x0 < MIN_WIDTH_PX:
        return Quality(0.0, "face too small: come closer")
    grey = cv2.cvtColor(cv2.resize(rgb[y0:y1, x0:x1], (96, 96), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    light = float(grey.mean())
    if not DARK <= light <= BRIGHT:
        return Quality(0.0, "too dark" if light < DARK else "too bright")
    sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    if sharpness < MIN_SHARPNESS:
        return Quality(0.0, "blurred: hold still")
    turn = _turn(eyes_nose)
    if turn > MAX_TURN:
        return Quality(0.0, "turned away: look at the camera")
    size = min(1.0, (x1 - x0) / 150.0)
    return Quality(size * min(1.0, sharpness / 200.0) ** 0.5 * (1.0 - turn), "")


def sunglasses(rgb: NDArray[np.uint8], eyes_nose: NDArray[np.float32]) -> bool:
    """Whether both eyes are much darker than the cheeks: no picture to compare a bare face with for years.

    Of 300 LFW pictures outside View 2 one is below the limit, and he wears them; the next is a face in a cap's shadow,
    at 0.31 (median 0.87). Dark glasses drawn on the same pictures: median 0.19.
    """
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    right, left, nose = eyes_nose.astype(np.float64)
    across, down = left - right, nose - (right + left) / 2
    width = float(np.hypot(*across))
    cheeks = [right + down - 0.05 * across, left + down + 0.05 * across]
    skin = float(np.mean([_median(grey, cheek, 0.15 * width) for cheek in cheeks]))
    return max(_median(grey, eye, 0.22 * width) for eye in (right, left)) < DARK_EYES * skin


def _median(grey: NDArray[np.uint8], centre: NDArray[np.float64], reach_px: float) -> float:
    """Of the square around `centre`; 0 outside of the picture."""
    reach = max(2, int(reach_px))
    x, y = (int(value) for value in centre)
    patch = grey[max(0, y - reach) : max(0, y + reach + 1), max(0, x - reach) : max(0, x + reach + 1)]
    return float(np.median(patch)) if patch.size else 0.0


def _turn(points: NDArray[np.float32]) -> float:
    right, left, nose = points[0], points[1], points[2]
    eyes = left - right
    distance = float(np.hypot(*eyes)) or 1.0
    along = float(np.dot(nose - (right + left) / 2, eyes)) / distance
    return abs(along) / distance
