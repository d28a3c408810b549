"""Keeps the door's tasks alive: one that fails or hangs is told and started again; the watchdog is fed while the vital
ones beat.
"""

import asyncio
import gc
import sys

from device.board import Board
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_AGAIN_S = 1
_LATE_MS = 8_000  # a vital task that has not beaten for that long hangs: the watchdog's turn
_STUCK_MS = 60_000  # any other that ever beat: it is started anew
_COLLECT_EVERY = 10


class _Kept:
    """One task. `beat_ms`: when it last beat; -1 = it never did and need not."""

    def __init__(self, make: "Callable[[], Awaitable[None]]", beat_ms: int, vital: bool) -> None:
        self.make = make
        self.beat_ms = beat_ms
        self.vital = vital
        self.task: asyncio.Task[None] | None = None


class Supervisor:
    """`failed`(reason, error) is told of every task that ended or hung, which none should; `failures` counts them."""

    def __init__(self, board: Board, failed: "Callable[[int, Exception | None], None]") -> None:
        self._board = board
        self._failed = failed
        self._kept: dict[str, _Kept] = {}
        self.failures = 0

    def start(self, name: str, make: "Callable[[], Awaitable[None]]", vital: bool = False) -> None:
        """Run `make()` for ever. A `vital` task has to beat."""
        kept = _Kept(make, self._board.uptime_ms() if vital else -1, vital)
        self._kept[name] = kept
        kept.task = asyncio.create_task(self._keep(name, make))

    def beat(self, name: str) -> None:
        """The task `name` lives."""
        self._kept[name].beat_ms = self._board.uptime_ms()

    async def watch(self, stop: "Callable[[], bool]") -> None:
        """Feed the watchdog, free what is stuck and tidy the heap, until `stop()`, which is asked each second."""
        round_ = 0
        while not stop():
            if self._all_vital_live():
                self._board.feed()
            round_ += 1
            if round_ % _COLLECT_EVERY == 0:
                gc.collect()
            await asyncio.sleep(1)

    def _all_vital_live(self) -> bool:
        now_ms = self._board.uptime_ms()
        live = True
        for name, kept in self._kept.items():
            silent_ms = now_ms - kept.beat_ms
            if kept.vital:
                live = live and silent_ms < _LATE_MS
            elif kept.beat_ms >= 0 and silent_ms >= _STUCK_MS and kept.task is not None:
                print("task", name, "hangs and is started anew")
                self._tell(words.REASON_TIMEOUT, None)
                kept.task.cancel()
                kept.beat_ms = now_ms
                kept.task = asyncio.create_task(self._keep(name, kept.make))
        return live

    async def _keep(self, name: str, make: "Callable[[], Awaitable[None]]") -> None:
        while True:
            failure: Exception | None = None
            try:
                await make()
            except Exception as error:  # noqa: BLE001 (whatever it was, the door goes on)
                failure = error
                print("task", name, "failed and is started again:")
                sys.print_exception(error)
            self._tell(words.REASON_EXCEPTION, failure)
            failure = None
            await asyncio.sleep(_AGAIN_S)

    def _tell(self, reason: int, error: "Exception | None") -> None:
        self.failures += 1
        try:
            self._failed(reason, error)
        except Exception as failure:  # noqa: BLE001 (to be heard is not worth the task)
            sys.print_exception(failure)
