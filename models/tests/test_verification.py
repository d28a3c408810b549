"""The figures themselves, on vectors whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from models import verification as v
from models.face_decision import Rule

RNG = np.random.default_rng(4)
RULE = Rule(0.9, 0.03, 0.1, 0.0, 20, 0.38)


def crowd(people: int, pictures: int, noise: float, dimensions: int = 128) -> tuple[v.Vectors, v.Persons]:
    """Unit vectors around one centre a person."""
    centres = RNG.normal(size=(people, 1, dimensions))
    rows = (centres + noise * RNG.normal(size=(people, pictures, dimensions))).reshape(-1, dimensions)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), np.repeat(np.arange(people), pictures)


def test_distances_are_euclidean_and_infinite_without_a_vector() -> None:
    rows = np.array([[3, 4], [0, 0], [np.nan, np.nan]], np.float32)
    apart = v.distances(rows[:2], rows)
    assert apart[0].tolist() == [pytest.approx(0, abs=1e-3), pytest.approx(5), np.inf]


def test_people_apart_are_told_apart_without_error() -> None:
    vectors, persons = crowd(40, 4, 0.1)
    genuine, impostor = v.genuine_and_impostor(vectors, persons)
    assert (len(genuine), len(impostor)) == (40 * 6, 160 * 159 // 2 - 40 * 6)
    figures = v.verification(genuine, impostor, 0.6)
    assert figures["eer"] == 0
    assert figures["tar_at_far_1e3"] == 1
    assert figures["tar_at_card"] == 1
    assert figures["far_at_card"] == 0
    assert figures["tar_at_far_1e4"] is None  # 12,480 pairs cannot say


def test_noise_has_equal_errors_of_a_half() -> None:
    vectors = RNG.normal(size=(300, 16)).astype(np.float32)
    genuine, impostor = v.genuine_and_impostor(vectors, np.repeat(np.arange(75), 4))
    assert v.verification(genuine, impostor, 1.0)["eer"] == pytest.approx(0.5, abs=0.06)


def test_known_rates_come_out() -> None:
    genuine, impostor = np.linspace(0.0, 1.0, 1000), np.linspace(0.5, 1.5, 10_000)
    figures = v.verification(genuine, impostor, 0.6)
    assert figures["eer"] == pytest.approx(0.25, abs=0.002)
    assert figures["distance_at_far_1e3"] == pytest.approx(0.501, abs=1e-3)
    assert figures["tar_at_far_1e3"] == pytest.approx(0.501, abs=2e-3)
    assert figures["far_at_card"] == pytest.approx(0.1, abs=1e-3)
    assert figures["tar_at_card"] == pytest.approx(0.6, abs=2e-3)


def test_missed_face_lowers_tar_and_never_counts_as_a_false_accept() -> None:
    vectors, persons = crowd(40, 2, 0.1)
    vectors[::8] = np.nan
    genuine, impostor = v.genuine_and_impostor(vectors, persons)
    assert np.isinf(genuine).sum() == 10
    assert np.isfinite(impostor).all()
    assert v.verification(genuine, impostor, 0.6)["tar_at_card"] == 0.75


def test_pairs_are_judged_at_a_threshold_of_the_other_folds() -> None:
    """One fold on another scale: its own best threshold would be right every time, the others' is not."""
    fold = np.repeat(np.arange(10), 20)
    same = np.tile(np.repeat([True, False], 10), 10)
    apart = np.where(same, 0.2, 0.8) + np.where(fold == 9, 0.7, 0.0)
    mean, spread = v.pairs_accuracy(apart, same, fold)
    assert mean == pytest.approx(0.95)
    assert spread == pytest.approx(0.15)


def test_missed_face_is_an_error_in_pairs_of_either_kind() -> None:
    fold, same = np.repeat(np.arange(10), 4), np.tile([True, True, False, False], 10)
    apart = np.where(same, 0.2, 0.8)
    assert v.pairs_accuracy(apart, same, fold)[0] == 1
    apart[[0, 2]] = np.inf
    assert v.pairs_accuracy(apart, same, fold)[0] == pytest.approx(1 - 2 / 40)


def test_sampled_pairs_are_the_same_every_time_and_balanced() -> None:
    persons = np.repeat(np.arange(50), 3)
    pairs = v.sampled_pairs(persons)
    assert pairs == v.sampled_pairs(persons)
    assert len({pair.fold for pair in pairs}) == 10
    for pair in pairs:
        assert pair.same == (persons[pair.first] == persons[pair.second])
        assert pair.first != pair.second
    homes: dict[int, set[int]] = {}
    for pair in pairs:
        for row in (pair.first, pair.second):
            homes.setdefault(int(persons[row]), set()).add(pair.fold)
    assert all(len(folds) == 1 for folds in homes.values())  # nobody is judged by a threshold that has seen him


def test_open_set_counts_strangers_and_wrong_names() -> None:
    vectors, persons = crowd(60, 3, 0.1)
    vectors[persons == 59] = vectors[0]  # a stranger who looks like everybody's first person
    seen = v.open_set(vectors, persons, 20, 1, RULE)
    assert (seen.people, len(seen.enrolled), len(seen.right), len(seen.strangers)) == (20, 40, 40, 40)
    assert seen.right.all() and seen.known.all() and seen.stranger_known.sum() <= 1
    assert v.fnir_at_fpir(seen.enrolled, seen.right, seen.strangers, 0.05) == 0
    assert v.fnir_at_fpir(seen.enrolled, np.zeros(40, bool), seen.strangers, 0.05) == 1
    assert v.fnir_at_fpir(seen.enrolled, seen.right, seen.strangers, 0.01) is None


def test_scores_are_distances_less_half_of_the_next_people_s() -> None:
    apart = np.random.default_rng(1).uniform(0.1, 1, (5, 30))
    scores = v.normalised(apart)
    for row, column in ((0, int(apart[0].argmin())), (1, int(apart[1].argmax())), (2, 7)):
        others = np.sort(np.delete(apart[row], column))[:10]
        assert scores[row, column] == pytest.approx(apart[row, column] - others.mean() / 2)
    assert (v.normalised(apart[:, :10]) == apart[:, :10]).all()
    assert np.isinf(v.normalised(np.full((1, 30), np.inf))).all()


def test_enrolling_three_pictures_beats_one() -> None:
    vectors, persons = crowd(60, 6, 2.5)
    eers = [v.verification(*v.enrolled_scores(vectors, persons, count), 1.0)["eer"] for count in (1, 3)]
    assert eers[1] < eers[0]


def test_people_without_any_face_cannot_be_enrolled_which_is_an_error() -> None:
    vectors, persons = crowd(5, 4, 0.1)
    vectors[:3] = np.nan
    genuine, impostor = v.enrolled_scores(vectors, persons, 3)
    assert (len(genuine), len(impostor)) == (5, 16) and np.isinf(genuine).sum() == 1
