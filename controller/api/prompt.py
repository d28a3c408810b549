"""`GET /api/prompt/{camera}`: what the screen beside a camera shows, for everybody: it tells nothing about anybody."""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from controller.api.errors import ApiError, unknown
from controller.api.session import DeskOf
from controller.events.prompts import Prompts

HEARTBEAT_S = 5.0
SCREENS_LIMIT = 4  # a camera: the screen, a spare one, and those that have not noticed their end

routes = APIRouter(tags=["prompt"])


@routes.get("/api/prompt/{camera}", response_class=StreamingResponse)
async def prompt(camera: str, desk: DeskOf) -> StreamingResponse:
    """Events `show`, `{"what"}`: "left" "right" "up" "down" "turn" "nod" "open" "card", or "" nothing; and `beat`."""
    prompts = desk.services.prompts
    if camera not in prompts:
        raise unknown("screen; write prompt = true in its [[camera]]")
    if desk.screens_running.get(camera, 0) >= SCREENS_LIMIT:
        raise ApiError(503, "too-many-streams", "too many screens show this camera's page; close some", 10)

    async def counted() -> AsyncIterator[bytes]:
        desk.screens_running[camera] = desk.screens_running.get(camera, 0) + 1
        try:
            async for part in screen(prompts, camera):
                yield part
        finally:
            desk.screens_running[camera] -= 1

    return StreamingResponse(counted(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def screen(prompts: Prompts, camera: str, heartbeat_s: float = HEARTBEAT_S) -> AsyncIterator[bytes]:
    """The stream's bytes: what is shown, at each change and when its time is over."""
    yield b"retry: 1000\n\n"
    said: str | None = None
    while not prompts.closed:
        shown = prompts.now(camera)
        if shown.what != said:
            said = shown.what
            yield f"event: show\ndata: {json.dumps({'what': said})}\n\n".encode()
        left_s = prompts.left_s(shown)
        await prompts.wait(camera, shown.number, min(left_s, heartbeat_s) if said else heartbeat_s)
        yield b"event: beat\ndata: {}\n\n"
