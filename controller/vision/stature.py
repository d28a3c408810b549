"""How tall a person looks, by where the feet are: learnt from those who walk alone, so that nobody has to measure."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

WIDTH = 0.34  # of a walking person's height: what arms and legs mostly fill
FIRST = 0.2  # of the picture's height, until somebody was measured
LEAST = 0.03
SLENDER = (1.9, 4.5)  # height to width of one person's outline; two side by side are wider
FILLED = 0.45  # of the box around it
_KEPT, _ANEW, _ENOUGH = 600, 10, 5
_ROWS = 8
_STIFF = 40 * 0.05**2  # a slope out of few rows counts little


class Stature:
    """Heights in px of a picture that is `height` px high: a straight line over the feet's row."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._seen: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._since = 0
        self._level, self._slope = FIRST * height, 0.0
        self.known = False

    def learn(self, box: tuple[int, int, int, int], area: int, width: int) -> None:
        """An outline (x, y, width, height, px) in a picture `width` px wide that may be one person's, whole."""
        x, y, wide, high = box
        whole = x > 1 and y > 1 and x + wide < width - 1 and y + high < self._height - 1
        slender = SLENDER[0] < high / wide < SLENDER[1] and area > FILLED * wide * high
        if not (whole and slender and high > LEAST * self._height):
            return
        self._seen.append((float(y + high), float(high)))
        self._since += 1
        if self._since >= _ANEW:
            self._since = 0
            self._fit()

    def at(self, feet: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights, px, of people whose feet are in these rows."""
        return np.maximum(self._level + self._slope * feet, LEAST * self._height)

    def of(self, foot: float) -> float:
        """The same for one."""
        return max(self._level + self._slope * foot, LEAST * self._height)

    def _fit(self) -> None:
        """Medians by rows, and a line through them: a group or half a person does not move a median."""
        seen = np.array(self._seen)
        rows = (seen[:, 0] / self._height * _ROWS).astype(int)
        groups = [seen[rows == row] for row in np.unique(rows)]
        points = np.array([(*np.median(group, 0), min(len(group), 40)) for group in groups if len(group) >= _ENOUGH])
        if not len(points):
            return
        foot, tall, weight = points.T
        middle, mean = np.average(foot, weights=weight), np.average(tall, weights=weight)
        spread = (weight * (foot - middle) ** 2).sum() + _STIFF * self._height**2
        self._slope = float((weight * (foot - middle) * (tall - mean)).sum() / spread)
        self._level = float(mean - self._slope * middle)
        self.known = True
