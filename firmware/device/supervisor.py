"""Keeps the door's tasks alive: a failed one is told, journalled, started again; the watchdog is fed while all beat."""

import asyncio
import gc
import sys

from device.board import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_AGAIN_S = 1
_LATE_MS = 8_000  # a task that must live and has not beaten for that long hangs
_COLLECT_EVERY = 10


class Supervisor:
    """`failed` is told of every task that ended, which none should."""

    def __init__(self, board: Board, failed: "Callable[[str], None]") -> None:
        self._board = board
        self._failed = failed
        self._tasks: list[asyncio.Task[None]] = []
        self._beats: dict[str, int] = {}

    def start(self, name: str, make: "Callable[[], Awaitable[None]]") -> None:
        """Run `make()` for ever."""
        self._tasks.append(asyncio.create_task(self._keep(name, make)))

    def beat(self, name: str) -> None:
        """The task `name`, which must live, does."""
        self._beats[name] = self._board.uptime_ms()

    async def watch(self, stop: "Callable[[], bool]") -> None:
        """Feed the watchdog and tidy the heap, until `stop()`."""
        round_ = 0
        while not stop():
            now_ms = self._board.uptime_ms()
            if all([now_ms - beat_ms < _LATE_MS for beat_ms in self._beats.values()]):
                self._board.feed()
            round_ += 1
            if round_ % _COLLECT_EVERY == 0:
                gc.collect()
            await asyncio.sleep(1)

    async def _keep(self, name: str, make: "Callable[[], Awaitable[None]]") -> None:
        while True:
            try:
                await make()
            except Exception as error:  # noqa: BLE001 (whatever it was, the door goes on)
                print("task", name, "failed and is started again:")
                sys.print_exception(error)
            self._failed(name)
            await asyncio.sleep(_AGAIN_S)
