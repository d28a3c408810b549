"""Plates in a frame: detector → corner net on a zoomed part → upright strip → reader → grammar.

    pipeline = PlatePipeline()
    for plate in pipeline.read_frame(rgb):
        print(plate.text, plate.confidence, plate.corners)

One pipeline belongs to one thread.
"""

import time
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from models.cards import Card, load_card
from models.plates.alphabet import BLANK, INDEX, PROVINCES, UNKNOWN_PROVINCE
from models.plates.cells import CELL_PX, CORNER_UNIT_PX
from models.plates.geometry import strip, tilted
from models.plates.grammar import GRAMMAR, Grammar, Reading
from models.runtime import Model

MAX_PLATES = 8
"""At most this many candidates of a window are zoomed on; the best scores win."""
WINDOW_PX = (720, 432)
WINDOW_OVERLAP = 0.2
WINDOWS_ALONG = 4
"""A still's windows: width and height, the share that neighbours have in common, and where they grow instead."""
ZOOM_SHARE = 0.63
"""The share of the corner net's width that the plate takes, as in its training."""
ZOOM_PASSES = 2
PLATE_VIEWS = ((0.06, 0.0), (0.02, 0.0), (0.1, 0.0))
CROP_VIEWS = ((0.04, 0.0), (0.0, 0.0), (0.08, 0.0), (0.04, 0.2), (0.04, -0.2), (0.04, 0.4), (0.04, -0.4))
"""How the reader is shown a plate: with this share of its size around it, and as if its right end lay this share of its
height lower than its left. Corners are never perfect, and a crop is the box around a tilted plate."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plate in a picture: corners clockwise from top left, (4, 2) float32 px; score 0…1; 1 or 2 rows."""

    corners: np.ndarray
    score: float
    rows: int


@dataclass(frozen=True, slots=True)
class PlateRead:
    """A plate found and read; see `Found` and `grammar.Reading` for the fields."""

    corners: np.ndarray
    score: float
    rows: int
    text: str
    posteriors: tuple[float, ...]
    confidence: float
    plate_type: str
    colour: str
    distribution: np.ndarray
    trust: float


class Reader(Protocol):
    """What reads a strip: a `Model`, or in an evaluation the weights before they became int8."""

    card: Card

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """(1, 32, 128, 3) float32 → ((1, 1, columns, classes),)."""
        ...

    def warm(self) -> None:
        """One run that is not counted."""
        ...


class PlatePipeline:
    """The three nets, loaded and warmed; `stage_ms` holds the last frame's milliseconds by stage."""

    def __init__(self, threads: int = 1, grammar: Grammar = GRAMMAR, reader: Reader | None = None) -> None:
        self._detector, self._corners = (
            Model(load_card(name), threads) for name in ("plate_detector", "plate_corners")
        )
        self._reader = reader or Model(load_card("plate_reader"), threads)
        self._grammar = grammar
        self.stage_ms: dict[str, float] = {}
        for model in (self._detector, self._corners, self._reader):
            model.warm()

    @property
    def sure_confidence(self) -> float:
        """The confidence from which a read counts as sure."""
        return self._reader.card.thresholds["sure"]

    def read_frame(self, rgb: np.ndarray, still: bool = False) -> list[PlateRead]:
        """Every legible plate in an (H, W, 3) uint8 RGB picture, best score first.

        A stream shows a car again and larger; a `still` does not, so it is also looked at in overlapping windows.
        """
        found = self.detect(rgb, still)
        started = time.perf_counter()
        reads = []
        for plate in found:
            reading = self._read_plate(rgb, plate, PLATE_VIEWS)
            if reading.legibility < self._reader.card.thresholds["legible"]:
                continue
            reads.append(
                PlateRead(
                    plate.corners,
                    plate.score,
                    plate.rows,
                    reading.text,
                    reading.posteriors,
                    reading.confidence,
                    reading.plate_type,
                    reading.colour,
                    reading.distribution,
                    reading.trust,
                )
            )
        self.stage_ms["read"] = (time.perf_counter() - started) * 1e3
        return reads

    def detect(self, rgb: np.ndarray, still: bool = False) -> list[Found]:
        """Plates with refined corners, best score first."""
        started = time.perf_counter()
        candidates = self._candidates(rgb)
        for x, y, width, height in windows(rgb.shape[1], rgb.shape[0]) if still else ():
            part = self._candidates(rgb[y : y + height, x : x + width])
            candidates += [replace(found, corners=found.corners + np.array([x, y], np.float32)) for found in part]
        candidates = _without_doubles(sorted(candidates, key=lambda plate: -plate.score))
        looked = time.perf_counter()
        found = [refined for candidate in candidates if (refined := self._refine(rgb, candidate)) is not None]
        self.stage_ms = {"detect": (looked - started) * 1e3, "corners": (time.perf_counter() - looked) * 1e3}
        return _without_doubles(sorted(found, key=lambda plate: -plate.score))

    def read(self, crop: np.ndarray) -> Reading:
        """The text on a tight picture of one single-row plate, any size, uint8 RGB."""
        height, width = crop.shape[:2]
        edge = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        return self._read_plate(crop, Found(edge, 1.0, 1), CROP_VIEWS)

    def _read_plate(self, rgb: np.ndarray, plate: Found, views: tuple[tuple[float, float], ...]) -> Reading:
        """The surest reading over a few views, as sure as they agree; a first sure one is enough."""
        readings: list[Reading] = []
        for margin, tilt in views:
            readings.append(self._read_strip(strip(rgb, tilted(plate.corners, tilt), plate.rows, margin)))
            if len(readings) == 1 and readings[0].confidence >= self.sure_confidence:
                break
        return agreed(readings)

    def _read_strip(self, picture: np.ndarray) -> Reading:
        (output,) = self._reader.run(_scaled(picture, self._reader.card))
        return decoded(output.reshape(-1, output.shape[-1]), self._grammar)

    def _candidates(self, rgb: np.ndarray) -> list[Found]:
        card = self._detector.card
        height, width = rgb.shape[:2]
        scale = min(card.input.width / width, card.input.height / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        fitted = np.full((card.input.height, card.input.width, 3), 128, np.uint8)
        fitted[: size[1], : size[0]] = _resized(rgb, size)
        scores, offsets = self._detector.run(_scaled(fitted, card))
        presence = _sigmoid(scores[0, ..., 0])
        rows, columns = np.nonzero(presence >= card.thresholds["score"])
        best = np.argsort(-presence[rows, columns])[: 4 * MAX_PLATES]
        rows, columns = rows[best], columns[best]
        middles = np.stack([columns, rows], 1).astype(np.float32) * CELL_PX + CELL_PX / 2
        corners = middles[:, None] + offsets[0, rows, columns].reshape(-1, 4, 2) * CORNER_UNIT_PX
        found = [
            Found(quad / scale, float(presence[row, column]), 2 if scores[0, row, column, 1] > 0 else 1)
            for quad, row, column in zip(corners, rows, columns, strict=True)
        ]
        return _without_doubles(found)[:MAX_PLATES]

    def _refine(self, rgb: np.ndarray, candidate: Found) -> Found | None:
        """The candidate with corners read off a zoomed part; None if there it does not look like a plate."""
        card = self._corners.card
        zoom = np.array([card.input.width, card.input.height], np.float32)
        quad, rows, score = candidate.corners, candidate.rows, candidate.score
        for _ in range(ZOOM_PASSES):
            low, high = quad.min(0), quad.max(0)
            span = high - low
            px_per_px = max(float(span[0]) / (ZOOM_SHARE * zoom[0]), float(span[1]) / (0.75 * zoom[1]), 1e-3)
            origin = (low + high) / 2 - zoom / 2 * px_per_px
            part = _cut(rgb, origin, px_per_px, card.input.width, card.input.height)
            scores, points = self._corners.run(_scaled(part, card))
            score = float(_sigmoid(scores.reshape(-1)[0]))
            if score < card.thresholds["score"]:
                return None
            rows = 2 if scores.reshape(-1)[1] > 0 else 1
            quad = (points.reshape(4, 2) * zoom[0] / 2 + zoom / 2) * px_per_px + origin
            if not _convex(quad):
                return None
        return Found(quad.astype(np.float32), score, rows)


def windows(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """(x, y, width, height) of the overlapping parts of a still, none where it is hardly larger than one of them."""
    grow = max(1.0, max(width, height) / WINDOWS_ALONG / WINDOW_PX[0])
    across, down = (_spans(size, grow * window) for size, window in zip((width, height), WINDOW_PX, strict=True))
    places = [(x, y, x1 - x, y1 - y) for y, y1 in down for x, x1 in across]
    return places if len(places) > 1 else []


def _spans(size: int, window: float) -> list[tuple[int, int]]:
    """About as long as the window, together the whole size."""
    step = window * (1 - WINDOW_OVERLAP)
    count = max(1, round((size - window * WINDOW_OVERLAP) / step))
    length = size / (count - (count - 1) * WINDOW_OVERLAP)
    starts = np.arange(count) * length * (1 - WINDOW_OVERLAP)
    return [(round(start), round(start + length)) for start in starts]


def decoded(columns: np.ndarray, grammar: Grammar = GRAMMAR) -> Reading:
    """What the reader's (columns, classes) of one strip say."""
    symbols = _log_softmax(columns[:, : BLANK + 1])
    return grammar.decode(symbols, _log_softmax(columns[:, BLANK + 1 :].mean(0)))


def agreed(readings: list[Reading]) -> Reading:
    """The surest reading, its posteriors the mean over all; one of another length counts as none."""
    best = max(readings, key=lambda reading: reading.confidence)
    provinces = len(PROVINCES)  # the first of the symbols
    chosen = [
        int(row[:provinces].argmax()) if symbol == UNKNOWN_PROVINCE else INDEX[symbol]
        for symbol, row in zip(best.text, best.distribution, strict=True)
    ]
    same = [reading for reading in readings if len(reading.distribution) == len(best.distribution)]
    distribution = np.sum([reading.distribution for reading in same], 0) / len(readings)
    posteriors = tuple(float(row[symbol]) for row, symbol in zip(distribution, chosen, strict=True))
    agreeing = sum(reading.confidence for reading in readings if reading.text == best.text) / len(readings)
    trust = sum(reading.trust for reading in same) / len(same)
    confidence = min(agreeing, *posteriors)
    return replace(best, distribution=distribution, posteriors=posteriors, confidence=confidence, trust=trust)


def _cut(rgb: np.ndarray, origin: np.ndarray, px_per_px: float, width: int, height: int) -> np.ndarray:
    """The part of the picture from `origin`, shrunk by `px_per_px`, edges repeated outside."""
    factor = int(np.clip(round(px_per_px), 1, 6))
    step = px_per_px / factor
    # pixel centres: output (i + 0.5) · step + origin = input + 0.5
    matrix = np.array([[step, 0, origin[0] + (step - 1) / 2], [0, step, origin[1] + (step - 1) / 2]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (width * factor, height * factor)
    part = cv2.warpAffine(rgb, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA) if factor > 1 else part


def _resized(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture at (width, height): halved while it can be, which OpenCV does ten times faster than an odd factor."""
    while rgb.shape[1] >= 2 * size[0] and rgb.shape[0] >= 2 * size[1]:
        half = (rgb.shape[1] // 2, rgb.shape[0] // 2)
        rgb = cv2.resize(rgb[: 2 * half[1], : 2 * half[0]], half, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR))


def _without_doubles(found: list[Found]) -> list[Found]:
    """Only the best of those that cover one another's middle; `found` comes best first."""
    kept: list[Found] = []
    for plate in found:
        middle = plate.corners.mean(0)
        if not any(((middle > other.corners.min(0)) & (middle < other.corners.max(0))).all() for other in kept):
            kept.append(plate)
    return kept


def _convex(quad: np.ndarray) -> bool:
    edges = np.roll(quad, -1, 0) - quad
    after = np.roll(edges, -1, 0)
    return bool((edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0] > 0).all())


def _scaled(picture: np.ndarray, card: Card) -> np.ndarray:
    return np.asarray(picture[None].astype(np.float32) * card.input.scale + card.input.offset)


def _sigmoid(value: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-value)))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))
