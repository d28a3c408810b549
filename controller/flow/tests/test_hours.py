"""Passages by the hour."""

from controller.flow.hours import HourlyCounts


def test_hours_are_counted_and_taken_once() -> None:
    counts = HourlyCounts()
    counts.add(7205, "cars", "vehicle", "in")
    counts.add(7300, "cars", "vehicle", "in")
    counts.add(7300, "cars", "vehicle", "out")
    assert counts.take() == {(7200, "cars", "vehicle", "in"): 2, (7200, "cars", "vehicle", "out"): 1}
    assert counts.take() == {}


def test_counts_that_could_not_be_stored_are_kept() -> None:
    counts = HourlyCounts()
    counts.add(7205, "plaza", "person", "")
    taken = counts.take()
    counts.add(7300, "plaza", "person", "", 2)
    counts.give_back(taken)
    assert counts.take() == {(7200, "plaza", "person", ""): 3}
