"""The bench of power cuts names every story there is, counts, and says what failed."""

from __future__ import annotations

import re

from tools import bench_powercut
from tools.firmware_tests import FIRMWARE


def test_every_story_is_cut() -> None:
    source = (FIRMWARE / "device/tests/cuts.py").read_text()
    named = re.findall(r'^    \("(\w+)", ', source, re.MULTILINE)
    assert len(named) == len(set(named)) and sorted(named) == sorted(bench_powercut.SCENARIOS)


def test_figures_are_sums() -> None:
    told: list[str] = []
    figures = bench_powercut.bench_powercut(("first_list", "settings"), told.append)["figures"]
    assert isinstance(figures, dict) and told == ["first_list", "settings"]
    assert figures["failures"] == 0 and figures["failures_of"] == {}
    assert figures["cut_points"] == sum(figures["cut_points_of"].values()) >= 40
