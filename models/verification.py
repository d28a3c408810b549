"""Figures of a biometric from vectors and whose they are: 1:1, LFW's pairs, open set. A missing vector is a row of NaN.

Terms after ISO/IEC 19795: FAR (false accept), TAR (true accept), EER; for the open set FPIR (strangers named) and
FNIR (enrolled people not named, or named as another).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Persons = NDArray[np.int64]
Distances = NDArray[np.float64]
PICTURES_A_PERSON = 10  # of one person in 1:1 pairs: a few people with hundreds must not be the whole figure
ROWS = 4000  # pictures, at most, whose pairs are the impostors
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that are, or are not, of one person; `fold` as in LFW's View 2."""

    first: int
    second: int
    same: bool
    fold: int


def distances(a: Vectors, b: Vectors) -> Distances:
    """(len(a), len(b)) Euclidean distances; infinite where one is missing."""
    squares = (a.astype(np.float64) ** 2).sum(1)[:, None] + (b.astype(np.float64) ** 2).sum(1) - 2.0 * (a @ b.T)
    apart: Distances = np.nan_to_num(np.sqrt(np.maximum(squares, 0.0)), nan=np.inf)
    return apart


def genuine_and_impostor(vectors: Vectors, persons: Persons) -> tuple[Distances, Distances]:
    """Distances of all pairs of one person, and of pairs of different people (evenly thinned out to ROWS pictures)."""
    genuine = [np.zeros(0)]
    for person in np.unique(persons):
        own = vectors[persons == person][:PICTURES_A_PERSON]
        genuine.append(distances(own, own)[np.triu_indices(len(own), 1)])
    rows = np.unique(np.linspace(0, len(vectors) - 1, min(ROWS, len(vectors))).astype(int))
    rows = rows[~np.isnan(vectors[rows, 0])]
    upper = np.triu(persons[rows][:, None] != persons[rows][None], 1)
    return np.concatenate(genuine), distances(vectors[rows], vectors[rows])[upper]


def verification(genuine: Distances, impostor: Distances, threshold: float) -> dict[str, Any]:
    """EER, TAR at FAR 1e-3 and 1e-4 (None with fewer than five false accepts to stand on), and both at `threshold`."""
    figures: dict[str, Any] = {"genuine_pairs": len(genuine), "impostor_pairs": len(impostor)}
    figures["eer"] = _share(_eer(genuine, impostor))
    for name, rate in (("1e3", 1e-3), ("1e4", 1e-4)):
        enough = len(impostor) * rate >= 5
        at = float(np.quantile(impostor, rate)) if enough else float("nan")
        figures[f"tar_at_far_{name}"] = _share((genuine < at).mean()) if enough and len(genuine) else None
        figures[f"distance_at_far_{name}"] = round(at, 4) if enough else None
    figures["tar_at_card"] = _share((genuine <= threshold).mean()) if len(genuine) else None
    figures["far_at_card"] = float(f"{(impostor <= threshold).mean():.3g}") if len(impostor) else None
    return figures


def pairs_accuracy(apart: Distances, same: NDArray[np.bool_], fold: Persons) -> tuple[float, float]:
    """Mean and standard deviation over the folds, each judged at the threshold that is best on the others (View 2).

    A pair with a missing picture counts as wrong.
    """
    shares = []
    for one in np.unique(fold):
        learn, judge = fold != one, fold == one
        at = _best_threshold(apart[learn], same[learn])
        right = ((apart[judge] < at) == same[judge]) & np.isfinite(apart[judge])
        shares.append(right.mean())
    return float(np.mean(shares)), float(np.std(shares))


def sampled_pairs(persons: Persons, seed: int = 1, most: int = 300) -> list[Pair]:
    """Pairs like LFW's for a folder that has none: ten folds, people in one fold only, as many genuine as impostor."""
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.unique(persons))
    pairs: list[Pair] = []
    for fold, group in enumerate(np.array_split(people, FOLDS)):
        rows = {int(person): np.flatnonzero(persons == person) for person in group}
        genuine = [(int(a), int(b)) for own in rows.values() for a, b in _all_pairs(own[:PICTURES_A_PERSON])]
        genuine = [genuine[n] for n in rng.permutation(len(genuine))[:most]]
        others = _all_pairs(group)
        chosen = [others[n] for n in rng.permutation(len(others))[: len(genuine)]]
        pairs += [Pair(a, b, True, fold) for a, b in genuine]
        pairs += [Pair(int(rng.choice(rows[a])), int(rng.choice(rows[b])), False, fold) for a, b in chosen]
    return pairs


def open_set(
    vectors: Vectors, persons: Persons, people: int, enrol: int = 1, seed: int = 1
) -> tuple[Distances, NDArray[np.bool_], Distances]:
    """A gallery of `people` with `enrol` pictures each: nearest distance of the enrolled's other pictures, whether that
    one is their own, and the nearest distance of strangers (one picture of each person outside)."""
    rng = np.random.default_rng(seed)
    known, counts = np.unique(persons, return_counts=True)
    gallery = rng.permutation(known[counts > enrol])[:people]
    rows, probes = [], []
    for person in gallery:
        own = np.flatnonzero(persons == person)
        rows += list(own[:enrol])
        probes += list(own[enrol : enrol + PICTURES_A_PERSON])
    outside = np.flatnonzero(~np.isin(persons, gallery))
    strangers = outside[np.unique(persons[outside], return_index=True)[1]]
    apart = distances(vectors[probes], vectors[rows])
    nearest = apart.argmin(axis=1)
    right = persons[rows][nearest] == persons[probes]
    return apart[np.arange(len(probes)), nearest], right, distances(vectors[strangers], vectors[rows]).min(axis=1)


def fnir_at_fpir(enrolled: Distances, right: NDArray[np.bool_], strangers: Distances, rate: float) -> float | None:
    """FNIR at the threshold where `rate` of the strangers are named; None with fewer than one stranger to name."""
    if len(strangers) * rate < 1:
        return None
    at = float(np.quantile(strangers, rate, method="lower"))
    return _share(1.0 - ((enrolled < at) & right).mean())


def enrolled_distances(vectors: Vectors, persons: Persons, enrol: int) -> tuple[Distances, Distances]:
    """Genuine and impostor distances of every further picture to the mean of each person's first `enrol` vectors."""
    templates, owners, probes = [], [], []
    for person in np.unique(persons):
        own = np.flatnonzero(persons == person)
        kept = vectors[own[:enrol]]
        kept = kept[~np.isnan(kept[:, 0])]
        if len(own) > enrol and len(kept):
            mean = kept.mean(axis=0)
            templates.append(mean / np.linalg.norm(mean))
            owners.append(person)
            probes += list(own[enrol : enrol + PICTURES_A_PERSON])
    if not templates:
        return np.zeros(0), np.zeros(0)
    apart = distances(vectors[probes], np.array(templates, np.float32))
    same = persons[probes][:, None] == np.array(owners)[None]
    impostor = apart[~same]
    return apart[same], impostor[np.isfinite(impostor)]


def _all_pairs(items: Sequence[int] | NDArray[Any]) -> list[tuple[int, int]]:
    first, second = np.triu_indices(len(items), 1)
    values = np.asarray(items)
    return list(zip(values[first].tolist(), values[second].tolist(), strict=True))


def _best_threshold(apart: Distances, same: NDArray[np.bool_]) -> float:
    order = np.argsort(apart)
    ordered = same[order]
    right = np.concatenate([[0], np.cumsum(ordered)]) + (~ordered).sum() - np.concatenate([[0], np.cumsum(~ordered)])
    best = int(np.argmax(right))
    edges = np.concatenate([[0.0], apart[order], [4.0]])
    low, high = edges[best], edges[best + 1]
    return float((low + high) / 2) if np.isfinite(high) else float(low + 1e-6)


def _eer(genuine: Distances, impostor: Distances) -> float:
    places = np.unique(np.concatenate([genuine, np.quantile(impostor, np.linspace(0, 1, 2001))]))
    rejected = 1.0 - np.searchsorted(np.sort(genuine), places, side="right") / len(genuine)
    accepted = np.searchsorted(np.sort(impostor), places, side="right") / len(impostor)
    best = int(np.argmin(np.abs(rejected - accepted)))
    return float(rejected[best] + accepted[best]) / 2


def _share(value: Any) -> float:
    return round(float(value), 5)
