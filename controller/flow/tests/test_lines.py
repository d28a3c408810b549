"""Passages: both lines crossed, once."""

from controller.flow.lines import TRACK_LIMIT, HourlyCounts, TwoLines


def passages(lines: TwoLines, *heights: float, track: int = 1) -> list[str]:
    return [direction for y in heights if (direction := lines.update(track, y))]


def test_crossing_both_lines_counts_once_in_each_direction() -> None:
    lines = TwoLines()
    assert passages(lines, 0.1, 0.5, 0.9, 0.95) == ["in"]
    assert passages(lines, 0.5, 0.2) == ["out"]


def test_dithering_on_a_line_or_turning_back_counts_nothing() -> None:
    lines = TwoLines()
    assert passages(lines, 0.3, 0.45, 0.39, 0.41, 0.3, 0.55, 0.2) == []
    assert passages(lines, 0.5, 0.9, track=2) == []  # appeared between the lines


def test_lines_the_other_way_round_and_jumps() -> None:
    assert passages(TwoLines(0.6, 0.4), 0.9, 0.1) == ["in"]


def test_tracks_are_bounded_and_hours_are_taken_once() -> None:
    lines = TwoLines()
    for track in range(TRACK_LIMIT + 50):
        lines.update(track, 0.1)
    assert len(lines._zones) == TRACK_LIMIT
    counts = HourlyCounts()
    counts.add(7205, "cars", "vehicle", "in")
    counts.add(7300, "cars", "vehicle", "in")
    assert counts.take() == {(7200, "cars", "vehicle", "in"): 2}
    assert counts.take() == {}
