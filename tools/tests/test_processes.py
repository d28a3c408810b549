"""A child never outlives its parent, and ends when told."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tools import processes

PARENT = """
import asyncio
import pytest

from tools import processes
async def main():
    child = await processes.spawn(["sleep", "60"])
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_processes_parent_killed_takes_the_child_along() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 5
    while alive(child):
        assert time.monotonic() < deadline, "the child outlived its parent"


def test_processes_finish_deaf_child_is_killed_after_the_grace() -> None:
    async def story() -> int:
        child = await processes.spawn(
            ["sh", "-c", "trap '' TERM; echo deaf; while :; do :; done"],
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        assert await child.stdout.readline() == b"deaf\n"
        return await processes.finish(child, grace_s=0.05)

    assert asyncio.run(story()) == -signal.SIGKILL


def test_processes_task_that_never_gets_ready_is_ended_and_says_what_it_died_of() -> None:
    async def broken() -> None:
        raise ValueError("this")

    async def story() -> None:
        ready = asyncio.Event()
        with pytest.raises(ValueError, match="this"):
            await processes.ready(asyncio.create_task(broken()), ready, 5)
        slow = asyncio.create_task(asyncio.sleep(60))
        with pytest.raises(TimeoutError):
            await processes.ready(slow, ready, 0.01)
        assert slow.cancelled()
        ready.set()
        slow = asyncio.create_task(asyncio.sleep(60))
        await processes.ready(slow, ready, 5)
        assert not slow.done()
        await processes.end(slow)

    asyncio.run(story())


def test_processes_finish_cancelled_in_the_moment_of_the_end_is_cancelled() -> None:
    class Process:
        returncode: int | None = None

        def __init__(self) -> None:
            self.ended = asyncio.Event()

        def send_signal(self, number: int) -> None:
            """Deaf."""

        async def wait(self) -> int:
            await self.ended.wait()
            return 0

    async def story() -> None:
        process: Any = Process()
        finishing = asyncio.create_task(processes.finish(process))
        for _ in range(3):
            await asyncio.sleep(0)
        process.ended.set()
        finishing.cancel()
        await asyncio.wait({finishing})
        assert finishing.cancelled()

    asyncio.run(story())
