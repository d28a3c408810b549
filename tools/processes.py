"""Child processes that never outlive the program that started them, however it ends; tasks' beginning and end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

# The kernel is asked for SIGKILL when the parent is gone; then the child looks whether it is gone already. Programs of
# Debian's base do it, not a function between fork and exec: with threads about, that can hang for ever (seen on 3.13).
_TIE = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", 'test "$PPID" = "$0" && exec "$@"')


async def spawn(
    argv: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = asyncio.subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> asyncio.subprocess.Process:
    """A child in a session of its own (Ctrl-C reaches only us) that the kernel kills when this thread's process ends.

    `env` is added to our environment. Call it from the main thread: the kernel watches the forking thread.
    """
    return await asyncio.create_subprocess_exec(
        *_TIE,
        str(os.getpid()),
        *[str(word) for word in argv],
        env={**os.environ, **(env or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        limit=1 << 20,
    )


async def finish(process: asyncio.subprocess.Process, grace_s: float = 5.0) -> int:
    """End `process` with SIGTERM, after `grace_s` with SIGKILL; its exit status."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            _signal(process, signal.SIGKILL)
    return await process.wait()


async def kill(process: asyncio.subprocess.Process) -> int:
    """End `process` at once, as a power cut would; its exit status."""
    if process.returncode is None:
        _signal(process, signal.SIGKILL)
    return await process.wait()


async def ready(task: asyncio.Task[Any], event: asyncio.Event, within_s: float) -> None:
    """Returns when `task` has set `event`. Otherwise the task is ended: raises what it died of, or TimeoutError."""
    waiting = asyncio.create_task(event.wait())
    try:
        async with asyncio.timeout(within_s):
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not event.is_set():
            task.result()
    except BaseException:
        await end(task)
        raise
    finally:
        waiting.cancel()


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel, until each has ended: asyncio.wait_for of Python 3.11, which aiomqtt uses, can swallow a cancellation.

    How they ended is nobody's concern.
    """
    while pending := {task for task in tasks if not task.done()}:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=1.0)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # looked at: else asyncio complains of it


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended in between
        process.send_signal(number)
