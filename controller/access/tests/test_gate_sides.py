"""The two cameras of a gate."""

from controller.access.gate_sides import BOTH_SIDES_S, GateSides

PLATE = "皖A12345"


def test_the_other_side_sees_the_same_passage_once() -> None:
    sides = GateSides()
    assert not sides.is_passing("north", "inside", PLATE, 0.0)
    sides.let_pass("north", "outside", PLATE, 0.0)
    assert sides.is_passing("north", "inside", PLATE, 4.0)
    assert not sides.is_passing("north", "inside", PLATE, 5.0)  # it comes out again


def test_another_gate_plate_camera_or_time_is_another_passage() -> None:
    sides = GateSides()
    sides.let_pass("north", "outside", PLATE, 0.0)
    assert not sides.is_passing("south", "inside", PLATE, 1.0)
    assert not sides.is_passing("north", "inside", "皖A12346", 1.0)
    assert not sides.is_passing("north", "outside", PLATE, 1.0)
    assert not sides.is_passing("north", "inside", PLATE, BOTH_SIDES_S)
