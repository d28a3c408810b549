"""Child processes that never outlive the program that started them, however it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _dies_with_parent() -> Callable[[], None] | None:
    """What the child does between fork and exec: ask the kernel for SIGKILL when the parent is gone."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing may be loaded after it
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return tie


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
        *[str(word) for word in argv],
        env={**os.environ, **(env or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_dies_with_parent(),
        limit=1 << 20,
    )


async def finish(process: asyncio.subprocess.Process, grace_s: float = 5.0) -> int:
    """End `process` with SIGTERM, after `grace_s` with SIGKILL; its exit status."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            _signal(process, signal.SIGKILL)
    return await process.wait()


async def kill(process: asyncio.subprocess.Process) -> int:
    """End `process` at once, as a power cut would; its exit status."""
    if process.returncode is None:
        _signal(process, signal.SIGKILL)
    return await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended in between
        process.send_signal(number)
