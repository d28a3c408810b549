"""How good the face path is from picture files: our detectors, our alignment, our int8 net. Missed faces are errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models import verification as v
from models.cards import Card, embedder_card
from models.embedder import Embedder
from models.face_decision import Rule
from models.face_people import DataError, People, Pipeline, Tell, embed_files, find_pictures, groups_of, ours, pairs_of
from models.face_plots import det_plot, growth_plot

GALLERIES = (50, 100, 200, 500, 1000, 2000, 5000)
STRANGERS = 300  # at least, before a gallery: one in 300 named is FPIR 0.003
FPIR = {"0003": 0.003, "001": 0.01}


def evaluate_face(
    data: Path,
    groups: Sequence[Path] = (),
    enrol: int = 0,
    tell: Tell = lambda done, count: None,
    *,
    card: Card | None = None,
    floats: bytes | None = None,
    peers: Mapping[str, Pipeline | None] = MappingProxyType({}),
    plot: Path | None = None,
) -> dict[str, Any]:
    """Figures for a folder per identity, with LFW's `pairs.txt` in it or beside it where there is one.

    `groups`: files that name some of the people, one a line, for tables of their own; `<folder>_<group>.txt` beside the
    folder is found by itself. `enrol`: pictures a person that make the gallery's entry, for the enrolled figures.
    `card`: the embedder, by default the shipped one; `floats`: the same as .tflite with float weights, for what int8
    costs. `peers`: others, None for absent ones.
    """
    files, persons, names = find_pictures(data)
    card = card or embedder_card()
    pipelines = {"": ours(Embedder(card), card.file.stat().st_size / 1e6)}
    if floats:
        pipelines["float"] = ours(Embedder(card, content=floats), len(floats) / 1e6)
    pipelines |= {name: peer for name, peer in peers.items() if peer is not None}
    seen = embed_files(files, pipelines, tell)
    rule = Rule.of_card(card)

    def report(name: str) -> dict[str, Any]:
        people = People(names, files, persons, seen[name])
        return {
            "detect_failures": int(np.isnan(people.vectors[:, 0]).sum()),
            "ms_per_face": round(1000 * pipelines[name].spent_s / len(files), 2),
            "megabytes": round(pipelines[name].megabytes, 2),
            **_pairs_figures(data, people),
            **_one_to_one(people.vectors, persons, rule.distance, enrol),
            **_open_set(people.vectors, persons, max(1, enrol), rule),
            "groups": _groups(people, groups_of(data, groups, names), rule, enrol),
        }

    figures = {"people": len(names), "pictures": len(files), "embedder": card.name, **report("")}
    figures["int8_minus_float_pp"] = None
    if floats:
        figures["float"] = report("float")
        figures["int8_minus_float_pp"] = round(100 * (figures["accuracy"] - figures["float"]["accuracy"]), 3)
    if plot:
        pairs = {name or "menshen": v.genuine_and_impostor(seen[name], persons) for name in seen}
        panels = [det_plot(pairs), growth_plot(figures["galleries"], FPIR["0003"])]
        cv2.imwrite(str(plot), np.hstack(panels))
    others = {name: None if peer is None else _without_card(report(name)) for name, peer in peers.items()}
    return {"name": "evaluate-face", "figures": figures, "peers": others}


def _without_card(report: dict[str, Any]) -> dict[str, Any]:
    """Figures of a peer: what our card's limits make of its distances says nothing."""
    return {
        name: _without_card(value) if isinstance(value, dict) else value
        for name, value in report.items()
        if "at_card" not in name
    }


def _groups(people: People, groups: Mapping[str, set[str]], rule: Rule, enrol: int) -> dict[str, Any]:
    """1:1 figures of each group, and what the door's rule makes of its strangers before a gallery of its people."""
    found = {}
    for title, names in groups.items():
        rows = people.rows_of(names)
        vectors, persons = people.vectors[rows], people.persons[rows]
        found[title] = _one_to_one(vectors, persons, rule.distance, enrol)
        found[title]["fpir_at_card"] = _half_open(vectors, persons, max(1, enrol), rule)
    return found


def _half_open(vectors: NDArray[np.float32], persons: NDArray[np.int64], enrol: int, rule: Rule) -> float | None:
    """FPIR with half of who can be enrolled enrolled, over some draws; None with nobody."""
    known = int((np.unique(persons, return_counts=True)[1] >= enrol).sum()) // 2
    if not known:
        return None
    draws = [v.open_set(vectors, persons, known, enrol, rule, seed).stranger_known for seed in range(20)]
    return round(float(np.concatenate(draws).mean()), 5)


def _pairs_figures(data: Path, people: People) -> dict[str, Any]:
    """Accuracy over ten folds."""
    found = pairs_of(data, people)
    pairs = found or v.sampled_pairs(people.persons)
    both = people.vectors[[p.first for p in pairs]] - people.vectors[[p.second for p in pairs]]
    apart = np.nan_to_num(np.linalg.norm(both, axis=1), nan=np.inf).astype(np.float64)
    same, fold = np.array([p.same for p in pairs]), np.array([p.fold for p in pairs])
    mean, spread = v.pairs_accuracy(apart, same, fold)
    return {
        "protocol": "pairs.txt" if found else "sampled pairs",
        "pairs": len(pairs),
        "accuracy": round(mean, 5),
        "accuracy_std": round(spread, 5),
    }


def _one_to_one(
    vectors: NDArray[np.float32], persons: NDArray[np.int64], threshold: float, enrol: int
) -> dict[str, Any]:
    if len(np.unique(persons)) in (0, 1, len(persons)):
        raise DataError("a group needs two people, and one of them with two pictures")
    figures = v.verification(*v.genuine_and_impostor(vectors, persons), threshold)
    for name, passage in (("enrolled", 1), ("passage", v.PASSAGE)) if enrol else ():
        genuine, impostor = v.enrolled_scores(vectors, persons, enrol, passage)
        if len(genuine) and len(impostor):
            seen = v.verification(genuine, impostor, threshold)
            named = {key.replace("distance", "score"): n for key, n in seen.items() if "card" not in key}
            figures |= {f"{key}_{name}": value for key, value in named.items()}
    return figures


def _open_set(vectors: NDArray[np.float32], persons: NDArray[np.int64], enrol: int, rule: Rule) -> dict[str, Any]:
    """FNIR at each FPIR for growing galleries, and both by the door's own rule; plainly named, the largest gallery's.

    `fpir_fixed_distance`: what becomes, in larger galleries, of the distance at which the smallest one had FPIR 0.003.
    """
    counts = np.bincount(persons)
    known, everybody = int((counts >= enrol).sum()), int((counts > 0).sum())
    galleries: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    fixed = float("nan")
    for people in [size for size in GALLERIES if size <= everybody - STRANGERS] or [known // 2]:
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
