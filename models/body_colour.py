"""The colour of a vehicle's body, from the paint around its plate; "" where that cannot be told.

The plate says where the body is, how large it is in the picture and what the light is like: a blue plate's characters
are white, a yellow plate's ground is a known yellow. A picture in which the plate does not show its colour (infra-red
at night, one-coloured lamps) tells nothing. What is not smooth (grille, lamps, letters) is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates.geometry import rectify
from models.vehicle import COLOURS

SURE = 0.6  # of the chances, below that the colour is not told
_SUREST = 0.99  # nor is any surer

_PLATE_PX = 32  # the plate's width in the small upright picture
_SIDE, _ABOVE, _BELOW = 1.5, 2.4, 0.3  # what that picture shows, in plate widths from the plate's middle
_LARGE = ("yellow", "yellow_green")  # lorries and buses: no windscreen for two plate widths above the plate

_ROUGH = 6.0  # Lab units within 5 × 5 px (a sixth of the plate): more is no paint
_LEAST_SMOOTH = 0.1  # of the region
_PLATE_HUES = {"blue": 285.0, "yellow": 92.0, "green": 152.0, "yellow_green": 125.0}  # Lab, degrees
_PLATE_HUE_OFF = 35.0
_PLATE_CHROMA = 15.0
_COLOURLESS = 6.0  # Lab chroma of the most coloured hundredth of an infra-red picture, at most
_WHITE_ON_PLATE = (0.94, 0.94, 0.995)  # sRGB of a blue plate's characters in white light: some of the blue spills over
_YELLOW_RED = 1.33  # linear red against green of a yellow plate in white light; its blue is mostly glare
_BLUE_BY_RED = 1.8  # lamps of any temperature: blue falls so much faster than red rises
_GAIN_LEAST = 0.15  # of its logarithm: less is the plates' own variety
_YELLOW_LEAST = 0.22  # the same of a yellow plate, which tells warm light only: cold light and glare look alike on it
_GAIN_MOST = 2.5  # nothing is left of one colour then
_PLATE_LIGHT = {"blue": 1.0, "yellow": 0.72, "green": 0.6, "yellow_green": 0.7, "white": 1.0, "black": 1.0}
"""Luminance of the plate's lightest tenth against white paint beside it."""

_HUES = (  # from, to (Lab degrees), name, least lightness, depth from which on it counts as coloured, then wholly
    (330.0, 48.0, "red", 0.0, 0.20, 0.34),
    (48.0, 72.0, "brown", 0.0, 0.25, 0.40),
    (72.0, 115.0, "yellow", 45.0, 0.35, 0.50),
    (72.0, 115.0, "brown", 0.0, 0.25, 0.40),
    (115.0, 215.0, "green", 0.0, 0.25, 0.50),  # rare on cars, frequent in what they mirror
    (215.0, 312.0, "blue", 0.0, 0.20, 0.34),
)
_DARK = 12.0  # depth is chroma against lightness and this
_SHARE, _SHARE_SOFT = 0.10, 0.03  # of the smooth part, for one hue to be the body's
_BODY = 70  # percentile of the smooth part's lightness: shadows and openings are below it
_BLACK, _BLACK_SOFT = 18.0, 2.0  # lightness between black and grey
_WHITE, _WHITE_SOFT = 65.0, 5.0  # between grey and white


@dataclass(frozen=True, slots=True)
class Paint:
    """A body's colour and how sure it is; `name` is "" where it cannot be told."""

    name: str
    confidence: float


UNKNOWN = Paint("", 0.0)


def body_chances(rgb: NDArray[np.uint8], corners: NDArray[np.float32], plate_colour: str) -> dict[str, float]:
    """The chance of each of `COLOURS` in one picture; empty where it tells nothing.

    `rgb` (height, width, 3); `corners` of the plate, (4, 2) px clockwise from top left; `plate_colour` as it was read.
    """
    gains = _light(rgb, corners, plate_colour)
    if gains.max() > _GAIN_MOST or gains.min() < 1 / _GAIN_MOST:
        return {}
    small, inside = _upright(rgb, corners)
    across, along = _places(small.shape[:2])
    plate = (np.abs(across) < 0.46) & (np.abs(along) < 0.15)
    small = _relit(small, gains)
    lab = np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    if not _is_lit(lab, plate, plate_colour):
        return {}
    reach, above = (1.4, 2.2) if plate_colour in _LARGE else (1.0, 1.5)
    region = inside & (np.abs(across) < reach) & (along > -above) & (along < 0.25)
    region &= (np.abs(across) > 0.6) | (np.abs(along) > 0.25)
    smooth = region & (_roughness(lab) < _ROUGH)
    if smooth.sum() < _LEAST_SMOOTH * (2 * reach * (above + 0.25)) * _PLATE_PX**2:
        return {}
    lightest = float(np.percentile(_luminance(small[plate]), 90)) / _PLATE_LIGHT.get(plate_colour, 1.0)
    return _chances(lab[smooth], _lightness(min(1.0, lightest)))


def told(frames: Iterable[tuple[Mapping[str, float], float]]) -> Paint:
    """One colour of a passage's (chances, weight)s."""
    sums = dict.fromkeys(COLOURS, 0.0)
    total = 0.0
    for chances, weight in frames:
        if not chances:
            continue
        total += weight
        for name, chance in chances.items():
            sums[name] += weight * chance
    best = max(sums, key=lambda name: sums[name])
    if total <= 0 or sums[best] < SURE * total:
        return UNKNOWN
    return Paint(best, min(_SUREST, sums[best] / total))


def _upright(rgb: NDArray[np.uint8], corners: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The surroundings of the plate, upright, the plate `_PLATE_PX` wide; and which pixels are in the picture."""
    quad = corners.astype(np.float64)
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    width = max(1.0, float(np.hypot(*along)))
    right = along / width
    down = np.array([-right[1], right[0]])
    factor = int(np.clip(round(width / _PLATE_PX), 1, 3))
    step = width / _PLATE_PX / factor
    origin = quad.mean(0) - right * _SIDE * width - down * _ABOVE * width
    matrix = np.column_stack([right * step, down * step, origin])
    size = (round(2 * _SIDE * _PLATE_PX), round((_ABOVE + _BELOW) * _PLATE_PX))
    large = (size[0] * factor, size[1] * factor)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(rgb, matrix, large, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    columns, rows = np.arange(size[0]) * factor, np.arange(size[1])[:, None] * factor
    x, y = (matrix[axis, 0] * columns + matrix[axis, 1] * rows + matrix[axis, 2] for axis in (0, 1))
    inside = (x >= 0) & (y >= 0) & (x < rgb.shape[1]) & (y < rgb.shape[0])
    return np.asarray(small, np.uint8), inside


def _light(rgb: NDArray[np.uint8], corners: NDArray[np.float32], colour: str) -> NDArray[np.float64]:
    """What red, green and blue (linear) have to be multiplied with for white light, as the plate shows it."""
    neutral = np.ones(3)
    if colour not in ("blue", "white", "yellow"):
        return neutral
    width = int(np.clip(np.hypot(*(corners[1] - corners[0])), 32, 160))
    plate = rectify(rgb, corners, width, width // 3).reshape(-1, 3) / 255
    if colour == "yellow":
        ground = _linear(np.median(plate[np.argsort(plate[:, :2].min(1))[-len(plate) // 3 :]], 0))
        red = _YELLOW_RED * ground[1] / max(ground[0], 1e-3)
        return np.array([red, 1.0, red**-_BLUE_BY_RED]) if np.log(red) <= -_YELLOW_LEAST else neutral
    white = _linear(plate[np.argsort(plate.min(1))[-max(1, len(plate) // 50) :]].mean(0))
    nominal = _linear(np.array(_WHITE_ON_PLATE)) if colour == "blue" else neutral
    gains = nominal / np.maximum(white, 1e-3)
    gains /= gains[1]
    return np.asarray(gains if np.abs(np.log(gains)).max() >= _GAIN_LEAST else neutral)


def _relit(rgb: NDArray[np.uint8], gains: NDArray[np.float64]) -> NDArray[np.uint8]:
    if (gains == 1).all():
        return rgb
    linear = np.clip(_linear(rgb.astype(np.float64) / 255) * gains, 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(encoded * 255), np.uint8)


def _places(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each pixel of the small picture is, in plate widths from the plate's middle: rightwards, downwards."""
    return np.arange(shape[1]) / _PLATE_PX - _SIDE, np.arange(shape[0])[:, None] / _PLATE_PX - _ABOVE


def _roughness(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = cv2.blur(lab, (5, 5))
    return np.asarray(np.sqrt(np.maximum(0, cv2.blur(lab**2, (5, 5)) - mean**2).sum(-1)), np.float32)


def _is_lit(lab: NDArray[np.float32], plate: NDArray[np.bool_], colour: str) -> bool:
    """Whether the plate has the hue of its colour; beside a white or black one, whether there is any colour at all."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = _PLATE_HUES.get(colour)
    if hue is None:
        return float(np.percentile(chroma, 99)) > _COLOURLESS
    most = lab[plate][np.argsort(chroma[plate])[-int(plate.sum()) // 4 :]]
    a, b = float(most[:, 1].mean()), float(most[:, 2].mean())
    off = abs((np.degrees(np.arctan2(b, a)) - hue + 180) % 360 - 180)
    return bool(np.hypot(a, b) >= _PLATE_CHROMA and off <= _PLATE_HUE_OFF)


def _chances(paint: NDArray[np.float32], white: float) -> dict[str, float]:
    """Chances of `COLOURS` from smooth pixels (n, 3 Lab); `white` is the lightness of white paint in this light."""
    light = np.minimum(100.0, paint[:, 0] * 100.0 / white)
    chroma = np.hypot(paint[:, 1], paint[:, 2])
    hue = np.degrees(np.arctan2(paint[:, 2], paint[:, 1])) % 360
    depth = chroma / (paint[:, 0] + _DARK)
    chances = dict.fromkeys(COLOURS, 0.0)
    shares = dict.fromkeys(COLOURS, 0.0)
    left = ~((light > 75) & (hue > 300) & (hue < 345))  # what is too bright for the camera turns pink
    for low, high, name, least, pale, deep in _HUES:
        within = (hue >= low) | (hue < high) if low > high else (hue >= low) & (hue < high)
        these = left & within & (light >= least)
        shares[name] += float((np.clip((depth - pale) / (deep - pale), 0, 1) * these).mean())
        left = left & ~these
    strongest = max(shares, key=lambda name: shares[name])
    coloured = _logistic((shares[strongest] - _SHARE) / _SHARE_SOFT)
    chances[strongest] = coloured
    body = float(np.percentile(light, _BODY))
    black, white_chance = _logistic((_BLACK - body) / _BLACK_SOFT), _logistic((body - _WHITE) / _WHITE_SOFT)
    chances["black"] += (1 - coloured) * black
    chances["white"] += (1 - coloured) * white_chance
    chances["grey"] += (1 - coloured) * max(0.0, 1 - black - white_chance)
    return chances


def _luminance(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of (n, 3) sRGB."""
    return np.asarray(_linear(rgb.astype(np.float64) / 255) @ np.array([0.2126, 0.7152, 0.0722]))


def _linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _lightness(luminance: float) -> float:
    """L of Lab."""
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -30, 30))))
