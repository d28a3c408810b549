"""Training samples of the reader: plates drawn, warped, coloured and spoilt at the resolution cameras give.

One sample costs well under a millisecond because only the ink mask is drawn large; colour, light and noise are applied
to the few pixels that are left after the warp.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from models.plates import alphabet
from models.plates.geometry import STRIP_HEIGHT_PX, STRIP_WIDTH_PX, double_to_strip, double_x_to_strip
from models.plates.glyphs import FORMS, WIDTH_FACTORS, glyph_variants, stroke_mask
from models.plates.layout import Layout, layout_for
from models.plates.render import FACES, GREEN_TOP, RED, RED_SYMBOLS, YELLOW_END, ink_mask
from models.plates.texts import random_plate

PARTS = ("resolution", "strokes", "pose", "light", "blur", "wear")
"""What can be left out of drawing, to see what it is worth: `models/ablate_plate.py`."""
COLUMNS = 32
UNLABELLED = -1
_PX_PER_MM = 0.6
_GLYPH_SIZE = (27, 54)
LAMPS = np.array([1.0, 0.1, -1.2])
"""Logarithms of the gains of red, green and blue in warm light; of cold light with their signs turned."""
_UNIT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plate before the camera: ink, plate area and gradient as (H, W, 3) uint8, and where its characters are."""

    text: str
    colour: str
    layers: np.ndarray
    spans: np.ndarray
    """(characters, 2) float32: left and right edge as shares of the width."""


class PlatePainter:
    """Draws ink masks with glyphs chosen at random among the variants."""

    def __init__(self, fonts: list[tuple[Path, int]], without: Collection[str] = ()) -> None:
        self._own, self._worn = "strokes" not in without, "wear" not in without
        self._glyphs: dict[str, list[np.ndarray]] = {}
        for symbol in alphabet.SYMBOLS:
            variants = glyph_variants(symbol, fonts, self._own)
            self._glyphs[symbol] = [_small(mask) for mask in variants]
        self._green = {
            symbol: [_small(stroke_mask(symbol, factor, "green")) for factor in WIDTH_FACTORS]
            for symbol in FORMS["green"]
        }

    def draw(self, text: str, colour: str, rng: np.random.Generator, rows: int = 1) -> Drawn:
        """One plate; a two-row plate comes as the strip that `geometry.double_to_strip` makes of it."""
        flat = self.draw_flat(text, colour, rng, rows)
        return flat if rows == 1 else replace(flat, layers=double_to_strip(flat.layers))

    def draw_flat(self, text: str, colour: str, rng: np.random.Generator, rows: int = 1) -> Drawn:
        """One plate as it is, two rows as two rows."""
        layout = layout_for(text, rows)
        weight = int(rng.integers(len(WIDTH_FACTORS)))
        green = self._own and "green" in colour and rng.random() < 0.85

        def mask_of(symbol: str) -> np.ndarray:
            if green and symbol in self._green:
                return self._green[symbol][weight]
            variants = self._glyphs[symbol]
            if not (self._own and symbol.isascii()):
                return variants[int(rng.integers(len(variants)))]
            forms = len(variants) // len(WIDTH_FACTORS)
            return variants[weight + len(WIDTH_FACTORS) * int(rng.integers(forms))]

        ink = ink_mask(text, layout, _PX_PER_MM * rng.uniform(0.96, 1.04), mask_of)
        if self._worn:
            _wear(ink, layout, rng)
        if colour in ("green", "yellow_green"):
            _add_emblem(ink, layout, rng)
        height, width = ink.shape
        layers = np.empty((height, width, 3), np.uint8)
        layers[..., 0] = ink
        layers[..., 1] = 255
        layers[..., 2] = _gradient(colour, height, width)
        return Drawn(text, colour, layers, character_spans(layout))


def _small(mask: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(mask, _GLYPH_SIZE, interpolation=cv2.INTER_AREA))


def character_spans(layout: Layout) -> np.ndarray:
    """(characters, 2) float32: left and right edges as shares of the strip's width."""
    spans = []
    for index, slot in enumerate(layout.slots):
        edges = (slot.x_mm + 0.12 * slot.width_mm, slot.x_mm + 0.88 * slot.width_mm)
        if layout.rows == 2:
            spans.append([double_x_to_strip(x, top=index < 2) for x in edges])
        else:
            spans.append([x / layout.width_mm for x in edges])
    return np.array(spans, np.float32)


def _gradient(colour: str, height: int, width: int) -> np.ndarray:
    if colour == "green":
        return np.clip(np.linspace(-40, 280, height), 0, 255).astype(np.uint8)[:, None]
    if colour == "yellow_green":
        return np.where(np.arange(width) < width * 0.24, 0, 255).astype(np.uint8)[None, :]
    return np.full((1, 1), 255, np.uint8)


def _wear(ink: np.ndarray, layout: Layout, rng: np.random.Generator) -> None:
    if rng.random() < 0.25:
        _wear_province(ink, layout, rng)
    if rng.random() < 0.25:
        _add_dirt(ink, rng)
    if rng.random() < 0.6:
        _add_bolts(ink, rng)


def _add_bolts(ink: np.ndarray, rng: np.random.Generator) -> None:
    height, width = ink.shape
    radius = max(2, round(height * rng.uniform(0.035, 0.075)))
    for x in (0.25, 0.75):
        for y in (0.11, 0.89):
            if rng.random() < 0.7:
                centre = (round(width * (x + rng.normal(0, 0.01))), round(height * y))
                cv2.circle(ink, centre, radius, int(rng.integers(0, 256)), -1)


def _add_emblem(ink: np.ndarray, layout: Layout, rng: np.random.Generator) -> None:
    """The faint round mark of new-energy plates, between the office letter and the serial."""
    office, serial = layout.slots[1:3]
    scale = ink.shape[1] / layout.width_mm
    middle_mm = (office.x_mm + office.width_mm + serial.x_mm) / 2
    centre = (round(middle_mm * scale), round(layout.height_mm / 2 * scale))
    radius = round(rng.uniform(8, 15) * scale)
    cv2.circle(ink, centre, radius, int(rng.integers(0, 130)), int(rng.choice([-1, 1, 2])), cv2.LINE_AA)


def _wear_province(ink: np.ndarray, layout: Layout, rng: np.random.Generator) -> None:
    """Thins the first character's paint: its narrow strokes go first."""
    slot = layout.slots[0]
    scale = ink.shape[1] / layout.width_mm
    x0, x1 = round(slot.x_mm * scale), round((slot.x_mm + slot.width_mm) * scale)
    y0, y1 = round(slot.y_mm * scale), round((slot.y_mm + slot.height_mm) * scale)
    part = ink[y0:y1, x0:x1]
    part[:] = (part * rng.uniform(0.35, 0.8)).astype(np.uint8)


def _add_dirt(ink: np.ndarray, rng: np.random.Generator) -> None:
    """Spots that join or break strokes, most of them near the feet of the characters."""
    height, width = ink.shape
    for _ in range(int(rng.integers(1, 6))):
        y = height * (rng.uniform(0.75, 0.95) if rng.random() < 0.6 else rng.uniform(0.1, 0.9))
        centre = (int(rng.integers(0, width)), round(y))
        axes = (max(1, round(width * rng.uniform(0.005, 0.03))), max(1, round(height * rng.uniform(0.02, 0.06))))
        cv2.ellipse(ink, centre, axes, rng.uniform(0, 180), 0, 360, int(rng.integers(0, 256)), -1)


def _random_quad(rng: np.random.Generator, strength: float) -> np.ndarray:
    """(4, 2) float32 in shares of the strip: either nearly rectified corners or the box around a tilted plate."""
    if rng.random() < 0.5:
        margin = rng.uniform(-0.01, 0.06)
        quad = _UNIT * (1 - 2 * margin) + margin
        return np.asarray(quad + rng.normal(0, 1, (4, 2)) * np.array([0.016, 0.05]) * strength, np.float32)
    plate = (_UNIT - 0.5) * np.array([440, 140], np.float32)
    yaw, tilt = rng.normal(0, 0.09, 2) * strength
    angle, shear = rng.normal(0, 0.09) * strength, rng.normal(0, 0.17) * strength
    depth = 1 + plate[:, 0] / 440 * yaw + plate[:, 1] / 140 * tilt
    plate = plate / depth[:, None]
    plate[:, 0] += shear * plate[:, 1]
    cos, sin = np.cos(angle), np.sin(angle)
    plate = plate @ np.array([[cos, sin], [-sin, cos]], np.float32)
    low, high = plate.min(0), plate.max(0)
    share = (plate - low) / (high - low)
    margins = rng.uniform([-0.01, -0.02], [0.09, 0.16], (2, 2)) * strength
    if rng.random() < 0.15:
        margins = rng.uniform(0, 0.22, (2, 2))
    return np.asarray(share * (1 - margins.sum(0)) + margins[0], np.float32)


class ReaderSampler:
    """Endless (strip, column labels, text indices, colour) samples for one seed."""

    def __init__(self, painter: PlatePainter, seed: int, without: Collection[str] = ()) -> None:
        self._painter, self._without = painter, without
        self._rng = np.random.default_rng(seed)

    def sample(self, strength: float) -> tuple[np.ndarray, np.ndarray, list[int], int]:
        """(32, 128, 3) uint8, (32,) int64 labels, symbol indices, colour index; `strength` 0…1 of the spoiling."""
        rng = self._rng
        text, colour = random_plate(rng)
        rows = 2 if colour == "yellow" and rng.random() < 0.25 else 1
        picture, labels = self.of(text, colour, rows, strength)
        return picture, labels, alphabet.encode(text), alphabet.COLOURS.index(colour)

    def of(self, text: str, colour: str, rows: int, strength: float) -> tuple[np.ndarray, np.ndarray]:
        """(32, 128, 3) uint8 strip and (32,) int64 labels of this plate."""
        rng = self._rng
        drawn = self._painter.draw(text, colour, rng, rows)
        quad = _UNIT if "pose" in self._without else _random_quad(rng, strength if rows == 1 else strength * 0.5)
        picture, homography = expose(drawn, quad, rng, strength, self._without)
        return picture, column_labels(drawn, homography)


def column_labels(drawn: Drawn, homography: np.ndarray) -> np.ndarray:
    """(32,) int64: the symbol under the middle of each output column, or blank."""
    count = len(drawn.spans)
    middles = np.empty((count * 2, 1, 2), np.float32)
    middles[:, 0, 0] = drawn.spans.ravel()
    middles[:, 0, 1] = 0.5
    edges = cv2.perspectiveTransform(middles, homography)[:, 0, 0].reshape(count, 2) * COLUMNS
    labels = np.full(COLUMNS, alphabet.BLANK, np.int64)
    for symbol, (left, right) in zip(alphabet.encode(drawn.text), edges, strict=True):
        first, last = round(float(left)), round(float(right))
        labels[max(first, 0) : max(last, first + 1)] = symbol
    return labels


def expose(
    drawn: Drawn, quad: np.ndarray, rng: np.random.Generator, strength: float, without: Collection[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """The strip as a camera sees it, (32, 128, 3) uint8, and the homography of shares plate → strip."""
    coarse = "resolution" not in without and rng.random() < strength
    width = int(rng.integers(46, 145)) if coarse else STRIP_WIDTH_PX
    height = max(13, round(width * 0.25 * rng.uniform(0.8, 1.15)))
    source_height, source_width = drawn.layers.shape[:2]
    homography = cv2.getPerspectiveTransform(_UNIT, quad)
    to_pixels = cv2.getPerspectiveTransform(
        _UNIT * np.array([source_width, source_height], np.float32),
        quad * np.array([2 * width, 2 * height], np.float32),
    )
    layers = cv2.warpPerspective(drawn.layers, to_pixels, (2 * width, 2 * height), flags=cv2.INTER_LINEAR)
    layers = cv2.resize(layers, (width, height), interpolation=cv2.INTER_AREA)
    lit = 0.0 if "light" in without else strength
    picture = light(colourise(layers, drawn, rng, lit), rng, lit)
    spoilt = spoil(picture, rng, 0.0 if "blur" in without else strength)
    method = cv2.INTER_LINEAR if rng.random() < 0.75 else cv2.INTER_CUBIC
    return cv2.resize(spoilt, (STRIP_WIDTH_PX, STRIP_HEIGHT_PX), interpolation=method), homography


def colourise(layers: np.ndarray, drawn: Drawn, rng: np.random.Generator, strength: float) -> np.ndarray:
    """(H, W, 3) float32 RGB of the warped layers on a random surrounding."""
    height, width = layers.shape[:2]
    share = layers.astype(np.float32) * (1 / 255)
    ground, ink = (np.array(part, np.float32) + rng.normal(0, 16 * strength, 3) for part in FACES[drawn.colour])
    plate: np.ndarray = np.broadcast_to(ground.astype(np.float32), (height, width, 3))
    if drawn.colour in ("green", "yellow_green"):
        other = np.array(GREEN_TOP if drawn.colour == "green" else YELLOW_END, np.float32) + rng.normal(0, 12, 3)
        plate = other.astype(np.float32) + (ground - other).astype(np.float32) * share[..., 2:]
    inks: np.ndarray = ink.astype(np.float32)
    if drawn.text[-1] in RED_SYMBOLS or drawn.text[0] in RED_SYMBOLS:
        inks = np.broadcast_to(inks, (height, width, 3)).copy()
        part = slice(0, width // 7) if drawn.text[0] in RED_SYMBOLS else slice(width - width // 7, width)
        inks[:, part] = np.array(RED, np.float32) + rng.normal(0, 20, 3).astype(np.float32)
    wear = np.float32(rng.uniform(0.55, 1.0) if rng.random() < 0.5 * strength else 1.0)
    out = plate + (inks - plate) * (share[..., :1] * wear)
    around = _surrounding(height, width, rng)
    return np.asarray(around + (out - around) * share[..., 1:2], np.float32)


def _surrounding(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    base = rng.uniform(0, 220) + rng.normal(0, 12, 3)
    around = np.empty((height, width, 3), np.float32)
    around[:] = base
    for _ in range(int(rng.integers(0, 4))):
        shade = rng.uniform(0, 255) + rng.normal(0, 15, 3)
        y = int(rng.integers(-2, height))
        if rng.random() < 0.7:
            around[y : y + int(rng.integers(1, 8))] = shade
        else:
            x = int(rng.integers(0, width))
            around[:, x : x + int(rng.integers(2, 20))] = shade
    return around


def light(picture: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Light, lamps, shadow, glare, haze, faded colour and infra-red; float32 in and out."""
    height, width = picture.shape[:2]
    xs = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    ys = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    slope = rng.normal(0, 0.2, 2) * strength
    shade = 1 + slope[0] * xs + slope[1] * ys
    if rng.random() < 0.15 * strength:
        edge = xs * rng.normal() + ys * rng.normal() * 0.5 > rng.normal(0, 0.5)
        shade = shade * np.where(edge, rng.uniform(0.35, 0.8), 1.0)
    gain = np.exp(rng.uniform(-1.8, -0.7) if rng.random() < 0.08 * strength else rng.normal(-0.2, 0.45) * strength)
    cast = gain * np.exp(rng.normal(0, 0.1, 3) * strength)
    if rng.random() < 0.15 * strength:
        cast = cast * np.exp(rng.normal(0, 0.25) * LAMPS)
    out = picture * (shade[..., None] * cast.astype(np.float32)).astype(np.float32)
    if rng.random() < 0.12 * strength:
        x, y = rng.uniform(-1, 1, 2)
        out += (rng.uniform(60, 220) * np.exp(-((xs - x) ** 2 * 8 + (ys - y) ** 2 * 2)))[..., None].astype(np.float32)
    if rng.random() < 0.35 * strength:
        haze = rng.uniform(0.1, 0.6)
        out = out * (1 - haze) + haze * rng.uniform(40, 200)
    if rng.random() < 0.3 * strength:
        grey = out @ rng.dirichlet((1, 1, 1)).astype(np.float32)[:, None]
        out = grey + (out - grey) * (0.0 if rng.random() < 0.25 else rng.uniform(0.1, 0.9))
    return np.asarray(out, np.float32)


def spoil(picture: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Blur, motion, sharpening, noise and JPEG; float32 in, uint8 out."""
    height, width = picture.shape[:2]
    out = picture
    if rng.random() < 0.3:
        sigmas = rng.uniform(0.2, 0.5 + 0.009 * width, 2) * strength + 0.05  # out of focus is so many mm, not pixels
        out = cv2.GaussianBlur(out, (0, 0), float(sigmas[0]), sigmaY=float(sigmas[1]))
    if rng.random() < 0.25 * strength:
        out = cv2.filter2D(out, -1, smear(int(rng.integers(2, 4 + width // 24)), rng))
    if rng.random() < 0.25 * strength:  # cameras sharpen: bright halos around characters
        out = out + (out - cv2.GaussianBlur(out, (0, 0), 1.0)) * np.float32(rng.uniform(0.3, 2.0))
    noise = rng.normal(0, 1, (height, width, 3 if rng.random() < 0.3 else 1)).astype(np.float32)
    out = out + noise * np.float32(rng.uniform(0, 9) * strength)
    spoilt: np.ndarray = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < 0.4 * strength:
        ok, data = cv2.imencode(".jpg", spoilt, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])
        if ok:
            spoilt = np.array(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return spoilt


def smear(length_px: int, rng: np.random.Generator) -> np.ndarray:
    """A kernel as long as the way that the plate goes, along the road more often than not."""
    size = 2 * length_px + 1
    line = np.zeros((size, size), np.float32)
    line[length_px, length_px - length_px // 2 : length_px + (length_px + 1) // 2] = 1
    angle = float(rng.normal(0, 15) if rng.random() < 0.6 else rng.uniform(0, 180))
    turned = cv2.warpAffine(line, cv2.getRotationMatrix2D((length_px, length_px), angle, 1), (size, size))
    return np.asarray(turned / turned.sum(), np.float32)
