"""The compact search gives the answer of the exhaustive one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.face_search import COMPACT_FROM, FaceIndex


def faces(count: int, seed: int, spread: float = 0.35) -> NDArray[np.float32]:
    """Vectors of length 1 around a common mean, as embedders give them."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, 128)) * spread / np.sqrt(128) + np.eye(128)[0]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def exhaustive(
    vectors: NDArray[np.float32], persons: NDArray[np.int64], probe: NDArray[np.float32]
) -> tuple[int, float, float]:
    """(person, distance, distance of the nearest other) in float64."""
    distances = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
    best = int(np.argmin(distances))
    others = distances[persons != persons[best]]
    return int(persons[best]), float(distances[best]), float(others.min()) if len(others) else np.inf


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), people=st.integers(1, 900), spread=st.sampled_from((0.05, 0.35, 3.0)))
def test_face_search_is_exact(seed: int, people: int, spread: float) -> None:
    count = COMPACT_FROM + 500
    random = np.random.default_rng(seed)
    vectors, persons = faces(count, seed, spread), random.integers(1, people + 1, count)
    index = FaceIndex(vectors, persons)
    strangers = faces(10, seed + 1, spread)
    residents = vectors[:10] + random.normal(0, 0.01, (10, 128)).astype(np.float32)
    for probe in np.concatenate([strangers, residents]):
        person, distance, other = exhaustive(vectors, persons, probe)
        found = index.nearest(probe)
        assert (found.distance, found.other_distance) == pytest.approx((distance, other), abs=1e-4)
        assert found.person == person or found.other_distance - found.distance < 1e-5


def test_face_search_small_galleries_need_no_first_pass() -> None:
    vectors, persons = faces(50, 1), np.arange(50)
    found = FaceIndex(vectors, persons).nearest(vectors[17])
    assert (found.person, found.row) == (17, 17) and found.distance < 1e-3 < found.other_distance


def test_face_search_ones_own_templates_are_no_others() -> None:
    vectors = faces(COMPACT_FROM, 2)
    found = FaceIndex(vectors, np.full(COMPACT_FROM, 7)).nearest(vectors[3])
    assert found.person == 7 and found.other_distance == np.inf


def test_face_search_refuses_what_does_not_belong_together() -> None:
    with pytest.raises(ValueError, match="persons"):
        FaceIndex(faces(3, 1), np.arange(2))
