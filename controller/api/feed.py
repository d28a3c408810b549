"""News with numbers: every live item once named, numbered and kept a while, so that a page can resume where it was."""

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from controller.events.live import Live, LiveItem, Subscription
from controller.tasks import end

HISTORY = 1_000  # items a page may miss and still resume; beyond it is told to load everything anew

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """One item. `position` is what a page says to resume after it."""

    position: str
    kind: str
    text: str


class Feed:
    """Reads `Live` from the first `start` on. Memory is bounded by `HISTORY`; readers hold nothing but a number."""

    def __init__(
        self, live: Live, named: Callable[[LiveItem], Awaitable[dict[str, Any]]], history: int = HISTORY
    ) -> None:
        self._live = live
        self._named = named
        self._kept: deque[tuple[int, str, str]] = deque(maxlen=history)
        self._last = 0
        self._life = secrets.token_hex(4)
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.closed = False

    def start(self) -> None:
        """Begin to read; nothing the second time."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._read(self._live.subscribe()))

    async def close(self) -> None:
        """Stop reading and end every reader."""
        if self._task is not None:
            await end([self._task])
        self._end()

    @property
    def position(self) -> str:
        """Where the feed is now."""
        return f"{self._life}-{self._last}"

    def can_resume(self, position: str) -> bool:
        """Whether all that came after `position` is still kept."""
        life, _, number = position.partition("-")
        if life != self._life or not number.isdecimal():
            return False
        oldest = self._kept[0][0] if self._kept else self._last + 1
        return oldest - 1 <= int(number) <= self._last

    def after(self, position: str) -> list[News]:
        """What came after a position that can be resumed."""
        number = int(position.partition("-")[2])
        return [News(f"{self._life}-{row[0]}", row[1], row[2]) for row in self._kept if row[0] > number]

    async def wait(self, position: str, timeout_s: float) -> bool:
        """Until there is news after `position`, or it has ended; False after `timeout_s`."""
        if self.closed or position != self.position:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _read(self, items: Subscription) -> None:
        try:
            while True:
                async for item in items:
                    if item.kind == "reset":
                        break
                    await self._take(item)
                else:
                    self._end()
                    return
                items = self._live.subscribe()
                self._lose_history()
        finally:
            items.close()

    async def _take(self, item: LiveItem) -> None:
        try:
            text = json.dumps(await self._named(item), ensure_ascii=False, separators=(",", ":"))
        except Exception:  # noqa: BLE001 - one item that cannot be named must not end the news
            _log.exception("a live item (%s) could not be shown", item.kind)
            return
        self._last += 1
        self._kept.append((self._last, item.kind, text))
        self._wake()

    def _lose_history(self) -> None:
        """Items were lost: no page can resume."""
        self._kept.clear()
        self._life = secrets.token_hex(4)
        self._wake()

    def _end(self) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
