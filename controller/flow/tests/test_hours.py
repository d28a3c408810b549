"""Passages by the hour; different vehicles by the day."""

from controller.flow.distinct import DistinctVehicles, day_of
from controller.flow.hours import HourlyCounts, Kind, Tally, change_inside, hour_of

IN = Kind(7200, "cars", "vehicle", "", "in", 1)
OUT = Kind(7200, "cars", "vehicle", "", "out", 1)


def test_hours_are_counted_and_taken_once() -> None:
    counts = HourlyCounts()
    for kind, spent_s in ((IN, 1.5), (IN, 2.5), (OUT, 1.0)):
        counts.add(kind, spent_s)
    assert counts.take() == {IN: Tally(2, 4.0), OUT: Tally(1, 1.0)}
    assert counts.take() == {}
    assert hour_of(7205.9) == 7200


def test_counts_that_could_not_be_stored_are_kept() -> None:
    counts = HourlyCounts()
    counts.add(IN, 1.0)
    taken = counts.take()
    counts.add(IN, 2.0)
    counts.give_back(taken)
    assert counts.take() == {IN: Tally(2, 3.0)}


def test_vehicles_inside_are_reckoned_by_the_gates_cameras_alone() -> None:
    elsewhere = Kind(7200, "yard", "vehicle", "", "in", 1)
    people = Kind(7200, "cars", "person", "", "in", 1)
    unknown = Kind(7200, "cars", "vehicle", "blue", "", 0)
    counts = {IN: Tally(5, 0), OUT: Tally(2, 0), elsewhere: Tally(9, 0), people: Tally(9, 0), unknown: Tally(9, 0)}
    assert change_inside(counts, frozenset({"cars"})) == 3


def test_different_vehicles_are_counted_once_a_day() -> None:
    day = DistinctVehicles(0, b"k" * 32)
    for plate in ("皖A12345", "皖A12346", "皖A12345"):
        day.see(plate)
    assert day.take() == 2
    day.see("皖A12346")
    assert day.take() == 0


def test_nothing_of_a_plate_is_kept_and_another_days_key_makes_other_hashes() -> None:
    days = [DistinctVehicles(0, key) for key in (b"k" * 32, b"l" * 32)]
    for day in days:
        day.see("皖A12345")
    kept = [day._seen for day in days]
    assert kept[0].isdisjoint(kept[1]) and all(len(digest) == 8 for seen in kept for digest in seen)
    assert not any("A12345" in repr(value) for day in days for value in (day._seen, day._key, day._new))


def test_a_day_begins_at_local_midnight() -> None:
    offset_s = 8 * 3600
    assert day_of(1_800_000_000, offset_s) % 86_400 == 86_400 - offset_s
    assert day_of(day_of(1_800_000_000, offset_s) - 1, offset_s) == day_of(1_800_000_000, offset_s) - 86_400
