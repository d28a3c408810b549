"""Doubtful reads against the registered plates."""

from controller.access.resolve import resolve

REGISTERED = ["皖A12340", "皖A99999", "京B67890"]


def test_resolve_a_doubtful_character_to_the_registered_plate_with_its_probability() -> None:
    found = resolve("皖A1234D", (*(0.98,) * 6, 0.5), REGISTERED)
    assert found is not None and found.plate == "皖A12340"
    assert 0.9 < found.probability < 1


def test_resolve_an_unknown_province() -> None:
    found = resolve("?B67890", (0.4, *(0.98,) * 6), REGISTERED)
    assert found is not None and found.plate == "京B67890" and found.probability > 0.99


def test_resolve_between_two_neighbours_is_undecided() -> None:
    found = resolve("皖A1234D", (*(0.98,) * 6, 0.5), ["皖A12340", "皖A1234Q"])
    assert found is not None and found.probability < 0.95


def test_resolve_is_less_sure_among_more_plates() -> None:
    few = resolve("皖A1234D", (*(0.98,) * 6, 0.5), REGISTERED)
    many = resolve("皖A1234D", (*(0.98,) * 6, 0.5), [*REGISTERED, *(f"皖B{n:05d}" for n in range(2000))])
    assert few is not None and many is not None and many.probability < few.probability


def test_resolve_a_stranger_is_improbable() -> None:
    found = resolve("皖A55555", (0.98,) * 7, REGISTERED)
    assert found is None or found.probability < 0.01
    assert resolve("皖A55555", (0.98,) * 7, []) is None
