"""The main job of Menshen, end to end: the demo's story, unattended, every step observed from outside."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tools.demo.check import check
from tools.setup.places import home

STEPS = 14


def test_story_plays_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        report = asyncio.run(check(tmp_path, home() / "pictures", print))
    steps = report["steps"]
    assert isinstance(steps, list)
    assert [step for step in steps if not step["ok"]] == []
    assert report["ok"] is True and len(steps) == STEPS
    assert list(tmp_path.iterdir()) == []
