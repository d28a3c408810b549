"""People in a foreground mask over time: boxes of a person's size explain it, the nearest person first.

Each track looks for its own colours near where it should be; what it covers is taken, so that who walks behind somebody
is looked for in the rest. Who cannot be seen there goes on in a straight line for a while: long where something hides
the place, short where nothing does. What no track explains may be somebody new, or one who was lost: who got lost in
the middle of the picture is remembered longer than followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from controller.vision.stature import WIDTH, Stature

SEEN, NEW = 0.22, 0.45  # share of a person's box: covered in its own colours, it is a known one; covered, a new one
SURE_FRAMES = 4  # from so many on it is a person
LOST_S, HIDDEN_S, DOUBT_S = 1.2, 2.5, 0.3  # how long an unseen one, a hidden one, a new one is waited for
MEMORY_S = 12.0  # how long one who got lost in the middle of the picture is known again
KNOWN = 20.0  # grey levels from such a one's colours
NEAR, ROAM, FURTHEST = 0.5, 0.4, 2.5  # body heights from where one was lost: at once, more each second, at most
REACH = (0.18, 0.12)  # of the height: how far sideways and in depth one looks around the expected place
STANDS, STROLL = 0.5, 0.4  # who stands looks so much less far; body heights a second that are a walk
WANDER = (0.3, 0.15)  # as `REACH`, more for each second of not being seen
FOLLOW, DEPTH, STEER = 0.6, 0.5, 0.25  # share of the surprise that place, depth and speed take up
TIRE = 0.6  # of its speed is left to an unseen one after a second
OTHER = 50.0  # so many grey levels of another colour are like a body height of distance
FAR = 0.06  # covered share that the edge of the reach costs
FOREIGN = 80.0  # grey levels from a person's colours at which a pixel is none of that person
WEAR = 0.1  # how fast the colours follow, a frame
TAKEN = (0.24, 1.08, 0.06)  # of the height: half the width, the part above, the part below the feet that is explained
_LEAST_AREA = 0.06  # of the height squared: less is no part of a person
_NEWCOMERS = 8  # a frame
_IN_VIEW = 0.35  # of the box must be in the picture


@dataclass(slots=True, eq=False)
class Person:
    """`x`, `y`: the feet, px of the mask; `height`, px. `hidden`: something covers where it should be.

    `colours`: (2, 3), mean of the upper and of the lower half, forgotten with the person.
    """

    x: float
    y: float
    height: float
    at_s: float
    seen_s: float
    number: int
    speed_x: float = 0.0
    speed_y: float = 0.0
    frames: int = 1
    hidden: bool = False
    colours: NDArray[np.float64] | None = None

    @property
    def sure(self) -> bool:
        """Seen often enough to be somebody."""
        return self.frames >= SURE_FRAMES

    def expect(self, at_s: float) -> None:
        """Go on to where it should be now."""
        passed_s = at_s - self.at_s
        self.x, self.y, self.at_s = self.x + self.speed_x * passed_s, self.y + self.speed_y * passed_s, at_s

    def found(self, x: float, y: float, passed_s: float) -> None:
        """It is here, `passed_s` after it was expected from."""
        aside, along = x - self.x, y - self.y
        self.speed_x += STEER * aside / passed_s
        self.speed_y += STEER * along / passed_s
        self.x, self.y = self.x + FOLLOW * aside, self.y + DEPTH * along
        self.seen_s, self.hidden, self.frames = self.at_s, False, self.frames + 1

    def unlike(self, colours: NDArray[np.float64]) -> float:
        """Grey levels between its colours and these."""
        return 0.0 if self.colours is None else float(np.abs(colours - self.colours).mean())

    def dressed(self, colours: NDArray[np.float64]) -> None:
        """These colours, now."""
        self.colours = colours if self.colours is None else self.colours + WEAR * (colours - self.colours)


class PeopleTracker:
    """One camera's. `people` are those of the last mask, sure or not; `lost`, who may be known again."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.lost: list[Person] = []
        self._stature: Stature | None = None
        self._picture: NDArray[np.float32] = np.zeros((0, 0, 3), np.float32)
        self._count = 0

    def update(self, mask: NDArray[np.bool_], picture: NDArray[np.float32], at_s: float) -> list[Person]:
        """Who is there in a (height, width) mask of a (height, width, 3) picture at `at_s`, which only grows."""
        self._picture = picture
        self._stature = self._stature or Stature(mask.shape[0])
        whole = self._without_specks(mask, self._stature)
        free = whole.copy()
        for person in sorted(self.people, key=lambda person: -person.y):
            self._follow(person, free, whole, at_s)
        gone = [person for person in self.people if _gone(person, mask.shape)]
        self.people = [person for person in self.people if person not in gone]
        self.lost = [person for person in self.lost if at_s - person.seen_s < MEMORY_S]
        self.lost += [person for person in gone if person.sure and _inside(person, mask.shape)]
        if self._stature.known:
            self._welcome(free, at_s)
        return self.people

    def _without_specks(self, mask: NDArray[np.bool_], stature: Stature) -> NDArray[np.uint8]:
        """The mask as 0 and 1 without what is too small; who walks alone teaches how tall people are."""
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        kept = np.zeros(count, np.uint8)
        for number in range(1, count):
            x, y, wide, high, area = (int(value) for value in boxes[number])
            if area >= _LEAST_AREA * stature.of(y + high) ** 2:
                kept[number] = 1
                stature.learn((x, y, wide, high), area, mask.shape[1])
        return np.asarray(kept[labels], np.uint8)

    def _follow(self, person: Person, free: NDArray[np.uint8], whole: NDArray[np.uint8], at_s: float) -> None:
        stature = self._known()
        passed_s, unseen_s = max(at_s - person.at_s, 1e-3), min(at_s - person.seen_s, 1.0)
        person.expect(at_s)
        person.height = stature.of(person.y)
        pace = math.hypot(person.speed_x, person.speed_y) / (STROLL * person.height)
        bold = 1.0 if not person.sure else STANDS + (1 - STANDS) * min(pace, 1.0)
        reach = [(bold * near + wander * unseen_s) * person.height for near, wander in zip(REACH, WANDER, strict=True)]
        across = np.arange(person.x - reach[0], person.x + reach[0] + 1)
        down = np.arange(person.y - reach[1], person.y + reach[1] + 1)
        places = _Places(free.shape, across, down, stature)
        share = places.covered(free) if person.colours is None else places.alike(free, self._picture, person.colours)
        distance = ((across[None] - person.x) / reach[0]) ** 2 + ((down[:, None] - person.y) / reach[1]) ** 2
        row, column = np.unravel_index(int(np.argmax(share - FAR * distance)), share.shape)
        if share[row, column] >= SEEN:
            x, y = float(across[column]), float(down[row])
            person.found(x, y, passed_s)
            found = _Places(free.shape, across[column : column + 1], down[row : row + 1], stature)
            person.dressed(found.colours(free, self._picture)[0, 0])
            _take(free, x, y, stature.of(y))
            return
        expected = _Places(whole.shape, np.array([person.x]), np.array([person.y]), stature)
        person.hidden = bool(expected.covered(whole)[0, 0] > SEEN)
        left = TIRE**passed_s
        person.speed_x, person.speed_y = person.speed_x * left, person.speed_y * left

    def _welcome(self, free: NDArray[np.uint8], at_s: float) -> None:
        """Somebody new, or one who was lost, for what nobody explains; the clearest first."""
        stature = self._known()
        for _ in range(_NEWCOMERS):
            found = max(self._candidates(free, stature), default=(0.0, 0.0, 0.0))
            if found[0] < NEW:
                return
            _, x, y = found
            height = stature.of(y)
            places = _Places(free.shape, np.array([x]), np.array([y]), stature)
            colours = places.colours(free, self._picture)
            _take(free, x, y, height)
            if known := self._lost_one(x, y, colours[0, 0], at_s):
                if known in self.lost:
                    self.lost.remove(known)
                    self.people.append(known)
                    known.at_s, known.speed_x, known.speed_y = at_s, 0.0, 0.0
                known.x, known.y, known.seen_s, known.hidden = x, y, at_s, False
                known.frames += 1
            elif all(_apart(person, x, y) > 0.15 * height for person in self.people):
                self._count += 1
                self.people.append(Person(x, y, height, at_s, at_s, self._count))

    def _lost_one(self, x: float, y: float, colours: NDArray[np.float64], at_s: float) -> Person | None:
        """Who of the unseen and of the lost this is most likely."""
        height = self._known().of(y)
        unseen = [
            person
            for person in self.people
            if person.seen_s < at_s and _apart(person, x, y) < (NEAR + ROAM * (at_s - person.seen_s)) * height
        ]
        lost = [
            person
            for person in self.lost
            if _apart(person, x, y) < min(NEAR + ROAM * (at_s - person.seen_s), FURTHEST) * height
            and person.unlike(colours) < KNOWN
        ]
        return min(
            unseen + lost,
            key=lambda person: _apart(person, x, y) / height + person.unlike(colours) / OTHER,
            default=None,
        )

    def _candidates(self, free: NDArray[np.uint8], stature: Stature) -> Iterable[tuple[float, float, float]]:
        """(covered share, x, y) of the best place in each unexplained part."""
        count, _, boxes, _ = cv2.connectedComponentsWithStats(free, connectivity=8)
        for number in range(1, count):
            x, y, wide, high, area = (int(value) for value in boxes[number])
            height = stature.of(y + high)
            if area < 0.09 * height * height:
                continue
            below = 0.5 if y + high >= free.shape[0] - 1 else 0.08  # feet may be below the picture
            first = y + 0.6 * height
            down = np.arange(first, max(y + high + below * height, first + 2), 2.0)
            across = np.arange(x, x + wide + 1, 2.0)
            share = _Places(free.shape, across, down, stature).covered(free)
            row, column = np.unravel_index(int(np.argmax(share)), share.shape)
            yield float(share[row, column]), float(across[column]), float(down[row])

    def _known(self) -> Stature:
        assert self._stature is not None
        return self._stature


def _apart(person: Person, x: float, y: float) -> float:
    return math.hypot(person.x - x, person.y - y)


def _inside(person: Person, shape: tuple[int, ...]) -> bool:
    return 0.2 * person.height < person.x < shape[1] - 0.2 * person.height and person.y < shape[0]


def _gone(person: Person, shape: tuple[int, ...]) -> bool:
    unseen_s = person.at_s - person.seen_s
    inside = -0.1 * person.height < person.x < shape[1] + 0.1 * person.height
    if not inside or person.y > shape[0] + 0.6 * person.height:
        return unseen_s > 0
    if not person.sure:
        return unseen_s > DOUBT_S
    return unseen_s > (HIDDEN_S if person.hidden else LOST_S)


class _Places:
    """A person's box with the feet at each of `down` × `across`, px: sums over its parts from one crop."""

    def __init__(
        self, shape: tuple[int, ...], across: NDArray[np.float64], down: NDArray[np.float64], stature: Stature
    ) -> None:
        self._down, self._tall = down, stature.at(down)
        half = WIDTH / 2 * self._tall[:, None]
        self._top, left = max(int(down[0] - self._tall[0]) - 1, 0), max(int(across[0] - half.max()) - 1, 0)
        bottom = min(max(int(down[-1]) + 2, self._top), shape[0])
        right = min(max(int(across[-1] + half.max()) + 2, left), shape[1])
        self.crop = np.s_[self._top : bottom, left:right]
        self._height, width = max(bottom - self._top, 0), max(right - left, 0)
        self._x0, self._x1 = (
            np.clip(np.rint(across[None] + side * half) - left, 0, width).astype(int) for side in (-1, 1)
        )

    def sums(self, layers: NDArray[Any], upper: float = 1.0, lower: float = 0.0) -> NDArray[np.float64]:
        """(rows, columns, …) of a crop: over the box from `upper` to `lower` of the height above the feet."""
        if not layers.size:
            return np.zeros((*self._x0.shape, *layers.shape[2:]))
        total = cv2.integral(layers, sdepth=cv2.CV_64F)
        y0, y1 = (
            np.clip(np.rint(self._down - share * self._tall) - self._top, 0, self._height).astype(int)[:, None]
            for share in (upper, lower)
        )
        x0, x1 = self._x0, self._x1
        return np.asarray(total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0])

    def covered(self, mask: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(rows, columns): the covered share, without what is beside or below the picture."""
        return self.sums(mask[self.crop]) / self._in_view()

    def alike(
        self, mask: NDArray[np.uint8], picture: NDArray[np.float32], colours: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(rows, columns): the covered share; a pixel counts the less, the further its colour is from its half's."""
        apart = np.abs(picture[self.crop][:, :, None] - colours.astype(np.float32)).mean(3)
        own = mask[self.crop].astype(np.float32)[..., None] * (1 - np.minimum(apart / FOREIGN, 1))
        return (self.sums(own[..., 0].copy(), 1.0, 0.5) + self.sums(own[..., 1].copy(), 0.5, 0.0)) / self._in_view()

    def _in_view(self) -> NDArray[np.float64]:
        foot = np.minimum(np.rint(self._down), self._top + self._height)
        inside = (self._x1 - self._x0) * (foot - np.rint(self._down - self._tall))[:, None]
        return np.asarray(np.maximum(inside, _IN_VIEW * WIDTH * self._tall[:, None] ** 2))

    def colours(self, mask: NDArray[np.uint8], picture: NDArray[np.float32]) -> NDArray[np.float64]:
        """(rows, columns, 2, 3): mean colour of what is covered in the upper and the lower half."""
        shown = mask[self.crop].astype(np.float32)[..., None]
        layers = np.concatenate([picture[self.crop] * shown, shown], 2)
        halves = np.stack([self.sums(layers, 1.0, 0.5), self.sums(layers, 0.5, 0.0)], 2)
        return np.asarray(halves[..., :3] / np.maximum(halves[..., 3:], 1.0))


def _take(free: NDArray[np.uint8], x: float, y: float, height: float) -> None:
    """What is explained is no longer looked at."""
    half, above, below = (share * height for share in TAKEN)
    free[max(int(y - above), 0) : max(int(y + below), 0), max(int(x - half), 0) : max(int(x + half), 0)] = 0
