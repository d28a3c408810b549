"""Scripted crossings of two lines: straight ones count, loitering and U-turns do not."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from controller.flow.lines import Crossing, LaneCounter, Switch, Zone

FIRST, SECOND = 0.35, 0.65  # where the lines lie along the lane
FPS = 10.0


def covered(front: float, back: float, line: float, rng: np.random.Generator) -> float:
    """How much of a line a car from `back` to `front` covers: most of its width, and never the same."""
    inside = min(front, back) <= line <= max(front, back)
    return max(0.0, (0.6 if inside else 0.0) + float(rng.normal(0, 0.02)))


def drive(
    counter: LaneCounter, path: list[float], length: float, rng: np.random.Generator, at_s: float
) -> list[Crossing]:
    """`path` is where the car's middle is, a value a frame."""
    found = []
    for step, middle in enumerate(path):
        shares = [covered(middle + length / 2, middle - length / 2, line, rng) for line in (FIRST, SECOND)]
        crossing = counter.see(shares[0], shares[1], at_s + step / FPS)
        found += [crossing] if crossing else []
    return found


def path_of(kind: str, rng: np.random.Generator) -> list[float]:
    """From outside the picture to outside it; `out` paths are the mirror image of `in` paths."""
    stops = {
        "straight": [-0.5, 1.5],
        "loiters": [-0.5, float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.3, 0.7)), 1.5],
        "u-turn": [-0.5, float(rng.uniform(0.2, 0.7)), -0.5],
        "turns twice": [-0.5, 0.7, 0.1, 1.5],
    }[kind]
    path: list[float] = []
    for start, end in pairwise(stops):
        steps = max(2, round(abs(end - start) * rng.uniform(15, 50)))
        path += [start + (end - start) * step / steps for step in range(steps)]
        wait = int(rng.integers(5, 60)) if kind == "loiters" else 3
        path += [end + 0.02 * math.sin(step) for step in range(wait)]
    return path


def test_scripted_crossings_with_loitering_and_u_turns_are_counted() -> None:
    rng, counter = np.random.default_rng(4), LaneCounter()
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    at_s = 0.0
    for _ in range(400):
        kind = str(rng.choice(["straight", "straight", "loiters", "u-turn", "turns twice"]))
        direction = "in" if rng.random() < 0.5 else "out"
        path = path_of(kind, rng)
        path = path if direction == "in" else [1 - place for place in path]
        wanted[direction] += kind != "u-turn"
        crossings = drive(counter, path, float(rng.uniform(0.35, 0.7)), rng, at_s)
        found.update(crossing.direction for crossing in crossings)
        at_s += len(path) / FPS + float(rng.uniform(0.5, 5))
    assert sum(wanted.values()) > 250
    for direction in ("in", "out"):
        assert abs(found[direction] - wanted[direction]) <= 0.02 * wanted[direction]


BETWEEN = (0.41, 0.47, 0.53, 0.59)


def convoy(places: list[tuple[float, ...]], length: float) -> list[str]:
    """Where the middles of cars of one length are, a frame each; the directions that are counted."""
    rng, counter, found = np.random.default_rng(2), LaneCounter(), []
    for step, middles in enumerate(places):
        first, second, *between = (
            max(covered(middle + length / 2, middle - length / 2, line, rng) for middle in middles)
            for line in (FIRST, SECOND, *BETWEEN)
        )
        crossing = counter.see(first, second, step / FPS, between)
        found += [crossing.direction] if crossing else []
    return found


@pytest.mark.parametrize("direction", ["in", "out"])
def test_three_that_follow_bumper_to_bumper_are_three(direction: str) -> None:
    length, gap = 0.5, 0.2
    lead = np.arange(-0.5, 3.5, 0.02)
    rows = [tuple(place - car * (length + gap) for car in range(3)) for place in lead]
    rows = rows if direction == "in" else [tuple(1 - place for place in row) for row in rows]
    assert convoy(rows, length) == [direction] * 3


def test_one_that_goes_back_over_the_first_line_and_forward_again_is_one() -> None:
    length = 0.5
    way = [*np.arange(-0.5, 0.64, 0.02), *np.arange(0.64, 0.2, -0.02), *np.arange(0.2, 1.6, 0.02)]
    assert convoy([(place,) for place in way], length) == ["in"]


def test_a_crossing_says_how_long_it_took() -> None:
    counter, found = LaneCounter(), []
    shares = [(0.0, 0.0), *[(0.5, 0.0)] * 5, *[(0.5, 0.5)] * 5, *[(0.0, 0.5)] * 5, *[(0.0, 0.0)] * 9]
    for step, (first, second) in enumerate(shares):
        found += [counter.see(first, second, step / 8)]
        assert counter.occupied == (1 <= step < 19)  # clear for 0.3 s
    (crossing,) = [crossing for crossing in found if crossing]
    assert crossing == Crossing("in", 19 / 8, 18 / 8)


def test_a_light_that_is_switched_on_is_no_crossing() -> None:
    counter = LaneCounter()
    shares = [(0.0, 0.0), *[(0.9, 0.9)] * 20, *[(0.0, 0.0)] * 10]
    assert not any(counter.see(first, second, step / FPS) for step, (first, second) in enumerate(shares))


def test_switch_keeps_its_state_between_its_thresholds_and_through_a_short_gap() -> None:
    switch = Switch(0.2, 0.06, 0.3)
    shares = [0.1, 0.25, 0.1, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.1]
    assert [switch.see(share, step / FPS) for step, share in enumerate(shares)] == [
        *(False, True, True, True, True, True, True, True, True, False, False)
    ]


def test_zone_counts_visits_and_their_dwell() -> None:
    zone, visits = Zone(0.08, 0.03), []
    shares = [0.0] * 5 + [0.2] * 50 + [0.0] * 5 + [0.2] * 50 + [0.0] * 30 + [0.2] * 5 + [0.0] * 30
    for step, share in enumerate(shares):
        visit = zone.see(share, step / FPS)
        visits += [visit] if visit else []
        assert zone.occupied == (5 <= step < 120 or 140 <= step < 155)
    (visit,) = visits  # half a second away is the same visit, half a second of presence is none
    assert visit.began_s == 0.5 and visit.dwell_s == pytest.approx(10.4)
