"""The door's bench measures what it says: few decisions, all figures, and what must hold on a busy machine too.

The design's ratio of times, 1.5, is for the bench: each is taken in a process of its own, beside other tests here.
"""

from __future__ import annotations

from typing import cast

import pytest

from tools.bench_door import bench_door, percentile


@pytest.fixture(scope="module")
def report() -> dict[str, dict[str, float]]:
    """One short run."""
    return cast("dict[str, dict[str, float]]", bench_door(decisions=150, swipes=2, scans=12))


def test_decision_time_does_not_grow_with_residents(report: dict[str, dict[str, float]]) -> None:
    figures = report["figures"]
    assert figures["decision_ratio_20000_to_100"] < 5  # a scan's is 200
    assert figures["flash_reads_p99_20000"] <= 15 + 4  # log2(20,000) + 4
    assert figures["decision_ms_p99_20000"] < 50


def test_scan_of_json_is_what_we_compare_with(report: dict[str, dict[str, float]]) -> None:
    assert report["peers"]["json_scan_ms_p50_20000"] > 20 * report["peers"]["json_scan_ms_p50_100"]
    assert report["figures"]["json_scan_to_decision_p99_20000"] > 10


def test_relay_comes_before_flash_and_flash_before_network(report: dict[str, dict[str, float]]) -> None:
    assert report["figures"]["relay_before_flash"] == 1
    assert 20 < report["figures"]["edge_to_relay_ms_p50"] < 50


def test_bundle_and_journal_hold_the_budget(report: dict[str, dict[str, float]]) -> None:
    figures = report["figures"]
    assert figures["journal_capacity_events"] >= 20_000
    assert figures["bundle_bytes"] < 128 * 1024


def test_percentile_of_a_few() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0 and percentile([1.0], 0.99) == 1.0
