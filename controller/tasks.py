"""How tasks are ended."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

AGAIN_S = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel, until each has ended; how they ended is nobody's concern.

    Once is not enough: up to Python 3.11 asyncio.wait_for, which aiomqtt's calls are made of, swallows a cancellation
    that comes in the same round of the loop as what it waits for.
    """
    ending = set(tasks)
    while pending := {task for task in ending if not task.done()}:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=AGAIN_S)
    for task in ending:
        if not task.cancelled():
            task.exception()  # looked at: else asyncio complains of it


async def surely(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` to its end even if the caller is cancelled meanwhile, however often; he is cancelled after it."""
    doing = asyncio.ensure_future(work)
    cancelled = False
    while not doing.done():
        try:
            await asyncio.wait({doing})
        except asyncio.CancelledError:
            cancelled = True
    doing.result()
    if cancelled:
        raise asyncio.CancelledError
