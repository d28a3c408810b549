"""Pre-processing of faces, written once: detector views, BlazeFace boxes, mesh crops, aligned chips. RGB uint8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

MESH_PX = 192
MESH_GROW = 1.5  # of the longer side of the face's box (MediaPipe face_landmark_front)
NEAR_PX, FAR_PX = 128, 192
_NEAR_CELLS = ((8, 2), (16, 6))  # cell size in px, anchors a cell (MediaPipe face_detection_short_range)
_FAR_CELLS = ((4, 1),)  # (MediaPipe face_detection_full_range)
_SQUARES = 8  # at most, of a picture like a ribbon
_STEP = 0.78  # of a square's side from one square to the next: what is cut by one is whole in the other
_AROUND = (
    2.5  # times the face's longer side: it may have moved by half of itself, and the near net wants faces so large
)
_SAME_IOU = 0.3  # boxes of one face as one net sees it (MediaPipe)
_SAME_PART = 0.6  # of the smaller box inside the larger: one face as two views see it
_CUT = 0.01  # of a view's side: nearer to its edge than this, a box is taken for cut


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Where a chip of `side` px has its `points` (N, 2): each the mean of some of the mesh's points."""

    side: int
    mesh: tuple[tuple[int, ...], ...]
    points: Points


ALIGNMENTS = {
    # Eyes' middles, nose, corners of the mouth: where InsightFace puts them, and with it most embedders since 2018.
    # 4 % larger or smaller costs 0.4 to 0.7 points of TAR at FAR 1e-4 on our LFW part.
    "insightface": Alignment(
        112,
        ((33, 133), (263, 362), (4,), (61,), (291,)),
        np.array(
            [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
            np.float32,
        ),
    ),
    # Outer and inner corner of the left eye, of the right eye, and the point below the nose, fitted to mesh points on
    # LFW: dlib's own 5-point numbers cost 2.8 points of TAR there.
    "dlib": Alignment(
        150,
        ((263,), (362,), (133,), (33,), (2,)),
        np.array(
            [[112.620, 46.554], [89.121, 47.675], [59.886, 47.611], [36.480, 46.596], [74.432, 86.442]], np.float32
        ),
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in a picture: `box` x0, y0, x1, y1 px; `keypoints` (6, 2) px: right eye, left eye, nose, mouth, ears."""

    box: tuple[float, float, float, float]
    score: float
    keypoints: Points


@dataclass(frozen=True, slots=True)
class View:
    """A square of the picture that a detector looks at: left, top and side, px of the picture, and what it sees."""

    x: float
    y: float
    side: float
    pixels: Picture


def views(rgb: Picture) -> tuple[View, list[View]]:
    """The whole picture as (128, 128, 3) for near faces, overlapping squares of it as (192, 192, 3) for far ones.

    Measured on 1280×720: the whole picture finds faces from 200 px on, the squares find 98 % of those of 64 px.
    """
    height, width = rgb.shape[:2]
    small, factor = _halved(rgb)
    scale = min(small.shape[:2]) / FAR_PX
    size = (max(FAR_PX, round(small.shape[1] / scale)), max(FAR_PX, round(small.shape[0] / scale)))
    small = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    scale *= factor
    longer = max(size) - FAR_PX
    count = min(_SQUARES, 1 + int(np.ceil(longer / (FAR_PX * _STEP))))
    places = np.linspace(0, longer, count).round().astype(int)
    corners = [(int(p), 0) if width >= height else (0, int(p)) for p in places]
    squares = [
        View(
            x * scale,
            y * scale,
            FAR_PX * scale,
            np.ascontiguousarray(small[y : y + FAR_PX, x : x + FAR_PX]),
        )
        for x, y in corners
    ]
    return _whole(small, scale), squares


def around(box: tuple[float, float, float, float], rgb: Picture) -> View:
    """The square around a face that was there a moment ago, (128, 128, 3); black where the picture ends."""
    x0, y0, x1, y1 = box
    side = _AROUND * max(x1 - x0, y1 - y0)
    left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    scale = NEAR_PX / side
    return View(left, top, side, _warp(rgb, np.array([[scale, 0, -left * scale], [0, scale, -top * scale]]), NEAR_PX))


def _halved(rgb: Picture) -> tuple[Picture, int]:
    """The picture halved while it is more than twice too large, and by how much; ten times faster than at once."""
    factor = 1
    while min(rgb.shape[:2]) >= 2 * FAR_PX:
        height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
        even = rgb[: 2 * height, : 2 * width]
        rgb = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        factor *= 2
    return rgb, factor


def _whole(small: NDArray[Any], scale: float) -> View:
    """The picture in the middle of a black square."""
    height, width = small.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = cv2.copyMakeBorder(small, top, side - height - top, left, side - width - left, cv2.BORDER_CONSTANT)
    pixels = cv2.resize(square, (NEAR_PX, NEAR_PX), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return View(-left * scale, -top * scale, side * scale, pixels)


def detector_input(view: View) -> NDArray[np.float32]:
    """(1, side, side, 3), -1 … 1."""
    return (view.pixels.astype(np.float32) / 127.5 - 1.0)[None]


def _anchors(input_px: int, cells: tuple[tuple[int, int], ...]) -> Points:
    """(N, 2) centres of a detector's anchors, in shares of its input."""
    found = []
    for stride, each in cells:
        count = input_px // stride
        ys, xs = np.mgrid[0:count, 0:count]
        centres = np.stack([xs + 0.5, ys + 0.5], -1).reshape(-1, 2) / count
        found.append(np.repeat(centres, each, axis=0))
    return np.concatenate(found).astype(np.float32)


_ANCHORS = {NEAR_PX: _anchors(NEAR_PX, _NEAR_CELLS), FAR_PX: _anchors(FAR_PX, _FAR_CELLS)}


def decode(regressors: NDArray[np.float32], logits: NDArray[np.float32], view: View, least: float) -> list[Face]:
    """Faces of score `least` or more, in the picture's px. `regressors` (N, 16), `logits` (N,) of one detector."""
    input_px = view.pixels.shape[0]
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -60, 60)))
    faces = []
    for index in np.flatnonzero(scores >= least):
        raw = regressors[index].reshape(8, 2) / input_px
        anchor = _ANCHORS[input_px][index]
        low, high = raw[0] + anchor - raw[1] / 2, raw[0] + anchor + raw[1] / 2
        corners = np.concatenate([low, high, (raw[2:] + anchor).ravel()]).reshape(8, 2) * view.side + (view.x, view.y)
        x0, y0, x1, y1 = (float(v) for v in corners[:2].ravel())
        faces.append(Face((x0, y0, x1, y1), float(scores[index]), corners[2:].astype(np.float32)))
    return faces


def blend(faces: list[Face]) -> list[Face]:
    """One face for each cluster of overlapping ones of one view, averaged by score as BlazeFace's authors do."""
    rest = sorted(faces, key=lambda face: -face.score)
    blended = []
    while rest:
        best = rest[0]
        near = [face is best or _overlap(face.box, best.box)[0] > _SAME_IOU for face in rest]
        same = [face for face, is_near in zip(rest, near, strict=True) if is_near]
        rest = [face for face, is_near in zip(rest, near, strict=True) if not is_near]
        weights = np.array([face.score for face in same], np.float32)
        x0, y0, x1, y1 = (float(v) for v in np.average([face.box for face in same], axis=0, weights=weights))
        points = np.average([face.keypoints for face in same], axis=0, weights=weights).astype(np.float32)
        blended.append(Face((x0, y0, x1, y1), best.score, points))
    return blended


def join(seen: list[tuple[View, list[Face]]], width: int, height: int) -> list[Face]:
    """The faces of all views, each once: rather a whole one than a cut one, then the surer one; surest first."""
    rest = []
    for number, (view, faces) in enumerate(seen):
        rest += [(is_cut(face, view, width, height), -face.score, number, face) for face in faces]
    rest.sort(key=lambda entry: entry[:3])
    kept: list[Face] = []
    for *_, face in rest:
        overlaps = [_overlap(face.box, other.box) for other in kept]
        if all(iou <= _SAME_IOU and part <= _SAME_PART for iou, part in overlaps):
            kept.append(face)
    return sorted(kept, key=lambda face: -face.score)


def is_cut(face: Face, view: View, width: int, height: int) -> bool:
    """Whether the view's edge goes through the face while the picture goes on behind it."""
    slack = _CUT * view.side
    x0, y0, x1, y1 = face.box
    left = view.x > 0 and x0 < view.x + slack
    top = view.y > 0 and y0 < view.y + slack
    right = view.x + view.side < width and x1 > view.x + view.side - slack
    bottom = view.y + view.side < height and y1 > view.y + view.side - slack
    return left or top or right or bottom


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float]:
    """Intersection over union, and over the smaller box."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0, 0.0
    both = width * height
    first, second = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return both / (first + second - both), both / min(first, second)


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
    crop = _warp(rgb, transform, MESH_PX)
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


def chip(rgb: Picture, mesh: Points, alignment: Alignment) -> Picture:
    """The aligned (side, side, 3) chip of the face whose mesh points (468, 2), px, are these."""
    transform = similarity(aligning_points(mesh, alignment), alignment.points)
    return _warp(rgb, transform, alignment.side)


def aligning_points(mesh: Points, alignment: Alignment) -> Points:
    """(N, 2): where the mesh has the points that a chip is aligned by."""
    return np.stack([mesh[list(indices)].mean(0) for indices in alignment.mesh])


def _warp(rgb: Picture, transform: NDArray[Any], side: int) -> Picture:
    """The (side, side, 3) picture that `transform` makes; a much larger one is made smaller by area first."""
    shrink = int(1.0 / max(np.sqrt(abs(np.linalg.det(transform[:, :2]))), 1e-3))
    if shrink >= 2:
        height, width = rgb.shape[:2]
        corners = back(np.array([[0, 0], [side, 0], [0, side], [side, side]], np.float32), transform)
        x0, y0 = (int(v) for v in np.clip(np.floor(corners.min(0)) - shrink, 0, (width - 1, height - 1)))
        x1, y1 = (int(v) for v in np.clip(np.ceil(corners.max(0)) + shrink, (x0 + 1, y0 + 1), (width, height)))
        part = rgb[y0:y1, x0:x1]
        size = (-(-part.shape[1] // shrink), -(-part.shape[0] // shrink))
        rgb = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        factor = np.array([part.shape[1] / size[0], part.shape[0] / size[1]])
        linear = transform[:, :2] * factor
        origin = np.array([x0, y0]) + factor / 2 - 0.5  # where the first pixel's centre lies in the picture
        transform = np.column_stack([linear, transform[:, :2] @ origin + transform[:, 2]])
    warped: Picture = cv2.warpAffine(rgb, transform, (side, side), flags=cv2.INTER_LINEAR).astype(np.uint8)
    return warped
