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
