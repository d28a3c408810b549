"""Whether and which way a head moved between two frames, or a flat picture of one: parallax of the mesh's points.

Whatever is done with a flat picture, its points move as a homography. A head's nose moves against its cheeks. Both must
be seen: points that no homography explains, and the nose going to the side, up or down. What moves as a head passes: a
film of one. So a challenge may be drawn by chance, and whoever moves otherwise has failed it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face_geometry import Points

# Fitted to LFW pictures in simulated motion, with `menshen models evaluate liveness`.
MIN_TURN, MIN_TURN_PARALLAX = 0.2, 0.065  # about 14°
MIN_NOD, MIN_NOD_PARALLAX = 0.1, 0.05  # about 10°
CLEARLY = 1.5  # times as much is another move than the one asked for: a glance aside is not
_NOSE, _RIGHT_EYE, _LEFT_EYE = 1, (33, 133), (263, 362)  # of FaceMesh
_EARS, _FOREHEAD, _CHIN = (234, 454), 10, 152


class Move(StrEnum):
    """Where the head turned to, as its owner says it."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


TURNS = frozenset({Move.LEFT, Move.RIGHT})
NODS = frozenset({Move.UP, Move.DOWN})
ALL = TURNS | NODS
CHALLENGES = ("turn", "nod", "random")


def moved(first: Points, second: Points, times: float = 1.0, among: frozenset[Move] = ALL) -> Move | None:
    """How a head with mesh points `first` (468, 2) px moved that shows `second` now; None: not by `times` the least.

    Of a turn and a nod at once, it is what went farther; where `among` has only one of both, the other does not count.
    """
    to_side = (yaw(second) - yaw(first)) / MIN_TURN if among & TURNS else 0.0
    down = (pitch(second) - pitch(first)) / MIN_NOD if among & NODS else 0.0
    sideways = abs(to_side) >= abs(down)
    least = MIN_TURN_PARALLAX if sideways else MIN_NOD_PARALLAX
    if max(abs(to_side), abs(down)) < times or parallax(first, second) < least:
        return None
    if sideways:
        return Move.LEFT if to_side > 0 else Move.RIGHT
    return Move.DOWN if down > 0 else Move.UP


class Challenge:
    """Moves that a person is asked for, one after the other. `chosen`: any other move ends it."""

    def __init__(self, steps: Sequence[frozenset[Move]], chosen: bool = False) -> None:
        self._steps = list(steps)
        self._chosen = chosen
        self._last: Move | None = None

    @classmethod
    def of(cls, kind: str, draw: Callable[[list[Move]], Move]) -> Challenge:
        """One of CHALLENGES. `random`: a turn and a nod, side and order drawn, one of eight."""
        if kind == "turn":
            return cls([TURNS])
        if kind == "nod":
            return cls([NODS])
        first = draw(list(Move))
        second = draw([move for move in Move if (move in TURNS) != (first in TURNS)])
        return cls([frozenset({first}), frozenset({second})], chosen=True)

    @property
    def asked(self) -> str:
        """What to tell the person now: a Move, "turn" or "nod" for either of two; "" when all is done."""
        if not self._steps:
            return ""
        (first, *others) = self._steps[0]
        if not others:
            return first.value
        return "turn" if first in TURNS else "nod"

    def move(self, first: Points, second: Points) -> Move | None:
        """What was moved, of the moves that count here."""
        return moved(first, second, among=ALL if self._chosen else self._steps[0])

    def see(self, first: Points, second: Points) -> bool | None:
        """True once all moves were made, False after another one, None while it goes on."""
        move = self.move(first, second)
        if move in self._steps[0]:
            self._last = move
            self._steps.pop(0)
        elif self._chosen and move not in (None, self._last) and moved(first, second, CLEARLY) is not None:
            return False
        return None if self._steps else True


def yaw(mesh: Points) -> float:
    """How far the nose is off the middle of the eyes, in eye distances along their line; about 0.015 a degree."""
    right, left = mesh[list(_RIGHT_EYE)].mean(0), mesh[list(_LEFT_EYE)].mean(0)
    eyes = left - right
    return float((mesh[_NOSE] - (right + left) / 2) @ eyes / max(float(eyes @ eyes), 1e-6))


def pitch(mesh: Points) -> float:
    """How far the nose is below the line of the ears, in heights of the face; about 0.01 a degree."""
    eyes = mesh[list(_LEFT_EYE)].mean(0) - mesh[list(_RIGHT_EYE)].mean(0)
    down = np.array([-eyes[1], eyes[0]]) / max(float(np.hypot(*eyes)), 1e-6)
    height = abs(float((mesh[_CHIN] - mesh[_FOREHEAD]) @ down))
    return float((mesh[_NOSE] - mesh[list(_EARS)].mean(0)) @ down) / max(height, 1e-6)


def parallax(first: Points, second: Points) -> float:
    """Root mean square of what the best homography from `first` to `second` leaves, in eye distances of `first`.

    Both are scaled to the same size before, so that coming nearer is no motion.
    """
    a, b = (_of_size_one(points) for points in (first, second))
    plane, _ = cv2.findHomography(a, b, 0)
    left = cv2.perspectiveTransform(a[None], plane)[0] - b
    eyes = a[list(_LEFT_EYE)].mean(0) - a[list(_RIGHT_EYE)].mean(0)
    return float(np.sqrt((left**2).sum(1).mean()) / max(float(np.hypot(*eyes)), 1e-6))


def _of_size_one(points: Points) -> NDArray[np.float64]:
    """Around their middle, one high: a turn to the side leaves the height."""
    whole = points.astype(np.float64)
    around: NDArray[np.float64] = (whole - whole.mean(0)) / max(float(np.ptp(whole[:, 1])), 1e-6)
    return around
