"""Whether a head turned between two frames, or a flat picture of one: parallax of the mesh's points. Pure.

Whatever is done with a flat picture, its points move as a homography. A head's nose moves against its cheeks. Both must
be seen: points that no homography explains, and the nose going to the side. What moves as a head passes: a film of one.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face_geometry import Points

# Fitted to LFW pictures in simulated motion, with `menshen models evaluate liveness`.
MIN_PARALLAX = 0.07
MIN_TURN = 0.25  # about 17°
SAME_TURNED = 0.38  # distance of a turned head to itself seen from the front: 0.34 in 99 of 100, a stranger's 0.41
_NOSE, _RIGHT_EYE, _LEFT_EYE = 1, (33, 133), (263, 362)  # of FaceMesh


def turned(first: Points, second: Points) -> bool:
    """Whether a head with mesh points `first` (468, 2) px turned, and shows `second` now."""
    return abs(yaw(second) - yaw(first)) >= MIN_TURN and parallax(first, second) >= MIN_PARALLAX


def yaw(mesh: Points) -> float:
    """How far the nose is off the middle of the eyes, in eye distances along their line; about 0.015 a degree."""
    right, left = mesh[list(_RIGHT_EYE)].mean(0), mesh[list(_LEFT_EYE)].mean(0)
    eyes = left - right
    return float((mesh[_NOSE] - (right + left) / 2) @ eyes / max(float(eyes @ eyes), 1e-6))


def parallax(first: Points, second: Points) -> float:
    """Root mean square of what the best homography from `first` to `second` leaves, in eye distances of `first`.

    Both are scaled to the same size before, so that coming nearer is no motion.
    """
    a, b = (_of_size_one(points) for points in (first, second))
    plane, _ = cv2.findHomography(a, b, 0)
    left = cv2.perspectiveTransform(a[None], plane)[0] - b
    eyes = a[list(_LEFT_EYE)].mean(0) - a[list(_RIGHT_EYE)].mean(0)
    return float(np.sqrt((left**2).sum(1).mean()) / max(float(np.hypot(*eyes)), 1e-6))


def _of_size_one(points: Points) -> NDArray[np.float64]:
    """Around their middle, one high: a turn to the side leaves the height."""
    whole = points.astype(np.float64)
    around: NDArray[np.float64] = (whole - whole.mean(0)) / max(float(np.ptp(whole[:, 1])), 1e-6)
    return around
