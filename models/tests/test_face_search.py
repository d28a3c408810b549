"""The compact search gives the answer of the exhaustive one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import face_search
from models.face_search import OTHERS, FaceIndex

COMPACT_FROM = 1_500  # in these tests


def faces(count: int, seed: int, spread: float = 0.35) -> NDArray[np.float32]:
    """Vectors of length 1 around a common mean, as embedders give them."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, 128)) * spread / np.sqrt(128) + np.eye(128)[0]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(autouse=True, scope="module")
def compact_from() -> Iterator[None]:
    """A first pass in small galleries too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face_search, "COMPACT_FROM", COMPACT_FROM)
        yield


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 3_000), spread=st.sampled_from((0.05, 0.35, 3.0)))
def test_face_search_is_exact(seed: int, count: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    vectors = faces(count, seed, spread)
    index = FaceIndex(vectors)
    strangers = faces(10, seed + 1, spread)
    residents = vectors[:10] + random.normal(0, 0.01, (min(count, 10), 128)).astype(np.float32)
    for probe in np.concatenate([strangers, residents]):
        apart = np.linalg.norm(vectors.astype(np.float64) - probe.astype(np.float64), axis=1)
        found = index.nearest(probe)
        assert [found.distance, *found.others] == pytest.approx(np.sort(apart)[: OTHERS + 1], abs=2e-4)
        assert apart[found.row] == pytest.approx(apart.min(), abs=2e-4)


def test_face_search_finds_the_template_itself_with_and_without_a_first_pass() -> None:
    for count in (50, COMPACT_FROM + 77):
        vectors = faces(count, 1)
        for row in (17, count - 1):
            found = FaceIndex(vectors).nearest(vectors[row])
            assert found.row == row and found.distance < 1e-3 < found.others[0] and len(found.others) == OTHERS


def test_face_search_of_one_person_has_no_others() -> None:
    found = FaceIndex(faces(1, 2)).nearest(faces(1, 3)[0])
    assert found.row == 0 and len(found.others) == 0


def test_face_search_refuses_what_are_no_templates() -> None:
    for wrong in (faces(1, 1)[0], faces(1, 1)[:0]):
        with pytest.raises(ValueError, match="templates"):
            FaceIndex(wrong)
