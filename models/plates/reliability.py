"""How far a confidence can be believed: shares of right reads by confidence, as a table and as a picture."""

from collections.abc import Sequence

import cv2
import numpy as np

BINS = 10
_EDGE_PX = 400
_MARGIN_PX = 30


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> list[dict[str, float]]:
    """For each of ten bins that is not empty: mean `confidence`, share `right`, `count`."""
    values, hits = np.array(confidences, float), np.array(right, float)
    bins = np.minimum((values * BINS).astype(int), BINS - 1)
    rows = []
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            means = float(values[inside].mean()), float(hits[inside].mean())
            rows.append({"confidence": round(means[0], 4), "right": round(means[1], 4), "count": int(inside.sum())})
    return rows


def expected_error(rows: Sequence[dict[str, float]]) -> float | None:
    """Expected calibration error: the bins' distances between confidence and share right, by their counts."""
    total = sum(row["count"] for row in rows)
    return sum(row["count"] * abs(row["confidence"] - row["right"]) for row in rows) / total if total else None


def reliability_plot(rows: Sequence[dict[str, float]], sure: float) -> np.ndarray:
    """Share right (up) against confidence (right), BGR; a dot's area grows with its bin, a line marks `sure`."""
    side = _EDGE_PX + 2 * _MARGIN_PX
    canvas = np.full((side, side, 3), 255, np.uint8)

    def point(x: float, y: float) -> tuple[int, int]:
        return round(_MARGIN_PX + x * _EDGE_PX), round(_MARGIN_PX + (1 - y) * _EDGE_PX)

    cv2.rectangle(canvas, point(0, 1), point(1, 0), (0, 0, 0), 1)
    cv2.line(canvas, point(0, 0), point(1, 1), (190, 190, 190), 1, cv2.LINE_AA)
    cv2.line(canvas, point(sure, 0), point(sure, 1), (60, 160, 60), 1, cv2.LINE_AA)
    total = sum(row["count"] for row in rows)
    for row in rows:
        radius = round(3 + 14 * float(np.sqrt(row["count"] / total)))
        cv2.circle(canvas, point(row["confidence"], row["right"]), radius, (180, 90, 20), -1, cv2.LINE_AA)
    words = f"confidence, n = {total:.0f}, sure from {sure:.2f}"
    cv2.putText(canvas, words, (_MARGIN_PX, side - 8), 0, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas
