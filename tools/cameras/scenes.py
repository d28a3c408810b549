"""What the simulated cameras see, drawn by us: a doorway with a visitor, a gate with a car, people on a plaza."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates.render import plate_image

Picture = NDArray[np.uint8]
SIZE = (960, 540)  # width, height, px
NOISE = 3  # grey levels, as a small sensor in daylight
ENTER_S = 1.2
Shape = NDArray[np.float32]  # (height, width, 1), 0 … 1: how much of a part covers what is behind it
_GROUND = (74, 74, 78)


@lru_cache(maxsize=8)
def _noise(seed: int) -> Any:
    """Sensor noise, drawn once and shown in turn: drawing it anew costs more than the encoding."""
    noise = np.random.default_rng(seed).normal(0, NOISE, (SIZE[1], SIZE[0], 3))
    return noise.astype(np.int16)


def filmed(picture: Picture, number: int) -> Picture:
    """`picture` with frame `number`'s sensor noise."""
    noisy: Picture = np.clip(picture + _noise(number % 4), 0, 255).astype(np.uint8)
    return noisy


def _gradient(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Picture:
    share = np.linspace(0, 1, SIZE[1], dtype=np.float32)[:, None, None]
    column = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share
    return np.broadcast_to(column, (SIZE[1], SIZE[0], 3)).astype(np.uint8).copy()


class DoorScene:
    """The entrance; `show` a portrait and somebody with that face walks up."""

    def __init__(self) -> None:
        self._empty = _gradient((178, 176, 170), (120, 116, 110))
        cv2.rectangle(self._empty, (620, 60), (900, 539), (92, 84, 78), -1)
        cv2.rectangle(self._empty, (640, 80), (880, 539), (60, 66, 74), 3)
        self._visitor: tuple[Picture, float] | None = None  # one value: another thread draws while it is changed

    def show(self, portrait: Path, box: tuple[int, int, int, int], now_s: float) -> None:
        """From now on the person of `portrait` stands here; `box` (x0, y0, x1, y1), px, is head and shoulders in it."""
        bgr = cv2.imread(str(portrait))
        if bgr is None:
            raise FileNotFoundError(portrait)
        bgr = bgr[box[1] : box[3], box[0] : box[2]]
        scale = 400 / bgr.shape[0]
        small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._visitor = np.ascontiguousarray(small[:, :, ::-1]), now_s

    def clear(self) -> None:
        """Nobody is here."""
        self._visitor = None

    def draw(self, now_s: float) -> Picture:
        """The picture at `now_s`: the visitor comes nearer, then sways a little."""
        picture = self._empty.copy()
        visitor = self._visitor
        if visitor is not None:
            age_s = now_s - visitor[1]
            face = _scaled(visitor[0], min(1.0, 0.6 + 0.4 * age_s / ENTER_S))
            x = 260 + round(10 * math.sin(age_s * 1.3))
            y = 120 + round(6 * math.sin(age_s * 0.9))
            _paste(picture, face, _soft_edged(face.shape[1], face.shape[0]), x, y)
        return picture


class GateScene:
    """The lane before the barrier; `show` a plate and a car drives up, stops, and stays until `clear`."""

    def __init__(self) -> None:
        self._empty = _gradient((150, 168, 186), (96, 96, 98))
        cv2.fillPoly(self._empty, [np.array([[260, 539], [420, 160], [540, 160], [700, 539]])], (70, 70, 74))
        cv2.rectangle(self._empty, (740, 250), (770, 539), (200, 196, 40), -1)
        self._car: tuple[Picture, Shape, float] | None = None

    def show(self, text: str, colour: str, now_s: float) -> None:
        """A car with the plate `text` in `colour` (blue, green, yellow)."""
        self._car = (*_car(text, colour), now_s)

    def clear(self) -> None:
        """The lane is empty."""
        self._car = None

    def draw(self, now_s: float) -> Picture:
        """The picture at `now_s`: the car comes nearer for two seconds, then stands."""
        picture, shown = self._empty.copy(), self._car
        if shown is not None:
            share = min(1.0, (now_s - shown[2]) / 2.0)
            car, shape = (_scaled(part, 0.55 + 0.45 * share) for part in shown[:2])
            _paste(picture, car, shape[..., None], round(480 - car.shape[1] / 2), round(150 + 80 * share))
        return picture


def _car(text: str, colour: str) -> tuple[Picture, Shape]:
    """A saloon from the front, 440×260 px."""
    car = np.full((260, 440, 3), _GROUND, np.uint8)
    body = (168, 32, 36)
    cv2.fillPoly(car, [np.array([[90, 10], [350, 10], [390, 100], [50, 100]])], (44, 54, 64))
    cv2.rectangle(car, (30, 95), (410, 235), body, -1)
    for x in (45, 325):
        cv2.rectangle(car, (x, 112), (x + 70, 146), (236, 236, 220), -1)
        cv2.rectangle(car, (x + 5, 232), (x + 60, 258), (20, 20, 22), -1)
    for y in range(118, 150, 8):
        cv2.line(car, (130, y), (310, y), (40, 40, 42), 3)
    plate = plate_image(text, colour, 150)
    car[170 : 170 + plate.shape[0], 145 : 145 + plate.shape[1]] = plate
    shape = (car != np.array(_GROUND, np.uint8)).any(axis=2, keepdims=True)
    return car, shape.astype(np.float32)


@lru_cache(maxsize=64)
def _soft_edged(width: int, height: int) -> Shape:
    """All of it but the upper and side edges, which fade: a portrait's own background melts into the scene."""
    across = np.minimum(np.arange(width), np.arange(width)[::-1]) / (0.22 * width)
    down = np.arange(height) / (0.08 * height)
    share = np.clip(np.minimum(across[None], down[:, None]), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)[..., None]


def _scaled(part: NDArray[Any], share: float) -> Any:
    """`part` at this share of its size, of its own type."""
    return cv2.resize(part, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)


class PlazaScene:
    """Walking figures, one every few seconds."""

    def __init__(self) -> None:
        self._empty = _gradient((186, 190, 196), (140, 142, 140))
        for x in range(0, 960, 80):
            cv2.line(self._empty, (480 + (x - 480) // 2, 200), (x, 539), (128, 130, 128), 1)

    def clear(self) -> None:
        """Nothing to clear: people come and go by themselves."""

    def draw(self, now_s: float) -> Picture:
        picture = self._empty.copy()
        for lane in range(3):
            period_s = 14.0 + 5 * lane
            share = (now_s / period_s + lane * 0.37) % 1.4
            if share < 1.0:
                _figure(picture, round(-40 + 1040 * share), 300 + 70 * lane, 1.0 + 0.3 * lane, now_s * 6)
        return picture


def _figure(picture: Picture, x: int, y: int, size: float, step: float) -> None:
    def at(dx: float, dy: float) -> tuple[int, int]:
        return (round(x + dx * size), round(y + dy * size))

    swing = 10 * math.sin(step)
    cv2.circle(picture, at(0, -62), round(9 * size), (206, 170, 146), -1, cv2.LINE_AA)
    cv2.ellipse(picture, at(0, -32), (round(13 * size), round(24 * size)), 0, 0, 360, (52, 72, 120), -1, cv2.LINE_AA)
    for direction in (-1, 1):
        cv2.line(picture, at(0, -12), at(direction * swing, 24), (38, 38, 46), max(2, round(8 * size)), cv2.LINE_AA)


def _paste(picture: Picture, part: Picture, shape: Shape, x: int, y: int) -> None:
    """`part` onto `picture` at (x, y), as far as `shape` covers, cut at the edges."""
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(picture.shape[1], x + part.shape[1]), min(picture.shape[0], y + part.shape[0])
    if x1 > x0 and y1 > y0:
        rows, columns = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
        behind = picture[y0:y1, x0:x1].astype(np.float32)
        picture[y0:y1, x0:x1] = behind + (part[rows, columns] - behind) * shape[rows, columns]
