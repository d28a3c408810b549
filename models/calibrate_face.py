"""What a face embedder's card says is near enough, measured on a folder of people. The same for every embedder.

A site with people of its own to measure on, and who agreed, calibrates on them: limits of other people will differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models import verification as v
from models.cards import Card
from models.embedder import Embedder
from models.face_decision import FEW, Rule
from models.face_people import DataError, People, Tell, embed_files, find_pictures, groups_of, ours
from models.face_search import OTHERS

BUDGET = 0.003  # of strangers, who are named (FPIR)
ENROL = 3  # pictures a person
SIZES = (FEW, 50, 100, 200, 500, 1000, 2000, 5000)
_DRAWS = 20
STRANGERS = 334  # of whom BUDGET is one
_LEAST = 5  # false accepts that a limit stands on
_TAIL = 0.05
_DECIMALS = 3


def calibrate_face(
    data: Path, card: Card, groups: Sequence[Path] = (), tell: Tell = lambda done, count: None
) -> dict[str, Any]:
    """`thresholds` for the card, and what they stand on. Groups as in `evaluate_face`; DataError: too few people."""
    files, persons, names = find_pictures(data)
    pipeline = ours(Embedder(card), card.file.stat().st_size / 1e6)
    vectors = embed_files(files, {"": pipeline}, tell)[""]
    return limits(People(names, files, persons, vectors), groups_of(data, groups, names))


def limits(people: People, groups: Mapping[str, set[str]]) -> dict[str, Any]:
    """`calibrate_face` from vectors.

    `distance`: as small as it must be in each group for one stranger in 300 before OTHERS people. `margin`: a tenth of
    it. `score`: a line through the limits that name one stranger in 300 before galleries of SIZES, lowered by how much
    nearer the strangers of the worst group are. `turned`: FAR 1e-3.
    """
    parts = {title: _part(people, names) for title, names in groups.items()}
    impostors = [v.genuine_and_impostor(part.vectors, part.persons)[1] for part in (people, *parts.values())]
    everybody = len(np.unique(people.persons))
    scores = {size: _quantile(people, size, BUDGET) for size in SIZES if everybody - size >= STRANGERS}
    if not scores or min(map(len, impostors)) < _LEAST / BUDGET:
        raise DataError(f"too few people: {FEW} and {STRANGERS} strangers before them, and {_LEAST / BUDGET:.0f} pairs")
    distance = min(float(np.quantile(found, max(BUDGET / OTHERS, _LEAST / len(found)))) for found in impostors)
    steps = np.log2(np.array(list(scores)) / FEW)
    score, slope = (*np.polyfit(steps, list(scores.values()), min(1, len(scores) - 1))[::-1], 0.0)[:2]
    nearer = {title: _nearer(people, part) for title, part in parts.items()}
    score += min(0.0, *nearer.values()) if nearer else 0.0
    turned = float(np.quantile(impostors[0], 1e-3))
    rule = Rule(distance, distance / 10, float(score), float(slope), max(scores), turned)
    return {
        "thresholds": {name: round(getattr(rule, name), _DECIMALS) + 0.0 for name in Rule.__slots__},
        "score_by_people": {str(size): round(value, _DECIMALS) for size, value in scores.items()},
        "groups_nearer_by": {title: round(-value, _DECIMALS) for title, value in nearer.items()},
        "people": everybody,
    }


def _part(people: People, names: set[str]) -> People:
    rows = people.rows_of(names)
    return People(people.names, (), people.persons[rows], people.vectors[rows])


def _nearer(people: People, part: People) -> float:
    """How much lower the group's strangers score before its own people than anybody's before as many of all.

    By the 5 % who score lowest: a small group has too few for one in 300.
    """
    size = len(np.unique(part.persons)) // 2
    return _quantile(part, size, _TAIL) - _quantile(people, size, _TAIL) if size > OTHERS else 0.0


def _quantile(people: People, size: int, share: float) -> float:
    """Of what `normalised` says of strangers before galleries of `size`."""
    anything = Rule(0.0, 0.0, 0.0, 0.0, FEW, 0.0)
    draws = [v.open_set(people.vectors, people.persons, size, ENROL, anything, seed) for seed in range(_DRAWS)]
    return float(np.quantile(np.concatenate([drawn.strangers for drawn in draws]), share))
