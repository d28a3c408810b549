"""`/api/prompt/{camera}`: for the screen beside a camera, without a login, and nothing of anybody in it."""

import asyncio
from pathlib import Path

from controller.api.prompt import SCREENS_LIMIT, screen
from controller.api.tests.duty_room import DutyRoom, play
from controller.events.prompts import ANSWERED_S
from controller.vision.sighting import Ask


def test_the_stream_shows_each_change_and_the_end_of_each(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        parts = screen(room.prompts, "face-1", heartbeat_s=0)

        async def shown() -> str:
            async for part in parts:
                if part.startswith(b"event: show"):
                    return part.decode().splitlines()[1]
            return "over"

        assert await shown() == 'data: {"what": ""}'
        room.prompts.ask(Ask("face-1", "left"))
        assert await shown() == 'data: {"what": "left"}'
        room.prompts.answer("face-1", True)
        assert await shown() == 'data: {"what": "open"}'
        room.clock.now_s += ANSWERED_S
        assert await shown() == 'data: {"what": ""}'
        room.prompts.close()
        assert await shown() == "over"

    play(tmp_path, scene)


def test_only_cameras_with_a_screen_have_one_and_not_for_too_many(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.client() as client:
            for path in ("/api/prompt/cars", "/api/prompt/nowhere", "/prompt/cars"):
                assert (await client.get(path)).status_code == 404
            page = await client.get("/prompt/face-1")
            assert page.status_code == 200 and 'data-camera="face-1"' in page.text and "Demo" not in page.text
            streams = [asyncio.create_task(client.get("/api/prompt/face-1")) for _ in range(SCREENS_LIMIT)]
            await room.until(lambda: room.desk.screens_running.get("face-1") == SCREENS_LIMIT)
            assert (await client.get("/api/prompt/face-1")).json()["code"] == "too-many-streams"
            room.prompts.close()
            for stream in streams:
                assert (await stream).headers["content-type"].startswith("text/event-stream")
            assert room.desk.screens_running == {"face-1": 0}

    play(tmp_path, scene)
