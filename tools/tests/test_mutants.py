"""That the door's tests notice whatever is wrong with its state machine, and only that."""

from doorlogic.tests import door_search
from tools import mutants


def test_mutants_of_the_door_are_all_caught() -> None:
    made, left = mutants.run(print)
    assert left == [] and made > 600


def test_mutants_touch_every_function_of_the_door() -> None:
    touched = {mutant.what.split(":")[0] for mutant in mutants.mutants(door_search.source())}
    code = compile(door_search.source(), "door.py", "exec")
    assert touched >= {const.co_name for const in code.co_consts if hasattr(const, "co_name")}


def test_the_door_as_it_is_is_not_caught() -> None:
    assert mutants.caught(compile(door_search.source(), "door.py", "exec"), most=100) == ""


def test_a_mutant_that_nothing_tells_apart_is_not_caught() -> None:
    source = door_search.source().replace("_HOLDING = (", "_HOLDING = (words.MODE_UNLOCKED, ")
    assert source != door_search.source()
    assert mutants.caught(compile(source, "door.py", "exec"), most=100) == ""
