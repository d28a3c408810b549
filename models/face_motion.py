"""A picture of a face set in motion: the head turns in space, or the picture does as print, screen or mask.

A simulation, to measure liveness on faces that nobody filmed: the mesh gives depth, triangles carry the pixels.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face_geometry import Picture

Solid = NDArray[np.float32]  # (468, 3) px, z away from the camera
_CAMERA = 5.0  # face widths from the face
_AXIS = 0.5  # face widths behind the middle of its points
_BEND = 0.6  # face widths: radius of a print bent like a head
_EYES = ((33, 133, 159, 145), (263, 362, 386, 374))  # of FaceMesh: corners, upper and lower lid


class Motion:
    """`rgb` (height, width, 3) with one face whose mesh points in space are `solid`."""

    def __init__(self, rgb: Picture, solid: Solid) -> None:
        self._rgb = rgb
        self._solid = solid.astype(np.float64)
        self._width = float(np.ptp(solid[:, 0]))
        self._triangles = _triangles(solid[:, :2])

    def head(self, yaw: float, pitch: float = 0.0) -> Picture:
        """The head turned by `yaw` degrees to the picture's right and `pitch` down; what is around it stays."""
        middle = self._solid.mean(0) + np.array([0, 0, _AXIS * self._width])
        return self._moved(self._seen((self._solid - middle) @ _turn(yaw, pitch).T, middle))

    def plane(self, yaw: float, pitch: float = 0.0, rgb: Picture | None = None) -> Picture:
        """The whole picture, or `rgb` in its place, turned as a flat print or screen is."""
        height, width = self._rgb.shape[:2]
        corners = np.array([[0, 0, 0], [width, 0, 0], [width, height, 0], [0, height, 0]], np.float64)
        middle = np.append(self._solid[:, :2].mean(0), 0.0)
        seen = self._seen((corners - middle) @ _turn(yaw, pitch).T, middle)
        turn = cv2.getPerspectiveTransform(corners[:, :2].astype(np.float32), seen[:, :2].astype(np.float32))
        source = self._rgb if rgb is None else rgb
        return cv2.warpPerspective(source, turn, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)

    def bent(self, yaw: float, pitch: float = 0.0) -> Picture:
        """A print bent around an upright cylinder, turned."""
        middle = self._solid.mean(0)
        around = self._solid - middle
        angle = around[:, 0] / (_BEND * self._width)
        radius = _BEND * self._width
        bent = np.column_stack([radius * np.sin(angle), around[:, 1], radius * (1 - np.cos(angle))])
        return self._moved(self._seen(bent @ _turn(yaw, pitch).T, middle))

    def mask(self, yaw: float, pitch: float = 0.0) -> Picture:
        """A flat print with holes for the eyes, before a head that turns: the eyes are the head's."""
        flat, behind = self.plane(yaw, pitch), self.head(yaw, pitch)
        holes = np.zeros(flat.shape[:2], np.uint8)
        flat_solid = self._solid * (1, 1, 0)
        turn = self._seen((flat_solid - self._middle()) @ _turn(yaw, pitch).T, self._middle())
        for eye in _EYES:
            centre, axes = turn[list(eye), :2].mean(0), np.ptp(turn[list(eye), :2], axis=0) * (0.6, 0.9)
            cv2.ellipse(holes, (centre.round().astype(int).tolist(), (2 * axes).tolist(), 0.0), 1, -1)
        masked: Picture = np.where(holes[:, :, None] > 0, behind, flat)
        return masked

    def _middle(self) -> NDArray[Any]:
        return np.append(self._solid[:, :2].mean(0), 0.0)

    def _seen(self, around: NDArray[Any], middle: NDArray[Any]) -> NDArray[Any]:
        """Points around `middle` as a camera before them sees them: x, y px and depth."""
        away = _CAMERA * self._width
        shrink = away / (away + around[:, 2:])
        return np.column_stack([around[:, :2] * shrink + middle[:2], around[:, 2]])

    def _moved(self, seen: NDArray[Any]) -> Picture:
        """The picture with its mesh points where `seen` has them, the nearer before the farther."""
        height, width = self._rgb.shape[:2]
        owner = np.full((height, width), -1, np.int32)
        for number in np.argsort(-seen[self._triangles, 2].mean(1)):
            corners = seen[self._triangles[number], :2].round().astype(np.int32)
            cv2.fillConvexPoly(owner, corners, int(number))
        ys, xs = np.nonzero(owner >= 0)
        pairs = [(seen[t, :2].astype(np.float32), self._solid[t, :2].astype(np.float32)) for t in self._triangles]
        back = np.array([cv2.getAffineTransform(now, was) for now, was in pairs])
        sources = np.einsum("nij,nj->ni", back[owner[ys, xs]], np.column_stack([xs, ys, np.ones(len(xs))]))
        from_y, from_x = np.mgrid[0:height, 0:width].astype(np.float32)
        from_x[ys, xs], from_y[ys, xs] = sources[:, 0], sources[:, 1]
        return cv2.remap(self._rgb, from_x, from_y, cv2.INTER_LINEAR).astype(np.uint8)


def screen(rgb: Picture, rng: np.random.Generator) -> Picture:
    """What a camera makes of a picture on a screen: a grid of pixels that beats with its own, a stronger contrast."""
    height, width = rgb.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width]
    period, phase = rng.uniform(2.5, 6.0, 2), rng.uniform(0, 6.3, 2)
    beat = 1 + 0.08 * np.sin(6.283 * xs / period[0] + phase[0]) * np.sin(6.283 * ys / period[1] + phase[1])
    light = 255 * (rgb / 255.0) ** rng.uniform(0.8, 1.4) * beat[:, :, None] * rng.uniform(0.85, 1.1)
    shown: Picture = np.clip(light, 0, 255).astype(np.uint8)
    return shown


def filmed(rgb: Picture, rng: np.random.Generator) -> Picture:
    """With a camera's noise and its light going up and down."""
    noisy = rgb * np.float32(rng.uniform(0.92, 1.08)) + 4 * rng.standard_normal(rgb.shape, np.float32)
    seen: Picture = np.clip(noisy, 0, 255).astype(np.uint8)
    return seen


def _turn(yaw: float, pitch: float) -> NDArray[Any]:
    """(3, 3): what faces the camera looks to the picture's right by `yaw` degrees, then down by `pitch`."""
    (cos_y, cos_p), (sin_y, sin_p) = np.cos(np.radians((yaw, pitch))), np.sin(np.radians((yaw, pitch)))
    about_y = np.array([[cos_y, 0, -sin_y], [0, 1, 0], [sin_y, 0, cos_y]])
    about_x = np.array([[1, 0, 0], [0, cos_p, -sin_p], [0, sin_p, cos_p]])
    turn: NDArray[Any] = about_x @ about_y
    return turn


def _triangles(points: NDArray[Any]) -> NDArray[np.int64]:
    """(T, 3) Delaunay triangles between `points` (N, 2)."""
    low = np.floor(points.min(0)).astype(int) - 2
    high = np.ceil(points.max(0)).astype(int) + 3
    plane = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])))
    for x, y in points:
        plane.insert((float(x), float(y)))
    corners = np.asarray(plane.getTriangleList()).reshape(-1, 3, 2)
    apart = np.linalg.norm(corners[:, :, None] - points[None, None], axis=3)
    found = apart.argmin(axis=2)
    known = (apart.min(axis=2) < 0.5).all(axis=1)
    different = (found[:, 0] != found[:, 1]) & (found[:, 1] != found[:, 2]) & (found[:, 0] != found[:, 2])
    triangles: NDArray[np.int64] = found[known & different]
    return triangles
