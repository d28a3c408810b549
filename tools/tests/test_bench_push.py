"""The push bench measures what it says: bytes follow the change, not the list, and only doors concerned get a delta."""

from __future__ import annotations

from typing import cast

import pytest

from tools.bench_push import bench_push


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    """A small run."""
    return cast("dict[str, float]", bench_push(entries=4000, residents=4000)["figures"])


def test_bytes_of_a_delta_follow_the_change(figures: dict[str, float]) -> None:
    assert figures["first_load_bytes"] == 64 + 4000 * 24
    per_card = (figures["delta_500_bytes"] - figures["delta_100_bytes"]) / 400
    assert per_card == (figures["delta_100_bytes"] - figures["delta_10_bytes"]) / 90 == 8 + 24  # one gone, one new
    assert figures["delta_10_bytes"] < 112 + 10 * 32 + 1


def test_only_doors_that_are_concerned_get_anything(figures: dict[str, float]) -> None:
    assert figures["doors_184_that_get_a_delta"] == 100 + 4
    assert figures["doors_184_delta_100_bytes"] < figures["doors_184_whole_bytes"] / 10


def test_encoding_is_within_its_budget(figures: dict[str, float]) -> None:
    assert figures["delta_100_encode_and_frames_ms"] < 100
    assert figures["doors_184_delta_100_encode_and_frames_ms"] < 1000
