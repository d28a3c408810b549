"""How often a picture of a face passes for a head that moves as asked, and a head does not. ISO/IEC 30107-3's terms.

APCER: the share of attack presentations of one species that pass. BPCER: the share of live ones that do not. Heads and
attacks are simulated from pictures of faces (`models.face_motion`); detection, mesh and embedding are the door's own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.face import FacePipeline
from models.face_decision import Rule
from models.face_geometry import Face, Picture, Points
from models.face_liveness import CHALLENGES, NODS, TURNS, Challenge, Move
from models.face_motion import Motion, filmed, screen

PICTURES = {".jpg", ".jpeg", ".png", ".pgm", ".bmp"}
FRAMES = 8  # a move
# Degrees from the front: what people do who are asked to turn their heads, or to nod; and how far pictures are turned.
LIVE = {True: (20.0, 40.0), False: (12.0, 28.0)}  # a turn, a nod
ATTACK = (15.0, 45.0)
FACE_PX = 160  # wide, in all frames
Pose = tuple[float, float]  # yaw to the picture's right and pitch down, degrees
FRONT: Pose = (0.0, 0.0)
AXES: dict[Move, Pose] = {Move.LEFT: (1, 0), Move.RIGHT: (-1, 0), Move.UP: (0, -1), Move.DOWN: (0, 1)}
Present = Callable[[Motion, float, float, np.random.Generator], Picture]
SPECIES: dict[str, Present] = {
    "print": lambda motion, yaw, pitch, rng: motion.plane(yaw, pitch),
    "print_bent": lambda motion, yaw, pitch, rng: motion.bent(yaw, pitch),
    "screen_still": lambda motion, yaw, pitch, rng: screen(motion.plane(yaw, pitch), rng),
    "cut_out_mask": lambda motion, yaw, pitch, rng: motion.mask(yaw, pitch),
}


class NoFaces(Exception):
    """There is no picture with a face in the folder."""


def evaluate_liveness(
    data: Path,
    count: int = 50,
    seed: int = 1,
    challenges: Sequence[str] = CHALLENGES,
    tell: Callable[[int, int], None] = lambda done, count: None,
) -> dict[str, Any]:
    """APCER of each species and BPCER of each challenge over `count` pictures of `data` and the folders in it, twice.

    `bpcer` and `apcer` are those of the first of `challenges`. `screen_video`: a film of the same person doing what
    such a challenge asks, of "random" what another draw asked for. `screen_video_as_asked`: the right film is played.
    """
    rng = np.random.default_rng(seed)
    files = sorted(file for file in data.rglob("*") if file.suffix.lower() in PICTURES) if data.is_dir() else []
    chosen = [files[n] for n in rng.permutation(len(files))[:count]]
    door = _Door()
    passed: dict[str, dict[str, list[bool]]] = {kind: {} for kind in challenges}
    for done, file in enumerate(chosen, 1):
        motion = door.sit(file)
        for kind, side in itertools.product(challenges, (0, 1)):
            for name, passes in _presented(door, motion, kind, side, rng) if motion is not None else ():
                passed[kind].setdefault(name, []).append(passes)
        tell(done, len(chosen))
    first = challenges[0]
    if not passed[first]:
        raise NoFaces(f"{data}: no picture of a face in it or its folders; write --data FOLDER")
    rates = {kind: _rates(seen) for kind, seen in passed.items()}
    figures = {"presentations": len(passed[first]["live"]), **rates.pop(first), **rates}
    return {"name": "evaluate-liveness", "figures": figures, "peers": {}}


def _rates(passed: dict[str, list[bool]]) -> dict[str, Any]:
    share = {name: round(float(np.mean(seen)), 4) for name, seen in passed.items()}
    return {"bpcer": round(1 - share.pop("live"), 4), "apcer": share}


def _presented(
    door: _Door, motion: Motion, kind: str, side: int, rng: np.random.Generator
) -> Iterator[tuple[str, bool]]:
    """(species or "live", whether it passes) for a challenge of this kind; `side`: to the one side or to the other."""
    challenge, moves = _asked(kind, side, rng)
    heads = _poses([_pose(move, rng.uniform(*LIVE[move in TURNS])) for move in moves])
    yield "live", door.passes(challenge, _film(_head, motion, heads, rng))
    for name, present in SPECIES.items():
        challenge, moves = _asked(kind, side, rng)
        (far, *others) = [_pose(move, rng.uniform(*ATTACK)) for move in moves]
        poses = _poses([far, *others]) if others else [_back(far), *_way(_back(far), far)]
        yield name, door.passes(challenge, _film(present, motion, poses, rng))
    challenge, moves = _asked(kind, side, rng)
    yield "screen_video", door.passes(challenge, _film(_on_screen, motion, heads, rng))
    if kind == "random":
        challenge, moves = _asked(kind, side, rng)
        heads = _poses([_pose(move, rng.uniform(*LIVE[move in TURNS])) for move in moves])
        yield "screen_video_as_asked", door.passes(challenge, _film(_on_screen, motion, heads, rng))


def _asked(kind: str, side: int, rng: np.random.Generator) -> tuple[Challenge, list[Move]]:
    """A challenge, and moves that fulfil it."""
    if kind != "random":
        return Challenge.of(kind, lambda moves: moves[0]), [sorted(TURNS if kind == "turn" else NODS)[side]]
    drawn: list[Move] = []

    def draw(moves: list[Move]) -> Move:
        drawn.append(moves[int(rng.integers(len(moves)))])
        return drawn[-1]

    return Challenge.of(kind, draw), drawn


def _pose(move: Move, degrees: float) -> Pose:
    return AXES[move][0] * degrees, AXES[move][1] * degrees


def _back(pose: Pose) -> Pose:
    return -pose[0], -pose[1]


def _way(first: Pose, last: Pose, frames: int = FRAMES - 1) -> list[Pose]:
    """Evenly from one to the other, without the first."""
    ways = [np.linspace(*ends, frames + 1)[1:].tolist() for ends in zip(first, last, strict=True)]
    return list(zip(*ways, strict=True))


def _poses(far: Sequence[Pose]) -> list[Pose]:
    """From the front to each of these, by way of the front."""
    poses = [FRONT]
    for pose in far:
        back = _way(poses[-1], FRONT, 2) if poses[-1] != FRONT else []
        poses += [*back, *_way(FRONT, pose, FRAMES - 1 if len(far) == 1 else FRAMES // 2)]
    return poses


def _head(motion: Motion, yaw: float, pitch: float, _: np.random.Generator) -> Picture:
    return motion.head(yaw, pitch)


def _on_screen(motion: Motion, yaw: float, pitch: float, rng: np.random.Generator) -> Picture:
    """The head's film on a screen, which the hand moves a little too."""
    return screen(motion.plane(yaw / 3, pitch / 3, motion.head(yaw, pitch)), rng)


def _film(present: Present, motion: Motion, poses: Sequence[Pose], rng: np.random.Generator) -> Iterator[Picture]:
    for yaw, pitch in poses:
        yield filmed(present(motion, yaw, pitch, rng), rng)


class _Door:
    """What the door does with a named face: frames that show it moving as asked, and still the same, let it in."""

    def __init__(self) -> None:
        self._pipeline = FacePipeline()
        self._pipeline.warm()
        self._same = Rule.of_card(self._pipeline.embedder.card).turned

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

    def passes(self, challenge: Challenge, film: Iterator[Picture]) -> bool:
        """Whether its frames are taken for those of a head that moves as asked."""
        shown: tuple[Points, Any] | None = None
        for rgb in film:
            face = self._central(rgb)
            if face is None:
                continue
            mesh = self._pipeline.landmarks(rgb, face)
            if shown is None:
                shown = (mesh, self._pipeline.embed(rgb, face))
            elif challenge.move(shown[0], mesh) is not None:
                if np.linalg.norm(self._pipeline.embed(rgb, face) - shown[1]) > self._same:
                    continue
                done = challenge.see(shown[0], mesh)
                if done is not None:
                    return done
        return False

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
