"""From four corners in a picture to the strip that the reader reads, and back."""

import cv2
import numpy as np

STRIP_WIDTH_PX = 128
STRIP_HEIGHT_PX = 32
TOP_ROW_SHARE = 2 / 7
"""How much of a double-row plate's strip its two upper characters take."""
_DOUBLE_TOP_MM = (95, 8, 345, 82)
_DOUBLE_BOTTOM_MM = (14, 82, 426, 208)
_DOUBLE_SIZE_MM = (440, 220)


def rectify(image: np.ndarray, corners: np.ndarray, width_px: int, height_px: int, margin: float = 0.0) -> np.ndarray:
    """The quadrilateral as an upright (height, width, 3) picture; corners clockwise from top left, (4, 2) float32 px.

    `margin` is the share of the plate's size that is added on every side.
    """
    target = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    target = (target * (1 - 2 * margin) + margin) * np.array([width_px, height_px], np.float32) - 0.5
    source = corners.astype(np.float32) - np.float32(0.5)  # corners count from pixel edges, OpenCV from their middles
    shrink = min(np.linalg.norm(source[1] - source[0]) / width_px, np.linalg.norm(source[3] - source[0]) / height_px)
    factor = int(np.clip(round(float(shrink)), 1, 4))
    matrix = cv2.getPerspectiveTransform(source, (target + 0.5) * factor - 0.5)
    size = (width_px * factor, height_px * factor)
    out = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(out, (width_px, height_px), interpolation=cv2.INTER_AREA) if factor > 1 else out


def double_to_strip(plate: np.ndarray) -> np.ndarray:
    """A rectified two-row plate as one row: its upper characters left of its lower ones; height becomes 7/11 of it."""
    height, width = plate.shape[:2]
    strip_height = round(height * 7 / 11)
    split = round(width * TOP_ROW_SHARE)
    scale_x, scale_y = width / _DOUBLE_SIZE_MM[0], height / _DOUBLE_SIZE_MM[1]

    def part(box: tuple[int, int, int, int], to_width: int) -> np.ndarray:
        cut = plate[
            round(box[1] * scale_y) : round(box[3] * scale_y), round(box[0] * scale_x) : round(box[2] * scale_x)
        ]
        return cv2.resize(cut, (to_width, strip_height), interpolation=cv2.INTER_LINEAR)

    return np.hstack([part(_DOUBLE_TOP_MM, split), part(_DOUBLE_BOTTOM_MM, width - split)])


def double_x_to_strip(x_mm: float, top: bool) -> float:
    """Where a horizontal position on a two-row plate lands in its strip, as a share of the strip's width."""
    box = _DOUBLE_TOP_MM if top else _DOUBLE_BOTTOM_MM
    inside = (x_mm - box[0]) / (box[2] - box[0])
    return inside * TOP_ROW_SHARE if top else TOP_ROW_SHARE + inside * (1 - TOP_ROW_SHARE)


def tilted(corners: np.ndarray, share: float) -> np.ndarray:
    """The corners with the right end this share of the height lower and the left end as much higher, both by half."""
    left, right = corners[3] - corners[0], corners[2] - corners[1]
    return np.asarray(corners + share / 2 * np.stack([-left, right, right, -left]), np.float32)


def strip(image: np.ndarray, corners: np.ndarray, rows: int, margin: float) -> np.ndarray:
    """The reader's input, (32, 128, 3) uint8, of the plate with these corners and a margin (a share of its size)."""
    if rows == 1:
        return rectify(image, corners, STRIP_WIDTH_PX, STRIP_HEIGHT_PX, margin)
    plate = double_to_strip(rectify(image, corners, 2 * STRIP_WIDTH_PX, STRIP_WIDTH_PX))
    return cv2.resize(plate, (STRIP_WIDTH_PX, STRIP_HEIGHT_PX), interpolation=cv2.INTER_AREA)
