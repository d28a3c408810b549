"""News for the page: bounded fan-out. A subscriber that does not keep up is told to load anew and dropped."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

BACKLOG = 200  # items a subscriber may lag behind
KINDS = ("door", "event", "alert", "capture", "camera", "list", "health")


@dataclass(frozen=True, slots=True)
class LiveItem:
    """`kind` is one of KINDS, or "reset": items were lost, load everything anew and subscribe again."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)


class Subscription:
    """One subscriber's items, from the moment of subscribing; `close` (or leaving `async with`) ends it."""

    def __init__(self, backlog: int) -> None:
        self._backlog = backlog
        self._queue: asyncio.Queue[LiveItem | None] = asyncio.Queue()
        self.lagging = False
        self.closed = False

    def put(self, item: LiveItem) -> None:
        """Never waits; a full backlog turns into one "reset" and the end."""
        if self.closed:
            return
        if self._queue.qsize() >= self._backlog:
            self.lagging = True
            self._queue.put_nowait(LiveItem("reset"))
            self.close()
        else:
            self._queue.put_nowait(item)

    def close(self) -> None:
        """No further items; what is queued is still delivered."""
        if not self.closed:
            self.closed = True
            self._queue.put_nowait(None)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> LiveItem:
        item = await self._queue.get()
        if item is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return item

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class Live:
    """`publish` never waits. Use: `async with live.subscribe() as items: async for item in items: …`."""

    def __init__(self, backlog: int = BACKLOG) -> None:
        self._backlog = backlog
        self._subscriptions: set[Subscription] = set()

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        """Tell every subscriber."""
        item = LiveItem(kind, data)
        for subscription in list(self._subscriptions):
            subscription.put(item)
            if subscription.closed:
                self._subscriptions.discard(subscription)

    def subscribe(self) -> Subscription:
        """Items from now on."""
        subscription = Subscription(self._backlog)
        self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        """End every subscription."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
