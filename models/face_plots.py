"""Pictures of a face evaluation: detection error trade-off, and false alarms while the gallery grows."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

_LOW, _HIGH = -4.0, 0.0  # decades
_EDGE_PX, _MARGIN_PX = 480, 60
_COLOURS = ((180, 90, 20), (40, 40, 200), (60, 160, 60), (160, 60, 160))  # BGR


def det_plot(curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> NDArray[np.uint8]:
    """BGR; `curves`: distances of genuine and of impostor pairs by name. FNMR upward, FMR to the right."""
    side = _EDGE_PX + 2 * _MARGIN_PX
    canvas = np.full((side, side, 3), 255, np.uint8)

    def px(decade: float) -> int:
        return _MARGIN_PX + round((min(max(decade, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW) * _EDGE_PX)

    for decade in range(int(_LOW), int(_HIGH) + 1):
        at, words = px(decade), f"1e{decade}" if decade else "1"
        cv2.line(canvas, (at, side - px(_LOW)), (at, side - px(_HIGH)), (215, 215, 215), 1)
        cv2.line(canvas, (px(_LOW), side - at), (px(_HIGH), side - at), (215, 215, 215), 1)
        cv2.putText(canvas, words, (at - 14, side - _MARGIN_PX + 18), 0, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
        cv2.putText(canvas, words, (16, side - at + 4), 0, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    for number, (name, (genuine, impostor)) in enumerate(curves.items()):
        far = np.logspace(_LOW, _HIGH, 100)
        missed = 1 - np.searchsorted(np.sort(genuine), np.quantile(impostor, far), side="right") / len(genuine)
        line = [
            (px(float(np.log10(x))), side - px(float(np.log10(max(y, 1e-9))))) for x, y in zip(far, missed, strict=True)
        ]
        colour = _COLOURS[number % len(_COLOURS)]
        cv2.polylines(canvas, [np.array(line, np.int32)], False, colour, 2, cv2.LINE_AA)
        cv2.putText(canvas, name, (side - 190, 40 + 20 * number), 0, 0.5, colour, 1, cv2.LINE_AA)
    words = "false accepts (right), false rejects (up); DET"
    cv2.putText(canvas, words, (_MARGIN_PX, side - 12), 0, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas


def growth_plot(galleries: Mapping[str, Mapping[str, float]], budget: float) -> NDArray[np.uint8]:
    """BGR, as high as `det_plot`: FPIR (up, to 10 × `budget`) by gallery size (right, a step each).

    By the door's rule (blue) and at a distance that was right for the first gallery (red); the band is 2 × `budget`.
    """
    side = _EDGE_PX + 2 * _MARGIN_PX
    canvas = np.full((side, side, 3), 255, np.uint8)
    low, most = side - _MARGIN_PX, 10 * budget

    def up(rate: float) -> int:
        return low - round(min(rate / most, 1.0) * _EDGE_PX)

    cv2.rectangle(canvas, (_MARGIN_PX, up(2 * budget)), (side - _MARGIN_PX, low), (225, 240, 225), -1)
    cv2.rectangle(canvas, (_MARGIN_PX, _MARGIN_PX), (side - _MARGIN_PX, low), (150, 150, 150), 1)
    places = np.linspace(_MARGIN_PX + 30, side - _MARGIN_PX - 30, len(galleries)).round().astype(int).tolist()
    for place, size in zip(places, galleries, strict=True):
        cv2.putText(canvas, size, (place - 14, low + 18), 0, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    for number in range(0, 11, 2):
        cv2.putText(canvas, f"{number * budget:.3f}", (8, up(number * budget)), 0, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    for name, colour in (("fpir_at_card", _COLOURS[0]), ("fpir_fixed_distance", _COLOURS[1])):
        line = [(place, up(row[name])) for place, row in zip(places, galleries.values(), strict=True)]
        cv2.polylines(canvas, [np.array(line, np.int32)], False, colour, 2, cv2.LINE_AA)
        for point in line:
            cv2.circle(canvas, point, 4, colour, -1, cv2.LINE_AA)
    words = "people (right), FPIR (up): the rule blue, a fixed distance red"
    cv2.putText(canvas, words, (_MARGIN_PX, side - 12), 0, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas
