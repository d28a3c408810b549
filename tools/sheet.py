"""A sheet of small pictures: the best one of each of a film's first passages, outlined, and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

PASSAGES = 12
TRACKS = 64  # the first ones: of most of them a passage comes
TILE_PX = 640
_GREEN_BGR = (60, 200, 60)


@dataclass(frozen=True, slots=True)
class Mark:
    """A track in a frame: how good a picture of it that is, and its outline, (4, 2) px."""

    track: int
    score: float
    outline: NDArray[np.float32]


class Sheet:
    """`note` every frame, then let it be `drawn`."""

    def __init__(self) -> None:
        self._best: dict[int, tuple[float, NDArray[np.uint8], NDArray[np.float32]]] = {}
        self._first: NDArray[np.uint8] | None = None

    def note(self, picture: av.VideoFrame, marks: Sequence[Mark]) -> None:
        """Keeps the frame, small, for those of whom it is the best so far."""
        if self._first is None:
            self._first = _small(picture)
        for mark in marks:
            score = self._best[mark.track][0] if mark.track in self._best else -math.inf
            if mark.score > score and (mark.track in self._best or len(self._best) < TRACKS):
                outline = mark.outline * (TILE_PX / picture.width)
                self._best[mark.track] = mark.score, _small(picture), np.asarray(outline, np.float32)

    def drawn(self, named: Sequence[tuple[int, str]]) -> NDArray[np.uint8]:
        """BGR; `named` are tracks with words for each. The first frame where there is none of them."""
        tiles = [_tile(*self._best[track][1:], words) for track, words in named[:PASSAGES] if track in self._best]
        if not tiles:
            return np.zeros((TILE_PX, TILE_PX, 3), np.uint8) if self._first is None else self._first
        across = math.ceil(math.sqrt(len(tiles)))
        tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % across)
        rows = [np.hstack(tiles[start : start + across]) for start in range(0, len(tiles), across)]
        return np.asarray(np.vstack(rows), np.uint8)


def _small(picture: av.VideoFrame) -> NDArray[np.uint8]:
    height = max(1, round(picture.height * TILE_PX / picture.width))
    return picture.reformat(TILE_PX, height, "bgr24", interpolation="AREA").to_ndarray().astype(np.uint8, copy=False)


def _tile(bgr: NDArray[np.uint8], outline: NDArray[np.float32], words: str) -> NDArray[Any]:
    out, corners = bgr.copy(), np.round(outline).astype(np.int32)
    cv2.polylines(out, [corners], True, _GREEN_BGR, 2, cv2.LINE_AA)
    below = int(corners[:, 1].max()) + 22
    at = (int(corners[:, 0].min()), below if below < len(out) - 4 else int(corners[:, 1].min()) - 8)
    seen = words.encode("ascii", "replace").decode()  # OpenCV's letters have no Chinese
    cv2.putText(out, seen, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, _GREEN_BGR, 2, cv2.LINE_AA)
    return out
