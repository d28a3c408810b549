"""Glyph masks: our own strokes, and, where a Chinese font is given for training, the characters we have not drawn."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from models.plates import strokes

PX_PER_MM = 2
_OVERSAMPLE = 4
WIDTH_FACTORS = (0.65, 0.82, 1.0, 1.15, 1.35)
"""Thin to thick: eaten by a bright ground, worn, as pressed, repainted, bloomed in the camera."""
FORMS = {"usual": strokes.STROKES, "other": strokes.OTHER_FORMS, "green": strokes.GREEN_FORMS}


class MissingGlyph(ValueError):
    """A character that we have not drawn and no font was given for."""


def font_argument(words: str) -> tuple[Path, int]:
    """`FILE` or `FILE:FACE` of a font collection."""
    path, _, face = words.partition(":")
    return Path(path), int(face or 0)


@lru_cache(maxsize=512)
def stroke_mask(symbol: str, width_factor: float = 1.0, form: str = "usual") -> np.ndarray:
    """(180, 90) uint8 coverage of our own glyph in one of its `FORMS`; MissingGlyph if there is none."""
    if symbol not in FORMS[form]:
        raise MissingGlyph(f"{symbol} is not among our own glyphs: {''.join(sorted(strokes.STROKES))}")
    scale = PX_PER_MM * _OVERSAMPLE
    canvas = np.zeros((strokes.CELL_HEIGHT_MM * scale, strokes.CELL_WIDTH_MM * scale), np.uint8)
    width_mm = strokes.LATIN_WIDTH_MM if symbol.isascii() else strokes.CHINESE_WIDTH_MM
    for stroke in FORMS[form][symbol]:
        points = np.round(strokes.polyline(stroke) * scale).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, round(width_mm * width_factor * scale), cv2.LINE_AA)
    size = (strokes.CELL_WIDTH_MM * PX_PER_MM, strokes.CELL_HEIGHT_MM * PX_PER_MM)
    return cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)


def font_mask(symbol: str, font_path: Path, face: int) -> np.ndarray:
    """(180, 90) uint8 coverage of a font's glyph, stretched to fill the cell as plates' Chinese characters do."""
    from PIL import ImageFont  # training only

    font = ImageFont.truetype(str(font_path), 200, index=face)
    mask = font.getmask(symbol, mode="L")
    image = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
    rows, columns = np.flatnonzero(image.max(1) > 40), np.flatnonzero(image.max(0) > 40)
    image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cell = np.zeros((strokes.CELL_HEIGHT_MM * PX_PER_MM, strokes.CELL_WIDTH_MM * PX_PER_MM), np.uint8)
    cell[4:-4, 2:-2] = cv2.resize(image, (cell.shape[1] - 4, cell.shape[0] - 8), interpolation=cv2.INTER_AREA)
    return cell


def _forms(mask: np.ndarray) -> list[np.ndarray]:
    """A font's glyph as it is, bolder, thinner, smaller in its cell, and bent: presses differ."""
    kernel = np.ones((3, 3), np.uint8)
    small = np.zeros_like(mask)
    small[8:-8, 6:-6] = cv2.resize(mask, (mask.shape[1] - 12, mask.shape[0] - 16), interpolation=cv2.INTER_AREA)
    return [mask, cv2.dilate(mask, kernel), cv2.erode(mask, kernel), small, _bent(mask, 1), _bent(mask, -1)]


def _bent(mask: np.ndarray, way: int) -> np.ndarray:
    """The glyph with its left part wider and its upper part lower (`way` 1), or the other way round (-1)."""
    height, width = mask.shape
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :].repeat(height, 0)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None].repeat(width, 1)
    x += way * 0.08 * np.sin(np.pi * x)
    y += way * 0.06 * np.sin(np.pi * y)
    return cv2.remap(mask, x * (width - 1), y * (height - 1), cv2.INTER_LINEAR)


def glyph_variants(symbol: str, fonts: list[tuple[Path, int]], own: bool = True) -> list[np.ndarray]:
    """All masks that training may draw for a symbol: our strokes in four widths, and each font for Chinese ones.

    Without our own, letters and digits come from the fonts too.
    """
    variants = []
    if own and symbol in strokes.STROKES:
        variants += [stroke_mask(symbol, factor) for factor in WIDTH_FACTORS]
    if own and symbol in strokes.OTHER_FORMS:
        variants += [stroke_mask(symbol, factor, form="other") for factor in WIDTH_FACTORS]
    if not (own and symbol.isascii()):
        variants += [form for path, face in fonts for form in _forms(font_mask(symbol, path, face))]
    if not variants:
        raise MissingGlyph(f"{symbol}: neither drawn nor in a font")
    return variants
