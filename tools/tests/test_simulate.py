"""Figures from a MicroPython of their own, or an error that says how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import simulate


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of a module `story`."""
    monkeypatch.setattr(simulate, "FIRMWARE", tmp_path)
    return tmp_path / "story.py"


def test_the_last_line_is_the_figures_and_the_others_are_shown(story: Path) -> None:
    story.write_text("def main(a, b):\n    print('day', a)\n    print('{\"sum\": %d}' % (a + b))\n")
    shown: list[str] = []
    assert simulate.simulate("story", 1, 2, show=shown.append) == {"sum": 3} and shown == ["day 1"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("    raise ValueError(3)\n", "story ended with 1: (.|\n)*ValueError: 3"),
        ("    print('nothing')\n", "story ended with 0: nothing"),
        ("    pass\n", "story ended with 0: "),
    ],
)
def test_a_story_that_does_not_come_to_its_end_is_an_error(story: Path, code: str, words: str) -> None:
    story.write_text(f"def main():\n{code}")
    with pytest.raises(RuntimeError, match=words):
        simulate.simulate("story")


def test_a_story_that_never_ends_is_an_error(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "_TIMEOUT_S", 0.2)
    story.write_text("def main():\n    while True:\n        pass\n")
    with pytest.raises(RuntimeError, match="story ended with -9"):
        simulate.simulate("story")


def test_a_figure_is_a_whole_number() -> None:
    assert simulate.whole(3) == 3
    with pytest.raises(TypeError, match="'3' is no number"):
        simulate.whole("3")
