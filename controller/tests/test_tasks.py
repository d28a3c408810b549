"""Ending tasks."""

import asyncio

import pytest

from controller import tasks


async def deaf_once(heard: list[str]) -> None:
    """What asyncio.wait_for of Python 3.11 makes of a cancellation at the wrong moment: nothing."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        heard.append("once")
    await asyncio.sleep(60)


def test_a_task_that_swallows_a_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.01)
    heard: list[str] = []

    async def failed() -> None:
        raise ValueError("not told to whoever ends it")

    async def run() -> None:
        deaf = asyncio.create_task(deaf_once(heard))
        broken = asyncio.create_task(failed())
        await asyncio.sleep(0)
        await tasks.end([deaf, broken])
        assert deaf.cancelled() and isinstance(broken.exception(), ValueError)
        await tasks.end([])

    asyncio.run(run())
    assert heard == ["once"]


def test_what_has_surely_to_be_done_is_done_however_often_one_is_cancelled() -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0.05)
        done.append("work")

    async def caller() -> None:
        await tasks.surely(work())
        done.append("and went on")

    async def run() -> None:
        calling = asyncio.create_task(caller())
        for _ in range(3):
            await asyncio.sleep(0.01)
            calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    asyncio.run(run())
    assert done == ["work"]


def test_what_goes_wrong_in_it_is_heard() -> None:
    async def work() -> None:
        raise ValueError("this")

    with pytest.raises(ValueError, match="this"):
        asyncio.run(tasks.surely(work()))
