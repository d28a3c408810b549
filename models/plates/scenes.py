"""Training samples of the detector and of the corner net: plates standing in backdrops, with their corners."""

from dataclasses import dataclass

import cv2
import numpy as np

from models.plates.backdrop import Backdrop, Rng
from models.plates.samples import LAMPS, PlatePainter, colourise, smear
from models.plates.texts import random_plate

CLOSE_WIDTH_PX, CLOSE_HEIGHT_PX = 128, 64
_WIDE_SMEAR_PX, _CLOSE_SMEAR_PX = 5, 9  # at most: a plate that moves while the shutter is open
_UNIT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


@dataclass(frozen=True, slots=True)
class Standing:
    """A plate in a picture: corners clockwise from top left, (4, 2) float32 px, and its rows."""

    corners: np.ndarray
    rows: int


@dataclass(frozen=True, slots=True)
class Close:
    """A zoomed picture for the corner net; `plate` is None where there is none in its middle."""

    picture: np.ndarray
    plate: Standing | None


class SceneSampler:
    """Endless pictures for one seed."""

    def __init__(self, painter: PlatePainter, backdrop: Backdrop, seed: int) -> None:
        self._painter, self._backdrop = painter, backdrop
        self._rng = np.random.default_rng(seed)
        self._noise = np.random.default_rng(0).normal(0, 1, (512, 512, 3)).astype(np.float32)

    def wide(self, height: int, width: int) -> tuple[np.ndarray, list[Standing]]:
        """A picture at the detector's scale with 0 to 2 plates, (height, width, 3) uint8."""
        rng = self._rng
        picture = self._backdrop.picture(height, width, rng)
        plates: list[Standing] = []
        for _ in range(int(rng.choice(3, p=[0.2, 0.6, 0.2]))):
            plate_width = float(np.exp(rng.uniform(np.log(22), np.log(150))))
            standing = self._corners(plate_width, rng)
            span = standing.corners.max(0) - standing.corners.min(0)
            low = standing.corners.min(0)
            room = np.array([width, height]) - span
            shift = rng.uniform(-0.02, 1.02, 2) * room - low
            placed = Standing((standing.corners + shift).astype(np.float32), standing.rows)
            if room.min() < 4 or any(_near(placed, other) for other in plates):
                continue
            if rng.random() < 0.5:
                self._car(picture, placed, rng)
            self._stand(picture, placed, rng)
            plates.append(placed)
        return self._film(picture, _WIDE_SMEAR_PX, rng), plates

    def close(self) -> Close:
        """A picture at the corner net's scale, the plate about in its middle, or none."""
        rng = self._rng
        size = np.array([CLOSE_WIDTH_PX, CLOSE_HEIGHT_PX])
        picture = self._backdrop.picture(CLOSE_HEIGHT_PX, CLOSE_WIDTH_PX, rng)
        if rng.random() < 0.3:
            if rng.random() < 0.75:
                middle = (size[0] * rng.uniform(0.4, 0.6), size[1] * rng.uniform(0.4, 0.6))
                self._backdrop.decoy(picture, middle, size[0] * rng.uniform(0.4, 0.9), rng)
            return Close(self._film(_coarse(picture, rng), _CLOSE_SMEAR_PX, rng), None)
        standing = self._corners(CLOSE_WIDTH_PX * float(np.clip(rng.normal(0.63, 0.1), 0.35, 0.92)), rng)
        middle = (standing.corners.max(0) + standing.corners.min(0)) / 2
        shift = size * (0.5 + np.clip(rng.normal(0, 0.055, 2), -0.16, 0.16)) - middle
        placed = Standing((standing.corners + shift).astype(np.float32), standing.rows)
        if rng.random() < 0.4:
            self._car(picture, placed, rng)
        self._stand(picture, placed, rng)
        return Close(self._film(_coarse(picture, rng), _CLOSE_SMEAR_PX, rng), placed)

    def _corners(self, width: float, rng: Rng) -> Standing:
        """Corners about the origin under a random pose."""
        rows = 2 if rng.random() < 0.12 else 1
        ratio = 0.5 if rows == 2 else (140 / 480 if rng.random() < 0.2 else 140 / 440)
        points = (_UNIT - 0.5) * np.array([1, ratio], np.float32)
        depth = 1 + points @ np.clip(rng.normal(0, [0.12, 0.12]), -0.3, 0.3)
        points = points / depth[:, None]
        squeeze = np.array([rng.uniform(0.72, 1.0) if rng.random() < 0.4 else 1.0, rng.uniform(0.85, 1.1)])
        points = points * squeeze
        angle, shear = np.clip(rng.normal(0, [0.1, 0.12]), -0.35, 0.35)
        points[:, 1] += shear * points[:, 0] * (rng.random() < 0.5)
        if rng.random() < 0.5:  # seen from above and aside, upright edges lean and level ones do not
            points[:, 0] += float(np.clip(rng.normal(0, 0.18), -0.4, 0.4)) * points[:, 1]
        cos, sin = np.cos(angle), np.sin(angle)
        return Standing((points @ np.array([[cos, sin], [-sin, cos]]) * width).astype(np.float32), rows)

    def _car(self, picture: np.ndarray, plate: Standing, rng: Rng) -> None:
        """Bodywork, bumper, grille and lamps around a plate."""
        low, high = plate.corners.min(0), plate.corners.max(0)
        width, height = high - low
        base = rng.uniform(0, 255) + rng.normal(0, 30, 3)
        paint = tuple(int(part) for part in np.clip(base, 0, 255))
        left, right = (low[0] - width * rng.uniform(0.1, 1.5), high[0] + width * rng.uniform(0.1, 1.5))
        top, bottom = (low[1] - height * rng.uniform(0.3, 5), high[1] + height * rng.uniform(0.3, 2.5))
        cv2.rectangle(picture, _at(left, top), _at(right, bottom), paint, -1)
        for _ in range(int(rng.integers(1, 6))):
            y0 = rng.uniform(top, bottom)
            shade = tuple(int(part) for part in np.clip(base + rng.normal(0, 50), 0, 255))
            y1 = y0 + height * rng.uniform(0.05, 0.8)
            inset = rng.uniform(0, 0.4) * width
            cv2.rectangle(picture, _at(left + inset, y0), _at(right - inset, y1), shade, -1)
        if rng.random() < 0.5:
            step, y0 = (max(2.0, height * rng.uniform(0.15, 0.4)), low[1] - height * rng.uniform(0.5, 3))
            for index in range(int(rng.integers(2, 8))):
                y = y0 + index * step
                cv2.line(picture, _at(left + width * 0.3, y), _at(right - width * 0.3, y), (150, 150, 155), 1)

    def _stand(self, picture: np.ndarray, plate: Standing, rng: Rng) -> None:
        """Draws a random plate and its frame into the picture, in place; the corners are the metal's, seen or not."""
        text, colour = random_plate(rng)
        while plate.rows == 2 and len(text) != 7:
            text, colour = random_plate(rng)
        drawn = self._painter.draw_flat(text, colour, rng, plate.rows)
        target_width = float(np.linalg.norm(plate.corners[1] - plate.corners[0]))
        scale = min(1.0, 1.4 * target_width / drawn.layers.shape[1])
        layers = cv2.resize(drawn.layers, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        face = np.clip(colourise(layers, drawn, rng, 1.0) * np.exp(rng.normal(-0.1, 0.35)), 0, 255).astype(np.uint8)
        rows, columns = face.shape[:2]
        source = _UNIT * np.array([columns, rows], np.float32) - 0.5
        matrix = cv2.getPerspectiveTransform(source, plate.corners - 0.5)
        seen = plate.corners - 0.5
        if rng.random() < 0.45:
            grown = plate.corners + (plate.corners - plate.corners.mean(0)) * rng.uniform(0, 0.12, 2)
            shade = rng.uniform(0, 200) + rng.normal(0, 6, 3)
            cv2.fillConvexPoly(picture, np.round(grown).astype(np.int32), tuple(map(float, shade)), cv2.LINE_AA)
            if rng.random() < 0.6:
                seen = cv2.perspectiveTransform(_framed(columns, rows, rng)[None], matrix)[0]
        size = (picture.shape[1], picture.shape[0])
        layer = cv2.warpPerspective(face, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros(picture.shape[:2], np.uint8)
        fixed = np.round(seen * 16).astype(np.int32)
        cv2.fillConvexPoly(mask, fixed, 255, cv2.LINE_AA, 4)
        share = mask[..., None].astype(np.float32) / 255
        picture[:] = (picture + (layer.astype(np.float32) - picture) * share).astype(np.uint8)

    def _film(self, picture: np.ndarray, smear_px: int, rng: Rng) -> np.ndarray:
        """Light, lamps, haze, infra-red, blur, motion, noise, JPEG on the whole picture."""
        height, width = picture.shape[:2]
        gain = np.exp(rng.normal(-0.15, 0.4)) * np.exp(rng.normal(0, 0.07, 3))
        if rng.random() < 0.25:
            gain = gain * np.exp(rng.normal(0, 0.3) * LAMPS)
        out = picture * gain.astype(np.float32)
        if rng.random() < 0.25:
            out = out * (1 - (haze := rng.uniform(0.1, 0.5))) + haze * rng.uniform(30, 220)
        if rng.random() < 0.3:
            grey = out @ rng.dirichlet((1, 1, 1)).astype(np.float32)[:, None]
            out = grey + (out - grey) * (0.0 if rng.random() < 0.4 else rng.uniform(0, 1))
        if rng.random() < 0.4:
            out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 1.3)))
        if rng.random() < 0.2:
            out = cv2.filter2D(out, -1, smear(int(rng.integers(2, smear_px + 1)), rng))
        y, x = (int(rng.integers(0, 512 - size)) for size in (height, width))
        out = out + self._noise[y : y + height, x : x + width] * np.float32(rng.uniform(0, 9))
        filmed: np.ndarray = np.clip(out, 0, 255).astype(np.uint8)
        if rng.random() < 0.3:
            ok, data = cv2.imencode(".jpg", filmed, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
            filmed = np.array(cv2.imdecode(data, cv2.IMREAD_COLOR)) if ok else filmed
        return filmed


def _framed(columns: int, rows: int, rng: Rng) -> np.ndarray:
    """What a frame that lies on the plate's rim leaves to be seen of its picture, (4, 2) px."""
    left, right = rng.uniform(0, 0.03, 2)
    top, bottom = rng.uniform(0, 0.12, 2)
    inside = np.array([[left, top], [1 - right, top], [1 - right, 1 - bottom], [left, 1 - bottom]], np.float32)
    return np.asarray(inside * np.array([columns, rows], np.float32) - 0.5, np.float32)


def _coarse(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """The zoomed picture as if it came from fewer pixels."""
    if rng.random() < 0.5:
        return picture
    scale = rng.uniform(0.35, 0.9)
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _at(x: float, y: float) -> tuple[int, int]:
    return round(float(x)), round(float(y))


def _near(one: Standing, other: Standing) -> bool:
    gap = np.maximum(one.corners.min(0), other.corners.min(0)) - np.minimum(one.corners.max(0), other.corners.max(0))
    return bool((gap < 12).all())
