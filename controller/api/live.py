"""`GET /api/live`: server-sent events. Last-Event-ID resumes; where that is not possible, `reset` says: load anew."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from controller.api.errors import ApiError
from controller.api.feed import Feed
from controller.api.session import DeskOf, SignedIn, current_user

HEARTBEAT_S = 5.0  # the page calls itself disconnected after 2.5 of them
RETRY_MS = 1_000
STREAMS_LIMIT = 64

routes = APIRouter(tags=["live"])


@routes.get("/api/live", response_class=StreamingResponse)
async def live(
    request: Request,
    _: SignedIn,
    desk: DeskOf,
    last_event_id: Annotated[str, Header(max_length=60)] = "",
    after: Annotated[str, Query(max_length=60, description="As Last-Event-ID, for a stream opened anew.")] = "",
) -> StreamingResponse:
    """Events `door`, `event`, `alert`, `capture`, `camera`, `list`, `health`; `beat` every 5 s; `reset`; `bye`."""
    if desk.streams_running >= STREAMS_LIMIT:
        raise ApiError(503, "too-many-streams", "too many pages are open; close some", 10)
    desk.feed.start()

    async def still_signed_in() -> bool:
        return await current_user(request, desk) is not None

    async def counted() -> AsyncIterator[bytes]:
        desk.streams_running += 1
        try:
            async for part in stream(desk.feed, last_event_id or after, still_signed_in):
                yield part
        finally:
            desk.streams_running -= 1

    return StreamingResponse(
        counted(), media_type="text/event-stream", headers={"cache-control": "no-store", "x-accel-buffering": "no"}
    )


async def stream(
    feed: Feed, position: str, still_signed_in: Callable[[], Awaitable[bool]], heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """The stream's bytes. It ends when the feed does, or with `bye` when the session has ended."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    while True:
        if not feed.can_resume(position):
            position = feed.position
            yield _part("reset", "{}", position)
        for news in feed.after(position):
            position = news.position
            yield _part(news.kind, news.text, position)
        if feed.closed:
            return
        if not await feed.wait(position, heartbeat_s):
            if not await still_signed_in():
                yield _part("bye", "{}", "")
                return
            yield _part("beat", "{}", position)


def _part(kind: str, text: str, position: str) -> bytes:
    return f"id: {position}\nevent: {kind}\ndata: {text}\n\n".encode()
