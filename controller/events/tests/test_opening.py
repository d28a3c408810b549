"""A visitor's use, whatever becomes of the command to the barrier."""

import asyncio
from collections.abc import Callable

import pytest

from controller.access.document import Vehicle
from controller.conftest import Middle
from controller.events.opening import STALE_S, Opening
from controller.events.ports import CommandResult
from controller.events.tests.scene import OpenDoors
from controller.events.visits import Visits

MakeMiddle = Callable[[], Middle]
CAR = Vehicle(plate="皖A12345", person=7, uses=2)


class Barrier(OpenDoors):
    """One that meanwhile does what it is given."""

    async def meanwhile(self) -> None:
        """While the command is on its way."""

    async def open(self, door_id: str, reason: int, who: str, person: int = 0) -> CommandResult:
        await self.meanwhile()
        return await super().open(door_id, reason, who, person)


def used_after(
    make_middle: MakeMiddle, barrier: Barrier, late_s: float = 0.0, raises: type[Exception] | None = None
) -> tuple[str, int]:
    """The outcome, and how many uses are in the database."""

    async def scene() -> tuple[str, int]:
        middle = make_middle()
        await middle.start()
        visits = Visits(middle.store.visits)
        opening, outcome = Opening(barrier, visits, middle.clock.unix), ""
        if raises is not None:
            with pytest.raises(raises):
                await opening.to_vehicle("north", CAR, middle.clock.unix())
        else:
            outcome = await opening.to_vehicle("north", CAR, middle.clock.unix() - late_s)
        counts = list((await middle.store.visits.all()).values())
        assert visits.used(CAR) == sum(counts) and min(counts, default=0) >= 0
        await middle.stop()
        return outcome, sum(counts)

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("reason", "used"), [("none", 1), ("no-answer", 1), ("loop-occupied", 0), ("unreachable", 0), ("locked-down", 0)]
)
def test_a_use_is_counted_where_the_barrier_may_have_gone_up(make_middle: MakeMiddle, reason: str, used: int) -> None:
    barrier = Barrier()
    barrier.result = CommandResult(reason == "none", reason, 0.01)
    assert used_after(make_middle, barrier) == ("opened" if reason == "none" else reason, used)


def test_a_sighting_that_comes_too_late_uses_nothing(make_middle: MakeMiddle) -> None:
    assert used_after(make_middle, Barrier(), late_s=STALE_S + 1) == ("stale", 0)


def test_a_command_that_fails_uses_nothing(make_middle: MakeMiddle, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Barrier) -> None:
        raise OSError("x")

    monkeypatch.setattr(Barrier, "meanwhile", fail)
    assert used_after(make_middle, Barrier(), raises=OSError) == ("", 0)
