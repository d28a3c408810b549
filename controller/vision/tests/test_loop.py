"""The worker's loop on cameras and tasks that stand still: what is shed, what breaks, who is told."""

from __future__ import annotations

import io
import json
import time
from typing import Any, cast

import av
import pytest

from controller.vision import worker as worker_module
from controller.vision.capture import Camera, Frame
from controller.vision.channel import Channel
from controller.vision.sighting import Presence
from controller.vision.worker import STALE_S, Watched, Worker


class HeldCamera(Camera):
    """Has one frame, so old."""

    def __init__(self, age_s: float) -> None:
        super().__init__("gate", "nowhere", lambda up, why: None, lambda: None)
        picture = av.VideoFrame(64, 48, "yuv420p")
        self.frame: Frame | None = Frame("gate", 1, time.monotonic() - age_s, 5.0, picture)

    def take(self) -> Frame | None:
        frame, self.frame = self.frame, None
        return frame


class CountingTask:
    """Counts one of everything, or fails as it is told."""

    busy = True

    def __init__(self, error: Exception | None = None) -> None:
        self.seen = 0
        self.error = error

    def see(self, frame: Frame, rgb: object) -> list[Presence]:
        self.seen += 1
        if self.error is not None:
            raise self.error
        return [Presence(frame.camera, frame.at_unix, 1)]


def loop(camera: Camera, task: CountingTask) -> tuple[Worker, io.BytesIO]:
    said = io.BytesIO()
    worker = Worker(Channel(io.BytesIO(), said))
    worker._watched["gate"] = Watched(camera, cast(Any, task))
    worker._arrived.set()
    return worker, said


def messages(said: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.mark.parametrize(("age_s", "seen"), [(0.0, 1), (STALE_S + 0.1, 0)])
def test_stale_frame_is_shed(age_s: float, seen: int) -> None:
    task = CountingTask()
    worker, said = loop(HeldCamera(age_s), task)
    worker._turn()
    assert task.seen == seen
    assert [list(message) for message in messages(said)] == [["present"], ["frame", "jpeg"]] * seen


def test_ready_is_said_when_all_nets_are_warm_on_the_box_s_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []

    class Nets:
        """Of faces or plates."""

        def __init__(self, threads: int, embedder: object = None) -> None:
            done.append(threads)

        def warm(self) -> None:
            done.append("warm")

    class Plates(Nets):
        """Warm when they are made."""

        def __init__(self, threads: int) -> None:
            super().__init__(threads)
            self.warm()

    monkeypatch.setattr(worker_module, "FacePipeline", Nets)
    monkeypatch.setattr(worker_module, "PlatePipeline", Plates)
    monkeypatch.setattr(worker_module, "Embedder", lambda card, threads: done.append(("embedder", threads)))
    monkeypatch.setattr(Camera, "start", lambda camera: done.append(camera.name))
    channel = Channel(io.BytesIO(), io.BytesIO())
    monkeypatch.setattr(channel, "send", done.append)
    cameras = [{"id": kind, "url": "rtsp://nowhere", "task": kind} for kind in ("face", "plate")]
    Worker(channel)._start({"cameras": cameras, "threads": 3})
    assert done == [("embedder", 3), 3, "warm", 3, "warm", {"ready": True}, "face", "plate"]


def test_picture_that_breaks_a_task_is_logged_once_and_the_watch_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    camera, task = HeldCamera(0.0), CountingTask(ValueError("secret"))
    worker, said = loop(camera, task)
    frame = camera.frame
    for _ in range(3):
        camera.frame = frame
        worker._arrived.set()
        worker._turn()
    assert task.seen == 3 and len(caplog.records) == 1 and "secret" not in caplog.text
    task.error, camera.frame = None, frame
    worker._arrived.set()
    worker._turn()
    assert messages(said)[0] == {"present": {"camera": "gate", "at_unix": 5.0, "people": 1}}


def test_programming_error_ends_the_process_so_that_the_parent_starts_it_again() -> None:
    worker, _ = loop(HeldCamera(0.0), CountingTask(AttributeError("x")))
    with pytest.raises(AttributeError):
        worker._turn()
