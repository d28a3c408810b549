"""Scripted traffic with known counts, drawn: vehicles in two lanes, people on a square.

They pass, wait, turn back, walk in groups; each knows how often it counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SIZE = (480, 270)  # px
FPS = 8.0
LONGEST = 0.75  # of the picture's height: a van
LINE_X = 0.5  # people are counted at an upright line in the middle
_NOISE = 3.0  # grey levels
_WALK = 0.75  # body heights a second: 1.3 m/s


@dataclass(frozen=True, slots=True)
class Mover:
    """`path`: (s, x, y) corners of its way, px, from outside the picture to outside it; `size`: (width, height) px of a
    vehicle, (body height, 0) of a person; `counts`: directions that it must be counted in.
    """

    path: tuple[tuple[float, float, float], ...]
    size: tuple[float, float]
    colours: tuple[tuple[int, int, int], ...]
    counts: tuple[str, ...]

    def at(self, now_s: float) -> tuple[float, float] | None:
        """Where it is, px; None before and after."""
        for (t0, x0, y0), (t1, x1, y1) in pairwise(self.path):
            if t0 <= now_s < t1:
                share = (now_s - t0) / (t1 - t0)
                return x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        return None


def frames(movers: list[Mover], scene: Picture, rng: np.random.Generator) -> Iterator[tuple[float, Picture]]:
    """(s, picture) at `FPS` until all have gone and two seconds beyond; the first two seconds are empty."""
    noise = [rng.normal(0, _NOISE, scene.shape).astype(np.int16) for _ in range(4)]
    end_s = max(mover.path[-1][0] for mover in movers) + 2
    for step in range(round(end_s * FPS)):
        now_s = step / FPS
        picture = scene.copy()
        seen = [(place, mover) for mover in movers if (place := mover.at(now_s))]
        for (x, y), mover in sorted(seen, key=lambda pair: pair[0][1]):
            _draw(picture, x, y, mover, now_s)
        yield now_s, np.clip(picture + noise[step % 4], 0, 255).astype(np.uint8)


# -- people -----------------------------------------------------------------------------------------------------------


def square(rng: np.random.Generator) -> Picture:
    """An empty paved square."""
    rough = cv2.resize(rng.normal(150, 12, (SIZE[1] // 6, SIZE[0] // 6)).astype(np.float32), SIZE)
    picture = np.repeat(rough[..., None], 3, 2).clip(0, 255).astype(np.uint8)
    for x in range(-300, 780, 60):
        cv2.line(picture, (240 + (x - 240) // 2, 90), (x, 269), (128, 130, 126), 1)
    return picture


def tall(y: float) -> float:
    """Body height of who stands at row y, px."""
    return 26 + 0.22 * (y - 90)


def people(rng: np.random.Generator, groups: int) -> list[Mover]:
    """One group after the other, mostly of one; some wait on the line, some turn before it, on it, or far beyond it."""
    found: list[Mover] = []
    now_s = 2.0
    for _ in range(groups):
        kind = str(rng.choice(["passes", "passes", "passes", "waits", "turns", "returns"]))
        rightward = bool(rng.random() < 0.5)
        members = int(rng.choice([1, 1, 1, 2, 3]))
        first_y = float(rng.uniform(130, 235))
        pace = _WALK * float(rng.uniform(0.7, 1.3))
        stop = float(rng.uniform(-1.2, 0.05)) if kind == "turns" else float(rng.uniform(0.6, 1.5))
        wait_s = float(rng.uniform(3, 20))
        for member in range(members):
            y = first_y + member * 9.0
            lead = member * float(rng.uniform(0.45, 0.8)) * tall(y) * (-1 if rightward else 1)
            corners = _corners(kind, y, rightward, stop)
            path = _timed([(x + lead, y) for x, y in corners], now_s, pace * tall(first_y), kind, wait_s)
            counts = {"turns": (), "returns": ("in", "out") if rightward else ("out", "in")}.get(
                kind, ("in",) if rightward else ("out",)
            )
            if kind in ("turns", "returns") and member:
                continue  # a group's members would turn at other places than the script says
            clothes = tuple((int(a), int(b), int(c)) for a, b, c in rng.integers(15, 110, (2, 3)))
            found.append(Mover(path, (tall(y), 0), clothes, counts))
        now_s += float(rng.uniform(2.5, 7))
    return found


def _corners(kind: str, y: float, rightward: bool, stop: float) -> list[tuple[float, float]]:
    """Places on the way; `stop` in body heights beyond the line, seen from where they come."""
    ahead = 1 if rightward else -1
    middle = LINE_X * SIZE[0]
    start, end = middle - ahead * 300, middle + ahead * 300
    if kind == "passes":
        return [(start, y), (end, y)]
    if kind == "waits":
        return [(start, y), (middle, y), (end, y)]
    turn = middle + ahead * stop * tall(y)
    return [(start, y), (turn, y), (start, y)]


def _timed(
    places: list[tuple[float, float]], start_s: float, speed: float, kind: str, wait_s: float
) -> tuple[tuple[float, float, float], ...]:
    """With times; who waits or turns stands a while at the corner."""
    now_s, path = start_s, [(start_s, *places[0])]
    for (x0, y0), (x1, y1) in pairwise(places):
        now_s += math.hypot(x1 - x0, y1 - y0) / speed
        path.append((now_s, x1, y1))
        if (x1, y1) != places[-1] or len(path) < len(places):
            now_s += wait_s if kind == "waits" else 1.0
            path.append((now_s, x1, y1))
    return tuple(path)


# -- vehicles ---------------------------------------------------------------------------------------------------------


def road(rng: np.random.Generator) -> Picture:
    """An empty road of two lanes, seen from above a gate."""
    rough = cv2.resize(rng.normal(112, 6, (SIZE[1] // 6, SIZE[0] // 6)).astype(np.float32), SIZE)
    picture = np.repeat(rough[..., None], 3, 2).clip(0, 255).astype(np.uint8)
    cv2.line(picture, (240, 0), (240, 269), (205, 205, 205), 4)
    return picture


def vehicles(rng: np.random.Generator, count: int) -> list[Mover]:
    """So many in both lanes; some creep and stop between the lines, turn back, go twice over a line, follow closely."""
    found: list[Mover] = []
    clock = [2.0, 2.0]
    while len(found) < count:
        lane = int(np.argmin(clock))
        kind = str(rng.choice(["passes", "passes", "follows", "waits", "turns", "turns twice"]))
        downward = bool(rng.random() < 0.5)
        if kind == "follows":
            made = _convoy(rng, lane, downward, clock[lane])
        else:
            made = [_vehicle(rng, lane, _halts(rng, kind, clock[lane]), downward, kind != "turns")]
        clock[lane] = made[-1].path[-1][0] + float(rng.uniform(0.5, 4))
        found += made
    return found


def _halts(rng: np.random.Generator, kind: str, start_s: float) -> list[tuple[float, float]]:
    """(s, share of the way) of each corner; who waits stands there."""
    shares = {
        "passes": [-0.5, 1.5],
        "waits": [-0.5, *(float(share) for share in rng.uniform(0.3, 0.7, 2)), 1.5],
        "turns": [-0.5, float(rng.uniform(0.2, 0.65)), -0.5],
        "turns twice": [-0.5, 0.7, 0.1, 1.5],
    }[kind]
    now_s, halts = start_s, [(start_s, shares[0])]
    for start, end in pairwise(shares):
        now_s += max(abs(end - start) / float(rng.uniform(0.25, 0.8)), 0.2)
        halts.append((now_s, end))
        now_s += float(rng.uniform(0.5, 15)) if kind == "waits" else 0.4
        halts.append((now_s, end))
    return halts


def _convoy(rng: np.random.Generator, lane: int, downward: bool, start_s: float) -> list[Mover]:
    """Two that creep through bumper to bumper, nearer to one another than the lines are."""
    gap, pace = float(rng.uniform(0.15, 0.3)), float(rng.uniform(0.12, 0.25))
    second_s = start_s + (gap + LONGEST) / pace
    return [
        _vehicle(rng, lane, [(at_s, -0.5), (at_s + 2 / pace, 1.5)], downward, True, LONGEST)
        for at_s in (start_s, second_s)
    ]


def _vehicle(
    rng: np.random.Generator,
    lane: int,
    halts: list[tuple[float, float]],
    downward: bool,
    counts: bool,
    long: float | None = None,
) -> Mover:
    x = 120.0 + 240 * lane + float(rng.uniform(-12, 12))
    share = float(rng.uniform(0.4, LONGEST)) if long is None else long
    shade = int(rng.choice([30, 60, 190, 225]))
    paint = (shade, int(np.clip(shade + rng.integers(-25, 25), 0, 255)), int(rng.integers(10, 240)))
    path = tuple((at_s, x, _row(place, downward)) for at_s, place in halts)
    way = ("in",) if downward else ("out",)
    return Mover(path, (150.0, share * SIZE[1]), (paint, (24, 26, 30)), way if counts else ())


def _row(share: float, downward: bool) -> float:
    return (share if downward else 1 - share) * SIZE[1]


# -- drawing ----------------------------------------------------------------------------------------------------------


def _draw(picture: Picture, x: float, y: float, mover: Mover, now_s: float) -> None:
    if mover.size[1]:
        wide, long = mover.size
        corners = [(round(x - wide / 2), round(y - long / 2)), (round(x + wide / 2), round(y + long / 2))]
        cv2.rectangle(picture, corners[0], corners[1], mover.colours[0], -1)
        glass = [(round(x - 0.4 * wide), round(y - 0.2 * long)), (round(x + 0.4 * wide), round(y - 0.02 * long))]
        cv2.rectangle(picture, glass[0], glass[1], mover.colours[1], -1)
        return
    high = mover.size[0]
    coat, legs = mover.colours
    swing = 0.13 * high * math.sin(7 * now_s + x / 5)
    for side in (-1, 1):
        foot = (round(x + side * swing), round(y))
        cv2.line(picture, (round(x), round(y - 0.45 * high)), foot, legs, max(2, round(0.11 * high)), cv2.LINE_AA)
    body = (round(0.15 * high), round(0.24 * high))
    cv2.ellipse(picture, (round(x), round(y - 0.62 * high)), body, 0, 0, 360, coat, -1, cv2.LINE_AA)
    cv2.circle(picture, (round(x), round(y - 0.92 * high)), round(0.08 * high), (196, 160, 140), -1, cv2.LINE_AA)
