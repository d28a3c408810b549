"""A bench of decisions counts only right ones."""

import asyncio

import pytest

from tools.bench_decisions import decisions
from tools.demo import cast


def seen(person: int | None) -> dict[str, object]:
    """As the vision process writes it."""
    row = {"camera": "face1", "track": 1, "person": person, "distance": 0.2, "margin": 0.1, "frames": 2}
    return {**row, "quality": 0.9, "jpeg": None, "latency_ms": 1.0}


def test_a_decision_is_timed_and_a_stranger_ends_the_bench() -> None:
    spent = asyncio.run(decisions("face", [seen(cast.RESIDENT)] * 3))
    assert len(spent) == 3 and all(0 < ms < 1000 for ms in spent)
    with pytest.raises(RuntimeError, match="not let in"):
        asyncio.run(decisions("face", [seen(None)]))
