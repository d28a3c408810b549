"""The two cameras of a gate."""

from controller.access.gate_sides import BOTH_SIDES_S, GateSides, Passing

PLATE = "皖A12345"
OUTSIDE = Passing("north", "outside", PLATE, 0.0)


def test_the_other_side_sees_the_same_passage_once() -> None:
    sides = GateSides()
    assert not sides.is_passing("north", "inside", 0.0, lambda passed: True)
    sides.let_pass(OUTSIDE)
    assert sides.is_passing("north", "inside", 4.0, PLATE.__eq__)
    assert not sides.is_passing("north", "inside", 5.0, PLATE.__eq__)  # it comes out again


def test_another_gate_plate_camera_or_time_is_another_passage() -> None:
    sides = GateSides()
    sides.let_pass(OUTSIDE)
    assert not sides.is_passing("south", "inside", 1.0, PLATE.__eq__)
    assert not sides.is_passing("north", "inside", 1.0, "皖A12346".__eq__)
    assert not sides.is_passing("north", "outside", 1.0, PLATE.__eq__)
    assert not sides.is_passing("north", "inside", BOTH_SIDES_S, PLATE.__eq__)


def test_two_cars_let_in_one_after_the_other_are_two_passages_on_the_other_side() -> None:
    sides = GateSides()
    for plate in (PLATE, "皖A12346"):
        sides.let_pass(Passing("north", "outside", plate, 0.0))
    assert sides.is_passing("north", "inside", 3.0, "皖A12346".__eq__)
    assert sides.is_passing("north", "inside", 4.0, PLATE.__eq__)
    assert not sides.is_passing("north", "inside", 5.0, lambda passed: True)
