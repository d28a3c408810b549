"""How often a picture of a face passes for a head that turns, and a head for a picture. ISO/IEC 30107-3's terms.

APCER: the share of attack presentations of one species that pass. BPCER: the share of live ones that do not. Heads and
attacks are simulated from pictures of faces (`models.face_motion`); detection, mesh and embedding are the door's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.face import FacePipeline
from models.face_geometry import Face, Picture, Points
from models.face_liveness import SAME_TURNED, turned
from models.face_motion import Motion, filmed, screen

PICTURES = {".jpg", ".jpeg", ".png", ".pgm", ".bmp"}
FRAMES = 8  # a presentation
LIVE_TURNS = (20.0, 40.0)  # degrees, from the front to one side: what people do who are asked to turn their heads
ATTACK_TURNS = (15.0, 45.0)  # to both sides, from one to the other
FACE_PX = 160  # wide, in all frames
Present = Callable[[Motion, float, np.random.Generator], Picture]
SPECIES: dict[str, Present] = {
    "print": lambda motion, yaw, rng: motion.plane(yaw),
    "print_bent": lambda motion, yaw, rng: motion.bent(yaw),
    "screen_still": lambda motion, yaw, rng: screen(motion.plane(yaw), rng),
    "cut_out_mask": lambda motion, yaw, rng: motion.mask(yaw),
    "screen_video": lambda motion, yaw, rng: screen(motion.plane(yaw / 3, motion.head(yaw)), rng),
}


class NoFaces(Exception):
    """There is no picture with a face in the folder."""


def evaluate_liveness(
    data: Path, count: int = 50, seed: int = 1, tell: Callable[[int, int], None] = lambda done, count: None
) -> dict[str, Any]:
    """APCER of each species and BPCER over `count` pictures of `data` and the folders in it, each turned both ways."""
    rng = np.random.default_rng(seed)
    files = sorted(file for file in data.rglob("*") if file.suffix.lower() in PICTURES) if data.is_dir() else []
    chosen = [files[n] for n in rng.permutation(len(files))[:count]]
    door = _Door()
    passed: dict[str, list[bool]] = {name: [] for name in ("live", *SPECIES)}
    for done, file in enumerate(chosen, 1):
        motion = door.sit(file)
        for side in (-1, 1):
            if motion is None:
                break
            turn = side * rng.uniform(*LIVE_TURNS)
            passed["live"].append(door.passes(_film(_head, motion, rng, 0.0, turn)))
            for name, present in SPECIES.items():
                turn = side * rng.uniform(*ATTACK_TURNS)
                passed[name].append(door.passes(_film(present, motion, rng, -turn, turn)))
        tell(done, len(chosen))
    live = passed.pop("live")
    if not live:
        raise NoFaces(f"{data}: no picture of a face in it or its folders; write --data FOLDER")
    figures = {
        "presentations": len(live),
        "bpcer": round(1 - float(np.mean(live)), 4),
        "apcer": {name: round(float(np.mean(seen)), 4) for name, seen in passed.items()},
    }
    return {"name": "evaluate-liveness", "figures": figures, "peers": {}}


def _head(motion: Motion, yaw: float, _: np.random.Generator) -> Picture:
    return motion.head(yaw)


def _film(present: Present, motion: Motion, rng: np.random.Generator, first: float, last: float) -> Iterator[Picture]:
    """The frames of a turn from `first` to `last` degrees."""
    for yaw in np.linspace(first, last, FRAMES):
        yield filmed(present(motion, float(yaw), rng), rng)


class _Door:
    """What the door does with a named face: a frame that shows it turned, and still the same, lets it in."""

    def __init__(self) -> None:
        self._pipeline = FacePipeline()
        self._pipeline.warm()

    def sit(self, file: Path) -> Motion | None:
        """The picture's face, ready to move; None without one."""
        bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if bgr is None:
            return None
        rgb = np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)
        face = self._central(rgb)
        if face is None:
            return None
        rgb = _around(rgb, face)
        face = self._central(rgb)
        return None if face is None else Motion(rgb, self._pipeline.solid(rgb, face))

    def passes(self, film: Iterator[Picture]) -> bool:
        """Whether its frames are taken for those of a head that turns."""
        shown = self._shown(next(film))
        if shown is None:
            return False
        for frame in film:
            now = self._shown(frame)
            if now is not None and turned(shown[0], now[0]) and np.linalg.norm(now[1] - shown[1]) <= SAME_TURNED:
                return True
        return False

    def _shown(self, rgb: Picture) -> tuple[Points, Any] | None:
        face = self._central(rgb)
        return None if face is None else (self._pipeline.landmarks(rgb, face), self._pipeline.embed(rgb, face))

    def _central(self, rgb: Picture) -> Face | None:
        middle = rgb.shape[1] / 2
        faces = self._pipeline.detect(rgb)
        return min(faces, key=lambda face: abs((face.box[0] + face.box[2]) / 2 - middle), default=None)


def _around(rgb: Picture, face: Face) -> Picture:
    """The face, FACE_PX wide, in the middle of a square three times as wide."""
    x0, y0, x1, y1 = face.box
    scale = FACE_PX / (x1 - x0)
    finest = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    half = round(1.5 * FACE_PX)
    wide = cv2.copyMakeBorder(
        cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=finest), half, half, half, half, cv2.BORDER_REPLICATE
    )
    left, top = round(scale * (x0 + x1) / 2), round(scale * (y0 + y1) / 2)
    return wide[top : top + 2 * half, left : left + 2 * half].astype(np.uint8)
