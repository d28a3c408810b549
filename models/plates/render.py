"""Plates as pictures: `plate_image` draws a clean front view, `degrade` makes it look filmed.

The ink mask is drawn once per text; colours are applied afterwards, so that training can warp the mask and colour
the few pixels that are left.
"""

from collections.abc import Callable

import cv2
import numpy as np

from models.plates.glyphs import FORMS, stroke_mask
from models.plates.layout import Layout, layout_for

MaskOf = Callable[[str], np.ndarray]

FACES: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "blue": ((24, 62, 178), (245, 245, 245)),
    "yellow": ((240, 178, 16), (16, 16, 16)),
    "green": ((96, 200, 120), (18, 22, 18)),
    "yellow_green": ((96, 200, 120), (18, 22, 18)),
    "white": ((236, 236, 236), (16, 16, 16)),
    "black": ((18, 18, 20), (245, 245, 245)),
}
"""Colour name → (ground, ink), RGB."""
GREEN_TOP = (232, 242, 230)
YELLOW_END = (240, 190, 30)
RED = (200, 24, 24)
RED_SYMBOLS = "警使领"


def ink_mask(text: str, layout: Layout, px_per_mm: float, mask_of: MaskOf = stroke_mask) -> np.ndarray:
    """(H, W) uint8 coverage of characters, dot and the line around the edge."""
    height, width = (round(layout.height_mm * px_per_mm), round(layout.width_mm * px_per_mm))
    ink = np.zeros((height, width), np.uint8)
    border_px = max(1, round(1.8 * px_per_mm))
    inset = round(4.5 * px_per_mm)
    cv2.rectangle(ink, (inset, inset), (width - 1 - inset, height - 1 - inset), 255, border_px, cv2.LINE_AA)
    if layout.dot_mm is not None:
        centre = (round(layout.dot_mm[0] * px_per_mm), round(layout.dot_mm[1] * px_per_mm))
        cv2.circle(ink, centre, max(1, round(5 * px_per_mm)), 255, -1, cv2.LINE_AA)
    for symbol, slot in zip(text, layout.slots, strict=True):
        x0, y0 = round(slot.x_mm * px_per_mm), round(slot.y_mm * px_per_mm)
        size = (round(slot.width_mm * px_per_mm), round(slot.height_mm * px_per_mm))
        box = ink[y0 : y0 + size[1], x0 : x0 + size[0]]
        np.maximum(box, cv2.resize(mask_of(symbol), size, interpolation=cv2.INTER_AREA), out=box)
    return ink


def ground_image(colour: str, height: int, width: int) -> np.ndarray:
    """(H, W, 3) float32 RGB of the empty plate, gradients of the green kinds included."""
    ground = np.empty((height, width, 3), np.float32)
    ground[:] = FACES[colour][0]
    if colour in ("green", "yellow_green"):
        share = np.clip(np.linspace(-0.15, 1.1, height, dtype=np.float32), 0, 1)[:, None, None]
        if colour == "green":
            ground = np.array(GREEN_TOP, np.float32) * (1 - share) + ground * share
        else:
            ground[:, : round(width * 0.24)] = YELLOW_END
    return ground


def plate_image(text: str, colour: str, width_px: int) -> np.ndarray:
    """A clean front view, (H, W, 3) uint8 RGB; two rows are drawn by `double_row_image`."""
    return _colour(text, layout_for(text), colour, width_px)


def double_row_image(text: str, colour: str, width_px: int) -> np.ndarray:
    """The 440 × 220 mm rear plate of large vehicles, (H, W, 3) uint8 RGB."""
    return _colour(text, layout_for(text, rows=2), colour, width_px)


def _colour(text: str, layout: Layout, colour: str, width_px: int) -> np.ndarray:
    oversample = 2
    green = FORMS["green"] if "green" in colour else {}

    def mask_of(symbol: str) -> np.ndarray:
        return stroke_mask(symbol, form="green" if symbol in green else "usual")

    ink = ink_mask(text, layout, width_px * oversample / layout.width_mm, mask_of)
    ink = cv2.resize(ink, (width_px, round(ink.shape[0] / oversample)), interpolation=cv2.INTER_AREA)
    share = ink[..., None].astype(np.float32) / 255
    ground = ground_image(colour, *ink.shape)
    inks = np.empty_like(ground)
    inks[:] = FACES[colour][1]
    for symbol, slot in zip(text, layout.slots, strict=True):
        if symbol in RED_SYMBOLS:
            x0, x1 = (round(x * width_px / layout.width_mm) for x in (slot.x_mm, slot.x_mm + slot.width_mm))
            inks[:, x0:x1] = RED
    return np.round(ground * (1 - share) + inks * share).astype(np.uint8)


def degrade(image: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """The picture as a real camera would give it: light, haze, blur, noise, JPEG; same shape, uint8 RGB."""
    height, width = image.shape[:2]
    out: np.ndarray = image.astype(np.float32)
    gain = np.exp(rng.normal(-0.25, 0.35) * strength)
    cast = np.exp(rng.normal(0, 0.06, 3) * strength).astype(np.float32)
    slope = rng.normal(0, 0.25) * strength
    light = gain * (1 + slope * np.linspace(-1, 1, width, dtype=np.float32))[None, :, None]
    haze = rng.uniform(0, 60) * strength * (rng.random() < 0.4)
    out = out * light * cast * (1 - haze / 255) + haze
    if rng.random() < 0.5 * strength:
        out = _motion_blur(out, rng)
    sigma = rng.uniform(0.2, 1.0) * strength
    out = cv2.GaussianBlur(out, (0, 0), sigma) if sigma > 0.25 else out
    out += rng.normal(0, rng.uniform(1, 9) * strength, (height, width, 1)).astype(np.float32)
    out8 = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = int(rng.integers(35, 96))
        ok, data = cv2.imencode(".jpg", out8, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if ok:
            out8 = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return out8


def _motion_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    length = int(rng.integers(2, 5))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    middle, reach = (length - 1) / 2, (length - 1) / 2
    start = (round(middle - reach * np.cos(angle)), round(middle - reach * np.sin(angle)))
    end = (round(middle + reach * np.cos(angle)), round(middle + reach * np.sin(angle)))
    cv2.line(kernel, start, end, 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())
