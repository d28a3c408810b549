"""The cameras' process as the access process sees it: spoken to, heard, started again, never outliving it."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller import tasks, vision_process
from controller.conftest import write_site
from controller.events.live import Live
from controller.events.ports import EnrolError
from controller.health import Health
from controller.settings import load
from controller.store.templates import Template
from controller.vision.sighting import Ask, FaceSighting, FlowCount, PlateSighting, Presence
from controller.vision_process import NICE, VisionProcess

CHILD = """
import json, os, sys
log = open(sys.argv[1], "a")
say = lambda **message: print(json.dumps(message), flush=True)
face = {"camera": "face-1", "track": 4, "at_unix": 5.0, "person": 7, "distance": 0.3, "margin": 0.1, "frames": 2,
        "quality": 0.9, "jpeg": "anBlZw==", "latency_ms": 50.0}
plate = {"camera": "cars", "track": 5, "at_unix": 6.0, "text": "皖A12345", "confidence": 0.9, "posteriors": [0.9] * 7,
         "plate_type": "blue", "colour": "white", "direction": "in", "jpeg": None, "latency_ms": 60.0}
for line in sys.stdin:
    message = json.loads(line)
    message["nice"] = os.nice(0)
    log.write(json.dumps(message) + "\\n"); log.flush()
    if "cameras" in message:
        say(ready=True); say(camera="face-1", up=True, why=""); say(frame="face-1", jpeg="cGljdHVyZQ==")
        say(face=face); print("{broken", flush=True); say(plate=plate)
        say(present={"camera": "cars", "at_unix": 7.0, "people": 2}); say(ask={"camera": "face-1", "asked": "left"})
    elif message.get("camera") == "die":
        os._exit(9)
    elif "jpeg" in message:
        say(enrolled=message["enrol"], vectors=["AAAA", "AAAB"])
    elif "enrol" in message:
        say(enrolled=message["enrol"], error="no face; come nearer")
"""


def play(
    tmp_path: Path, scene: Callable[[VisionProcess, Health], Awaitable[None]], child: str = CHILD
) -> list[dict[str, object]]:
    """Run the scene beside `child`; the lines that it logged, which it was told."""
    site = write_site(tmp_path)
    site.write_text(site.read_text("utf-8").replace("enabled = false", "enabled = true"), "utf-8")
    log = tmp_path / "child.log"

    async def run() -> None:
        live = Live()
        health = Health(live)
        process = VisionProcess(load(site), live, health, [sys.executable, "-c", child, str(log)])
        running = asyncio.ensure_future(process.run())
        async with asyncio.timeout(20):
            await scene(process, health)
        await tasks.end([running])

    asyncio.run(run())
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_cameras_gallery_sightings_and_enrolment_go_through(tmp_path: Path) -> None:
    flow: list[FlowCount | Presence] = []
    asked: list[Ask] = []

    async def scene(process: VisionProcess, health: Health) -> None:
        process.on_flow = flow.append
        process.on_ask = asked.append
        await process.set_gallery([Template(1, 7, b"vec!", 0.0)])
        face = await process.next_sighting()
        plate = await process.next_sighting()
        assert isinstance(face, FaceSighting) and face.person == 7 and face.jpeg == b"jpeg"
        assert isinstance(plate, PlateSighting) and plate.text == "皖A12345" and len(plate.posteriors) == 7
        assert process.last_frame("face-1") == b"picture" and process.last_frame("cars") is None
        assert [view.up for view in process.views()] == [True, False]
        await process.set_gallery([Template(1, 7, b"vec!", 0.0), Template(2, 8, b"more", 0.1)])
        assert await process.enrol(b"a picture", None) == [base64.b64decode("AAAA"), base64.b64decode("AAAB")]
        with pytest.raises(EnrolError, match="come nearer"):
            await process.enrol(None, "face-1")
        assert health.is_ok("vision")

    told = play(tmp_path, scene)
    cameras, first, second, *_ = told
    assert [row["id"] for row in cameras["cameras"]] == ["face-1", "cars"]  # type: ignore[attr-defined]
    assert cameras["threads"] == min(2, os.cpu_count() or 1) and cameras["nice"] == min(os.nice(0) + NICE, 19)
    assert first["gallery"] == [{"person": 7, "vector": base64.b64encode(b"vec!").decode(), "stricter": 0.0}]
    assert len(second["gallery"]) == 2  # type: ignore[arg-type]
    assert flow == [Presence("cars", 7.0, 2)] and asked == [Ask("face-1", "left")]


def test_a_child_that_dies_is_said_so_and_started_again_with_the_gallery(tmp_path: Path) -> None:
    async def scene(process: VisionProcess, health: Health) -> None:
        await process.set_gallery([Template(1, 7, b"vec!", 0.0)])
        for _ in range(2):
            await process.next_sighting()
        with pytest.raises(EnrolError, match="stopped"):
            await process.enrol(None, "die")
        assert health.is_ok("vision") is False and process.last_frame("face-1") is None
        assert not any(view.up for view in process.views())
        with pytest.raises(EnrolError, match="not running"):
            await process.enrol(b"a picture", None)
        await process.next_sighting()
        assert health.is_ok("vision")

    told = play(tmp_path, scene)
    assert len([message for message in told if "cameras" in message]) == 2
    assert [message for message in told if "gallery" in message][-1]["gallery"]


def test_a_child_that_does_not_end_is_killed_though_its_task_is_cancelled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.05)
    monkeypatch.setattr(vision_process, "STOP_S", 0.3)
    stays = CHILD + "import time; log.write(json.dumps({'pid': os.getpid()})); log.flush(); time.sleep(60)"

    async def scene(process: VisionProcess, health: Health) -> None:
        await process.next_sighting()

    pid = play(tmp_path, scene, stays)[-1]["pid"]
    assert isinstance(pid, int)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_that_takes_nothing_is_killed_and_started_again_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vision_process, "TAKE_S", 0.2)
    monkeypatch.setattr(vision_process, "STOP_S", 0.1)
    monkeypatch.setattr(vision_process, "RESTART_S", (0.01, 0.01))
    deaf = CHILD.replace("for line in sys.stdin:", "say(face=face)\nwhile True:\n    import time; time.sleep(60)")
    large = [Template(number, number, bytes(512), 0.0) for number in range(1000)]  # more than a pipe holds

    async def scene(process: VisionProcess, health: Health) -> None:
        await process.next_sighting()
        await process.set_gallery(large)
        await process.next_sighting()

    assert not play(tmp_path, scene, deaf)
