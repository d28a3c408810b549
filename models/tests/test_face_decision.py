"""The open-set decision: by the distance alone in small galleries, by the gallery as cohort in large ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.cards import Card, cards, embedder_card
from models.errors import ModelCardError
from models.face_decision import Rule, lead, normalised
from models.face_search import OTHERS, Nearest

RULE = Rule(distance=0.28, margin=0.03, score=0.06, score_a_doubling=0.01, score_people=160, turned=0.38)


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


def test_the_limit_changes_with_the_gallery_up_to_what_was_measured() -> None:
    assert [round(RULE.limit(people), 6) for people in (20, 40, 80, 160, 100_000)] == [0.06, 0.07, 0.08, 0.09, 0.09]


@pytest.mark.parametrize("card", [card for card in cards() if card.alignment], ids=lambda card: card.name)
def test_each_embedders_card_has_a_rule(card: Card) -> None:
    rule = Rule.of_card(card)
    assert rule.knows(found(rule.distance / 2, *[2 * rule.distance] * OTHERS), 1_000)


def test_a_card_without_a_rule_says_how_to_get_one() -> None:
    with pytest.raises(ModelCardError, match=r"score_people.*menshen models calibrate face"):
        Rule.of_card(replace(embedder_card(), thresholds={"distance": 0.3}))
