"""A greeting that fails half way."""

import asyncio
import sqlite3

import pytest

from controller.bus.tests.test_doors import MakeDoor, MakeMiddle, signed


def test_a_door_whose_greeting_failed_is_greeted_again(
    make_middle: MakeMiddle, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        await middle.lists.apply(signed(1))
        with monkeypatch.context() as failing:

            async def highest_seq(device: str, epoch: int) -> int:
                raise sqlite3.OperationalError("disk I/O error")

            failing.setattr(middle.store.journal, "highest_seq", highest_seq)
            door.connect(middle.clock.now_s)
            await middle.carry(door)
        assert door.clock_offset is None
        middle.clock.now_s += 10
        door.say_state(middle.clock.now_s)
        await middle.carry(door)
        assert door.list_version == 1
        await middle.stop()

    asyncio.run(scene())
