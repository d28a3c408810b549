"""The open-set decision: by the distance alone in small galleries, by the gallery as cohort in large ones."""

from __future__ import annotations

import numpy as np
import pytest

from models.face_decision import Rule, lead, normalised
from models.face_search import OTHERS, Nearest

RULE = Rule(distance=0.28, margin=0.03, score=0.06, score_a_doubling=0.01, score_most=0.09)


def found(distance: float, *others: float) -> Nearest:
    return Nearest(0, distance, np.array(others, np.float32))


def test_a_small_gallery_goes_by_the_distance() -> None:
    assert RULE.knows(found(0.27, 0.4), 2) and not RULE.knows(found(0.29, 0.6), 2)
    assert RULE.knows(found(0.27), 1) and lead(found(0.27)) == np.inf


def test_nobody_is_known_who_is_as_near_to_another() -> None:
    assert not RULE.knows(found(0.2, 0.22), 2)
    assert not RULE.knows(found(0.2, 0.22, *[0.9] * 9), 100)


@pytest.mark.parametrize(("distance", "others", "known"), [(0.30, 0.5, True), (0.33, 0.5, False), (0.30, 0.4, False)])
def test_a_large_gallery_goes_by_how_far_the_others_are(distance: float, others: float, known: bool) -> None:
    assert RULE.knows(found(distance, *[others] * OTHERS), 20) is known
    assert normalised(found(distance, *[others] * OTHERS)) == pytest.approx(distance - others / 2)


def test_the_limit_rises_with_the_gallery_up_to_its_most() -> None:
    assert [round(RULE.limit(people), 6) for people in (20, 40, 80, 160, 100_000)] == [0.06, 0.07, 0.08, 0.09, 0.09]


def test_the_card_has_a_rule() -> None:
    assert Rule.of_card().knows(found(0.1, *[0.5] * OTHERS), 1_000)
