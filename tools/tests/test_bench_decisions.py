"""A bench of decisions counts only right ones."""

import asyncio

import pytest

from controller.vision.sighting import FaceSighting, to_message
from tools.bench_decisions import decisions
from tools.demo import cast


def seen(person: int | None) -> dict[str, object]:
    """As the vision process writes it."""
    row = to_message(FaceSighting("face1", 1, 0.0, person, 0.2, 0.1, 2, 0.9, None, 1.0))["face"]
    assert isinstance(row, dict)
    return row


def test_a_decision_is_timed_and_a_stranger_ends_the_bench() -> None:
    spent = asyncio.run(decisions("face", [seen(cast.RESIDENT)] * 3))
    assert len(spent) == 3 and all(0 < ms < 1000 for ms in spent)
    with pytest.raises(RuntimeError, match="not let in"):
        asyncio.run(decisions("face", [seen(None)]))
