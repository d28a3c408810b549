"""How good the face path is, from picture files: our detector, our alignment, our int8 net; missed faces count."""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.cards import load_card
from models.face import FacePipeline

PICTURES = {".jpg", ".jpeg", ".png", ".pgm"}
IMPOSTORS = 100_000  # pairs of different people, at most, drawn with a fixed seed
FALSE_ACCEPT = (1e-2, 1e-3, 1e-4)
Vector = NDArray[np.float32]


class DataError(Exception):
    """The folder is no folder of people; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Templates:
    """Vectors by person; pictures in which no face was found are only counted."""

    people: dict[str, list[Vector]]
    pictures: int
    missed: int
    ms: float  # a picture, everything included


def evaluate_face(data: Path, group: Path | None = None) -> dict[str, object]:
    """Figures for a folder per identity. `group`: a file naming some of the folders, for a table of their own."""
    names = sorted(folder.name for folder in data.iterdir() if folder.is_dir()) if data.is_dir() else []
    if len(names) < 2:
        raise DataError(f"{data}: expected a folder with a folder of pictures for each person")
    templates = embed_folder(data, names)
    figures: dict[str, object] = {
        "people": len(names),
        "pictures": templates.pictures,
        "failures_to_detect": templates.missed,
        "ms_per_picture": round(templates.ms, 2),
        "all": verification(templates.people),
    }
    if group is not None:
        wanted = set(group.read_text(encoding="utf-8").split("\n"))
        figures["group"] = verification({name: rows for name, rows in templates.people.items() if name in wanted})
    return {"name": "evaluate-face", "figures": figures, "peers": {}}


def embed_folder(data: Path, names: list[str]) -> Templates:
    """Every picture of every person through the pipeline; of several faces the most central one."""
    pipeline = FacePipeline()
    pipeline.warm()
    people: dict[str, list[Vector]] = {}
    pictures = missed = 0
    began = time.perf_counter()
    for name in names:
        for file in sorted(file for file in (data / name).iterdir() if file.suffix.lower() in PICTURES):
            vector = _embedded(pipeline, file)
            pictures += 1
            missed += vector is None
            if vector is not None:
                people.setdefault(name, []).append(vector)
    return Templates(people, pictures, missed, 1000 * (time.perf_counter() - began) / max(1, pictures))


def _embedded(pipeline: FacePipeline, file: Path) -> Vector | None:
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if bgr is None:
        return None
    rgb = np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)
    middle = np.array([rgb.shape[1], rgb.shape[0]]) / 2
    faces = pipeline.detect(rgb)
    if not faces:
        return None
    face = min(faces, key=lambda f: float(np.abs(np.array(f.box).reshape(2, 2).mean(0) - middle).sum()))
    return pipeline.embed(rgb, face)


def verification(people: dict[str, list[Vector]]) -> dict[str, object]:
    """1:1 figures: every genuine pair, impostor pairs of first pictures; at the card's threshold and at each FAR."""
    genuine = np.array([_far(a, b) for rows in people.values() for a, b in itertools.combinations(rows, 2)])
    firsts = [rows[0] for rows in people.values()]
    pairs = list(itertools.combinations(range(len(firsts)), 2))
    if len(pairs) > IMPOSTORS:
        pairs = random.Random(1).sample(pairs, IMPOSTORS)
    impostor = np.array([_far(firsts[a], firsts[b]) for a, b in pairs])
    if not len(genuine) or not len(impostor):
        raise DataError("at least two people, and one of them with two pictures, are needed")
    threshold = load_card("face_embedder").thresholds["distance"]
    figures: dict[str, object] = {
        "genuine_pairs": len(genuine),
        "impostor_pairs": len(impostor),
        "eer": round(_eer(genuine, impostor), 4),
        "at_card_threshold": {
            "distance": threshold,
            "tar": round(float((genuine <= threshold).mean()), 4),
            "far": float((impostor <= threshold).mean()),
        },
    }
    for rate in FALSE_ACCEPT:
        if len(impostor) * rate >= 5:
            at = float(np.quantile(impostor, rate))
            figures[f"far_{rate:g}"] = {"distance": round(at, 3), "tar": round(float((genuine < at).mean()), 4)}
    return figures


def _far(a: Vector, b: Vector) -> float:
    return float(np.linalg.norm(a - b))


def _eer(genuine: NDArray[np.float64], impostor: NDArray[np.float64]) -> float:
    places = np.linspace(0.1, 1.2, 1101)
    wrong = [(float((genuine > place).mean()), float((impostor <= place).mean())) for place in places]
    best = min(wrong, key=lambda pair: abs(pair[0] - pair[1]))
    return sum(best) / 2
