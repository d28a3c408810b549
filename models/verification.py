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

from models.face_decision import COHORT_WEIGHT, Rule
from models.face_search import OTHERS, Nearest

Vectors = NDArray[np.float32]
Persons = NDArray[np.int64]
Distances = NDArray[np.float64]
Scores = NDArray[np.floating[Any]]
PICTURES_A_PERSON = 10  # of one person in 1:1 pairs: a few people with hundreds must not be the whole figure
ROWS = 4000  # pictures, at most, whose pairs are the impostors
FOLDS = 10
PASSAGE = 3  # pictures, at most, that one passage of a door is decided by
BLOCK = 512  # probes that are compared with a whole gallery at once


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
    for rows in rows_by_person(persons).values():
        own = vectors[rows[:PICTURES_A_PERSON]]
        genuine.append(distances(own, own)[np.triu_indices(len(own), 1)])
    rows = np.unique(np.linspace(0, len(vectors) - 1, min(ROWS, len(vectors))).astype(int))
    rows = rows[~np.isnan(vectors[rows, 0])]
    upper = np.triu(persons[rows][:, None] != persons[rows][None], 1)
    return np.concatenate(genuine), distances(vectors[rows], vectors[rows])[upper]


def verification(genuine: Scores, impostor: Scores, threshold: float) -> dict[str, Any]:
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


def rows_by_person(persons: Persons) -> dict[int, NDArray[np.int64]]:
    """The rows of each person, in order."""
    names, starts = np.unique(np.sort(persons), return_index=True)
    rows = np.split(np.argsort(persons, kind="stable"), starts[1:])
    return dict(zip(names.tolist(), rows, strict=True))


def templates(vectors: Vectors, persons: Persons, enrol: int, least: int | None = None) -> tuple[Vectors, Persons]:
    """((people, dimensions), whose they are): the mean of each person's first `enrol` vectors, as long as those are.

    Who has fewer than `least` pictures (`enrol` unless said), or no face on them, has none.
    """
    means, owners = [], []
    for person, rows in rows_by_person(persons).items():
        own = rows[:enrol]
        kept = vectors[own][~np.isnan(vectors[own, 0])]
        if len(own) >= (enrol if least is None else least) and len(kept):
            mean = kept.mean(axis=0)
            means.append(mean * np.linalg.norm(kept, axis=1).mean() / np.linalg.norm(mean))
            owners.append(person)
    return np.array(means, np.float32).reshape(-1, vectors.shape[1]), np.array(owners, np.int64)


def normalised(apart: Distances) -> Distances:
    """(probes, people) distances less half the mean of the next OTHERS people's, as the door's decision has them.

    A gallery without so many others stays as it is.
    """
    if apart.shape[1] <= OTHERS:
        return apart
    nearest = np.partition(apart, OTHERS, axis=1)[:, : OTHERS + 1]
    total, last = nearest.sum(axis=1, keepdims=True), nearest.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # a probe without a face is infinitely far from everybody
        others = np.where(apart <= last, total - apart, total - last) / OTHERS
        scores: Distances = np.nan_to_num(apart - COHORT_WEIGHT * others, nan=np.inf, posinf=np.inf)
    return scores


@dataclass(frozen=True, slots=True)
class Answers:
    """What a gallery says to each of some probes: the distances of the nearest people, whose the nearest is, whether
    the door's rule names it."""

    nearest: Distances
    persons: Persons
    known: NDArray[np.bool_]

    @property
    def scores(self) -> Distances:
        """`normalised` of the nearest person, who has the least."""
        return normalised(self.nearest)[:, 0]


@dataclass(frozen=True, slots=True)
class OpenSet:
    """What a gallery of `people` says to other pictures of its people, and to one of each stranger.

    `enrolled` and `strangers`: `normalised` of the nearest person; `right`: it is the probe's own. The same as plain
    distances: `stranger_distances`. `known` and `stranger_known`: what the door's rule says.
    """

    people: int
    enrolled: Distances
    right: NDArray[np.bool_]
    known: NDArray[np.bool_]
    strangers: Distances
    stranger_distances: Distances
    stranger_known: NDArray[np.bool_]


def open_set(vectors: Vectors, persons: Persons, people: int, enrol: int, rule: Rule, seed: int = 1) -> OpenSet:
    """A gallery of `people` drawn at random, first of those who have pictures left to be probes with.

    Each is enrolled with `enrol` pictures, or with what there is.
    """
    rng = np.random.default_rng(seed)
    names, counts = np.unique(persons, return_counts=True)
    order = rng.permutation(len(names))
    chosen = names[order[np.argsort(counts[order] <= enrol, kind="stable")]][:people]
    inside = np.isin(persons, chosen)
    gallery, owners = templates(vectors[inside], persons[inside], enrol, least=1)
    rows = rows_by_person(persons)
    probes = [row for one in chosen.tolist() for row in rows[one][enrol : enrol + PICTURES_A_PERSON]]
    outside = np.flatnonzero(~inside)
    strangers = outside[np.unique(persons[outside], return_index=True)[1]]
    own, others = (_answers(vectors[these], gallery, owners, rule) for these in (probes, strangers))
    right = own.persons == persons[probes]
    return OpenSet(len(gallery), own.scores, right, own.known, others.scores, others.nearest[:, 0], others.known)


def _answers(probes: Vectors, gallery: Vectors, owners: Persons, rule: Rule) -> Answers:
    """In blocks: all distances at once of 10,000 probes to 5,000 people are 400 MB, and are sorted in as much again."""
    count = min(OTHERS + 1, len(gallery))
    nearest, rows = [np.zeros((0, count))], [np.zeros(0, np.int64)]
    for at in range(0, len(probes), BLOCK):
        apart = distances(probes[at : at + BLOCK], gallery)
        rows.append(apart.argmin(axis=1))
        nearest.append(np.sort(np.partition(apart, count - 1, axis=1)[:, :count], axis=1))
    ordered = np.concatenate(nearest)
    known = [
        bool(np.isfinite(row[0])) and rule.knows(Nearest(0, float(row[0]), row[1:].astype(np.float32)), len(gallery))
        for row in ordered
    ]
    return Answers(ordered, owners[np.concatenate(rows)], np.array(known, bool))


def fnir_at_fpir(enrolled: Distances, right: NDArray[np.bool_], strangers: Distances, rate: float) -> float | None:
    """FNIR at the threshold where `rate` of the strangers are named; None without a stranger or a probe."""
    if len(strangers) * rate < 1 or not len(enrolled):
        return None
    at = float(np.quantile(strangers, rate, method="lower"))
    return _share(1.0 - ((enrolled < at) & right).mean())


def enrolled_scores(
    vectors: Vectors, persons: Persons, enrol: int, passage: int = 1
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Genuine and impostor scores, `normalised`, of every further picture against the people's templates.

    `passage`: of the mean of so many further pictures, of the last ones rather fewer, but never of one alone. Who could
    not be enrolled for want of a face is infinitely far from himself.
    """
    gallery, owners = templates(vectors, persons, enrol)
    probes, whose = _passages(vectors, persons, enrol, passage)
    if not len(gallery) or not len(probes):
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    genuine, impostor = [], []
    for at in range(0, len(probes), BLOCK):
        scores = normalised(distances(probes[at : at + BLOCK], gallery)).astype(np.float32)
        same = whose[at : at + BLOCK, None] == owners[None]
        genuine += [scores[same], np.full(int((~same.any(axis=1)).sum()), np.inf, np.float32)]
        other = scores[~same]
        impostor.append(other[np.isfinite(other)])
    return np.concatenate(genuine), np.concatenate(impostor)


def _passages(vectors: Vectors, persons: Persons, enrol: int, size: int) -> tuple[Vectors, Persons]:
    """The further pictures, or the means of `size` of them, and whose they are; NaN where no face is on any."""
    found, whose = [], []
    for person, own in rows_by_person(persons).items():
        further = own[enrol : enrol + PICTURES_A_PERSON]
        for at in range(0, len(further), size):
            rows = further[at : at + size]
            if size > 1 and len(rows) < 2:
                continue
            seen = vectors[rows][~np.isnan(vectors[rows, 0])]
            mean = seen.mean(axis=0) if len(seen) else vectors[rows[0]]
            found.append(mean * (np.linalg.norm(seen, axis=1).mean() / np.linalg.norm(mean)) if len(seen) > 1 else mean)
            whose.append(person)
    return np.array(found, np.float32).reshape(-1, vectors.shape[1]), np.array(whose, np.int64)


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


def _eer(genuine: Scores, impostor: Scores) -> float:
    places = np.unique(np.concatenate([genuine, np.quantile(impostor, np.linspace(0, 1, 2001))]))
    rejected = 1.0 - np.searchsorted(np.sort(genuine), places, side="right") / len(genuine)
    accepted = np.searchsorted(np.sort(impostor), places, side="right") / len(impostor)
    best = int(np.argmin(np.abs(rejected - accepted)))
    return float(rejected[best] + accepted[best]) / 2


def _share(value: Any) -> float:
    return round(float(value), 5)
