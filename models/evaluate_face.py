"""How good the face path is from picture files: our detectors, our alignment, our int8 net. Missed faces are errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models import verification as v
from models.cards import load_card
from models.face import FacePipeline, Vector
from models.face_decision import Rule
from models.face_geometry import Picture
from models.face_plots import det_plot, growth_plot
from models.runtime import Network

PICTURES = {".jpg", ".jpeg", ".png", ".pgm", ".bmp"}
DIMENSIONS = 128
GALLERIES = (50, 100, 200, 500, 1000, 2000, 5000)
FPIR = {"0003": 0.003, "001": 0.01}
Tell = Callable[[int, int], None]  # pictures done, pictures in all


class DataError(Exception):
    """The folder is no folder of people, or the pairs are not of its pictures; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class People:
    """A folder of people as vectors (N, 128), NaN where no face was found; `persons` (N,) index `names`."""

    names: tuple[str, ...]
    files: tuple[Path, ...]
    persons: NDArray[np.int64]
    vectors: NDArray[np.float32]


@dataclass(slots=True)
class Pipeline:
    """From a picture to the vector of its most central face, None without a face; who makes it and how large it is."""

    embed: Callable[[Picture], Vector | None]
    megabytes: float
    spent_s: float = 0.0

    def timed(self, rgb: Picture) -> Vector | None:
        """`embed`, its time noted."""
        began = time.perf_counter()
        vector = self.embed(rgb)
        self.spent_s += time.perf_counter() - began
        return vector


def ours(embedder: bytes | None = None) -> Pipeline:
    """The door's own; `embedder`: another .tflite in the place of the card's."""
    pipeline = FacePipeline(embedder=Network(embedder) if embedder else None)
    pipeline.warm()
    sizes = {card.name: card.file.stat().st_size for card in pipeline.cards}
    if embedder:
        sizes["face_embedder"] = len(embedder)
    return Pipeline(lambda rgb: embed_picture(pipeline, rgb), sum(sizes.values()) / 1e6)


def evaluate_face(
    data: Path,
    groups: Sequence[Path] = (),
    enrol: int = 0,
    tell: Tell = lambda done, count: None,
    *,
    floats: bytes | None = None,
    peers: Mapping[str, Pipeline | None] = MappingProxyType({}),
    plot: Path | None = None,
) -> dict[str, Any]:
    """Figures for a folder per identity, with LFW's `pairs.txt` in it or beside it where there is one.

    `groups`: files that name some of the people, one a line, for tables of their own; `<folder>_<group>.txt` beside the
    folder is found by itself. `enrol`: pictures a person that make the gallery's entry, for the enrolled figures.
    `floats`: the embedder as .tflite with float weights, for what int8 costs. `peers`: others, None for absent ones.
    """
    files, persons, names = _pictures(data)
    pipelines = {"": ours()} | ({"float": ours(floats)} if floats else {})
    pipelines |= {name: peer for name, peer in peers.items() if peer is not None}
    seen = embed_files(files, pipelines, tell)
    threshold = load_card("face_embedder").thresholds["distance"]

    def report(name: str) -> dict[str, Any]:
        people = People(names, files, persons, seen[name])
        return {
            "detect_failures": int(np.isnan(people.vectors[:, 0]).sum()),
            "ms_per_face": round(1000 * pipelines[name].spent_s / len(files), 2),
            "megabytes": round(pipelines[name].megabytes, 2),
            **_pairs_figures(data, people),
            **_one_to_one(people.vectors, people.persons, threshold, enrol),
            **_open_set(people.vectors, people.persons, max(1, enrol)),
            "groups": _groups(data, people, groups, threshold, enrol),
        }

    figures = {"people": len(names), "pictures": len(files), "distance_on_card": threshold, **report("")}
    figures["int8_minus_float_pp"] = None
    if floats:
        figures["float"] = report("float")
        figures["int8_minus_float_pp"] = round(100 * (figures["accuracy"] - figures["float"]["accuracy"]), 3)
    if plot:
        pairs = {name or "menshen": v.genuine_and_impostor(seen[name], persons) for name in seen}
        panels = [det_plot(pairs), growth_plot(figures["galleries"], FPIR["0003"])]
        cv2.imwrite(str(plot), np.hstack(panels))
    others = {name: None if peer is None else report(name) for name, peer in peers.items()}
    return {"name": "evaluate-face", "figures": figures, "peers": others}


def _groups(data: Path, people: People, groups: Sequence[Path], threshold: float, enrol: int) -> dict[str, Any]:
    """1:1 figures of each group that the data or the caller names."""
    found = {}
    for file in [*sorted(data.parent.glob(f"{data.name}_*.txt")), *groups]:
        wanted = set(file.read_text(encoding="utf-8").split("\n"))
        rows = np.isin(people.persons, [n for n, name in enumerate(people.names) if name in wanted])
        title = file.stem.removeprefix(f"{data.name}_")
        found[title] = _one_to_one(people.vectors[rows], people.persons[rows], threshold, enrol)
    return found


def _pictures(data: Path) -> tuple[tuple[Path, ...], NDArray[np.int64], tuple[str, ...]]:
    """(picture files, the person of each, the persons' names) of a folder with a folder for each person."""
    folders = sorted(folder for folder in data.iterdir() if folder.is_dir()) if data.is_dir() else []
    files = [(n, file) for n, folder in enumerate(folders) for file in sorted(folder.iterdir())]
    files = [(n, file) for n, file in files if file.suffix.lower() in PICTURES]
    persons = np.array([n for n, _ in files], np.int64)
    if len(folders) < 2 or len(set(persons.tolist())) in (0, 1, len(files)):
        raise DataError(f"{data}: expected a folder for each person, and at least one person with two pictures")
    return tuple(file for _, file in files), persons, tuple(folder.name for folder in folders)


def embed_files(
    files: Sequence[Path], pipelines: Mapping[str, Pipeline], tell: Tell = lambda done, count: None
) -> dict[str, NDArray[np.float32]]:
    """(files, 128) vectors of each pipeline, NaN where there is no face, or no picture."""
    seen = {name: np.full((len(files), DIMENSIONS), np.nan, np.float32) for name in pipelines}
    for row, file in enumerate(files):
        bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
        rgb = None if bgr is None else np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)
        for name, pipeline in pipelines.items():
            vector = None if rgb is None else pipeline.timed(rgb)
            if vector is not None:
                seen[name][row] = vector
        tell(row + 1, len(files))
    return seen


def embed_picture(pipeline: FacePipeline, rgb: Picture) -> Vector | None:
    """The most central face of a picture; None when there is no face."""
    middle = np.array([rgb.shape[1], rgb.shape[0]]) / 2
    faces = pipeline.detect(rgb)
    if not faces:
        return None
    face = min(faces, key=lambda f: float(np.abs(np.array(f.box).reshape(2, 2).mean(0) - middle).sum()))
    return pipeline.embed(rgb, face)


def read_pairs(file: Path, rows: Mapping[tuple[str, int], int]) -> list[v.Pair]:
    """LFW's pairs.txt: `10 300`, then each fold's genuine and impostor lines. `rows` by (name, picture number)."""
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        (folds, each), lines = (int(n) for n in lines[0]), lines[1:]
        if len(lines) != 2 * folds * each:
            raise DataError(f"{file}: {len(lines)} pairs, its first line says {2 * folds * each}")
        pairs = []
        for number, words in enumerate(lines):
            same = len(words) == 3
            first, second = (words[0], int(words[1])), (words[0] if same else words[2], int(words[-1]))
            pairs.append(v.Pair(rows[first], rows[second], same, number // (2 * each)))
    except (KeyError, ValueError, IndexError) as error:
        raise DataError(f"{file}: not LFW's pairs of these pictures ({error!r})") from error
    return pairs


def _pairs_figures(data: Path, people: People) -> dict[str, Any]:
    """Accuracy over ten folds."""
    found = [file for file in (data / "pairs.txt", data.parent / "pairs.txt") if file.exists()]
    pairs = read_pairs(found[0], _numbered(people)) if found else v.sampled_pairs(people.persons)
    both = people.vectors[[p.first for p in pairs]] - people.vectors[[p.second for p in pairs]]
    apart = np.nan_to_num(np.linalg.norm(both, axis=1), nan=np.inf).astype(np.float64)
    same, fold = np.array([p.same for p in pairs]), np.array([p.fold for p in pairs])
    mean, spread = v.pairs_accuracy(apart, same, fold)
    return {
        "protocol": found[0].name if found else "sampled pairs",
        "pairs": len(pairs),
        "accuracy": round(mean, 5),
        "accuracy_std": round(spread, 5),
    }


def _numbered(people: People) -> dict[tuple[str, int], int]:
    """Rows by person and the number at the end of the file's name (`…_0001.jpg`)."""
    numbers = {}
    for row, file in enumerate(people.files):
        number = file.stem.rpartition("_")[2]
        if number.isdigit():
            numbers[people.names[people.persons[row]], int(number)] = row
    return numbers


def _one_to_one(
    vectors: NDArray[np.float32], persons: NDArray[np.int64], threshold: float, enrol: int
) -> dict[str, Any]:
    if len(np.unique(persons)) in (0, 1, len(persons)):
        raise DataError("a group needs two people, and one of them with two pictures")
    figures = v.verification(*v.genuine_and_impostor(vectors, persons), threshold)
    if enrol:
        genuine, impostor = v.enrolled_scores(vectors, persons, enrol)
        if len(genuine) and len(impostor):
            enrolled = v.verification(genuine, impostor, threshold)
            named = {name.replace("distance", "score"): n for name, n in enrolled.items() if "card" not in name}
            figures |= {f"{name}_enrolled": value for name, value in named.items()}
    return figures


def _open_set(vectors: NDArray[np.float32], persons: NDArray[np.int64], enrol: int) -> dict[str, Any]:
    """FNIR at each FPIR for growing galleries, and both by the door's own rule; plainly named, the largest gallery's.

    `fpir_fixed_distance`: what becomes, in larger galleries, of the distance at which the smallest one had FPIR 0.003.
    """
    rule = Rule.of_card()
    counts = np.bincount(persons)
    known, everybody = int((counts >= enrol).sum()), int((counts > 0).sum())
    galleries: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    fixed = float("nan")
    for people in [size for size in GALLERIES if size <= min(known, everybody - 1)] or [known // 2]:
        if not people:
            break
        seen = v.open_set(vectors, persons, people, enrol, rule)
        rates = {
            f"fnir_at_fpir_{name}": v.fnir_at_fpir(seen.enrolled, seen.right, seen.strangers, rate)
            for name, rate in FPIR.items()
        }
        fixed = fixed if galleries else float(np.quantile(seen.stranger_distances, FPIR["0003"]))
        figures = {
            **rates,
            "fpir_at_card": round(float(seen.stranger_known.mean()), 5),
            "fnir_at_card": round(1 - float((seen.known & seen.right).mean()), 5) if len(seen.known) else None,
            "fpir_fixed_distance": round(float((seen.stranger_distances < fixed).mean()), 5),
        }
        galleries[str(people)] = {**figures, "strangers": len(seen.strangers)}
    return {**figures, "galleries": galleries}
