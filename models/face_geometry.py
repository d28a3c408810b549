"""Pre-processing of faces, written once: tiles, BlazeFace boxes, mesh crops, aligned chips. Pictures are RGB uint8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

CHIP_PX = 150
# Fitted to FaceMesh points on LFW (the embedder's own 5-point numbers cost 2.8 points of TAR there): in a 150-px chip,
# the outer and inner corner of the left eye, of the right eye, and the point below the nose.
MESH_INDEX = (263, 362, 133, 33, 2)
CHIP_POINTS = np.array(
    [[112.620, 46.554], [89.121, 47.675], [59.886, 47.611], [36.480, 46.596], [74.432, 86.442]], np.float32
)
MESH_PX = 192
MESH_GROW = 1.5  # of the longer side of the face's box (MediaPipe face_landmark_front)
DETECTOR_PX = 128
_STRIDES = ((8, 2), (16, 6))  # cell size in px, anchors a cell (MediaPipe face_detection_short_range)


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture: `box` x0, y0, x1, y1 px; `keypoints` (6, 2) px: right eye, left eye, nose, mouth, ears."""

    box: tuple[float, float, float, float]
    score: float
    keypoints: Points


def tiles(width: int, height: int) -> list[tuple[int, int, int]]:
    """Overlapping squares (x, y, side) px that cover the picture: a small face stays large enough for the detector."""
    side = min(width, height)
    count = max(1, int(np.ceil((max(width, height) - side) / (side * 0.6))) + 1) if width != height else 1
    places = np.linspace(0, max(width, height) - side, count).round().astype(int)
    return [(int(p), 0, side) if width >= height else (0, int(p), side) for p in places]


def detector_input(rgb: Picture, tile: tuple[int, int, int]) -> NDArray[np.float32]:
    """(1, 128, 128, 3), -1 … 1."""
    x, y, side = tile
    small = cv2.resize(rgb[y : y + side, x : x + side], (DETECTOR_PX, DETECTOR_PX), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32) / 127.5 - 1.0)[None]


def anchors() -> Points:
    """(896, 2) centres of the detector's anchors, in shares of its input."""
    found = []
    for stride, each in _STRIDES:
        cells = DETECTOR_PX // stride
        ys, xs = np.mgrid[0:cells, 0:cells]
        centres = np.stack([xs + 0.5, ys + 0.5], -1).reshape(-1, 2) / cells
        found.append(np.repeat(centres, each, axis=0))
    return np.concatenate(found).astype(np.float32)


_ANCHORS = anchors()


def decode(
    regressors: NDArray[np.float32], logits: NDArray[np.float32], tile: tuple[int, int, int], least: float
) -> list[Face]:
    """Boxes above score `least`, in the picture's px. `regressors` (896, 16), `logits` (896,)."""
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -60, 60)))
    x, y, side = tile
    faces = []
    for index in np.flatnonzero(scores >= least):
        raw = regressors[index].reshape(8, 2) / DETECTOR_PX
        centre = raw[0] + _ANCHORS[index]
        half = raw[1] / 2
        low, high = (centre - half) * side + (x, y), (centre + half) * side + (x, y)
        points = ((raw[2:] + _ANCHORS[index]) * side + (x, y)).astype(np.float32)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        faces.append(Face(box, float(scores[index]), points))
    return faces


def merge(faces: list[Face], overlap: float = 0.3) -> list[Face]:
    """One face for each cluster of overlapping ones, averaged by score (as BlazeFace's authors do), best first."""
    rest = sorted(faces, key=lambda face: -face.score)
    merged = []
    while rest:
        best = rest[0]
        same = [face for face in rest if _overlap(face.box, best.box) > overlap]
        rest = [face for face in rest if face not in same] if same else rest[1:]
        weights = np.array([face.score for face in same], np.float32)
        box = np.average([face.box for face in same], axis=0, weights=weights)
        points = np.average([face.keypoints for face in same], axis=0, weights=weights).astype(np.float32)
        x0, y0, x1, y1 = (float(v) for v in box)
        merged.append(Face((x0, y0, x1, y1), best.score, points))
    return merged


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over the smaller: a face cut by a tile's edge lies inside the whole one."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))


def mesh_transform(face: Face) -> NDArray[Any]:
    """(2, 3) from the picture to the mesh's 192-px square: the box grown, upright by the eyes."""
    right, left = face.keypoints[0], face.keypoints[1]
    angle = float(np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])))
    side = MESH_GROW * max(face.box[2] - face.box[0], face.box[3] - face.box[1])
    centre = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
    turn = cv2.getRotationMatrix2D(centre, angle, MESH_PX / max(side, 1.0))
    turn[:, 2] += np.array((MESH_PX / 2 - centre[0], MESH_PX / 2 - centre[1]))
    return turn


def mesh_input(rgb: Picture, transform: NDArray[Any]) -> NDArray[np.float32]:
    """(1, 192, 192, 3), 0 … 1."""
    crop = cv2.warpAffine(rgb, transform, (MESH_PX, MESH_PX), flags=cv2.INTER_LINEAR)
    return (crop.astype(np.float32) / 255.0)[None]


def back(points: Points, transform: NDArray[Any]) -> Points:
    """Points (N, 2) of the transformed picture in the original one."""
    inverse = cv2.invertAffineTransform(transform)
    return np.asarray(points @ inverse[:, :2].T + inverse[:, 2], np.float32)


def similarity(source: Points, target: Points) -> NDArray[Any]:
    """(2, 3): the least-squares turn, scale and shift of `source` (N, 2) onto `target` (Umeyama 1991)."""
    middle_s, middle_t = source.mean(0), target.mean(0)
    s, t = (source - middle_s).astype(np.float64), (target - middle_t).astype(np.float64)
    u, d, vt = np.linalg.svd(t.T @ s / len(s))
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    turn = u @ np.diag(sign) @ vt
    scale = (d * sign).sum() / s.var(0).sum()
    matrix = np.zeros((2, 3))
    matrix[:, :2] = scale * turn
    matrix[:, 2] = middle_t - scale * turn @ middle_s
    return matrix


def chip(rgb: Picture, mesh: Points) -> Picture:
    """The aligned 150×150 chip of the face whose mesh points (468, 2), px, are these."""
    transform = similarity(mesh[list(MESH_INDEX)], CHIP_POINTS)
    cut: Picture = cv2.warpAffine(rgb, transform, (CHIP_PX, CHIP_PX), flags=cv2.INTER_LINEAR).astype(np.uint8)
    return cut
