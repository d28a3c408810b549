"""The child process itself, `python -m controller.vision`, on real RTSP and real models, as its parent has it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from models.cards import default_set, home
from models.face_embedder.build import DIMENSIONS
from tools.cameras.farm import CameraFarm
from tools.demo import cast
from tools.setup import system
from tools.setup.places import ROOT

SOON_S = 15.0  # on a machine that does much else
RESIDENT = 7
PLATE = "皖A12345"


class Child:
    """The process, what it said so far, and its standard error."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.said: list[dict[str, Any]] = []
        self._stderr = folder / "stderr"
        self._news = threading.Condition()
        paths = os.pathsep.join([str(ROOT), str(ROOT / "firmware")])
        env = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(folder), "HOME": str(folder), **(environment or {})}
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-B", "-m", "controller.vision"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=folder,
                env=env,
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def stderr(self) -> str:
        return self._stderr.read_text("utf-8")

    def tell(self, **message: object) -> None:
        self.tell_line(json.dumps(message).encode())

    def tell_line(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def wait(self, true: Callable[[dict[str, Any]], bool], after: int = 0, timeout_s: float = SOON_S) -> dict[str, Any]:
        """The first message from number `after` on of which it is true."""
        until = time.monotonic() + timeout_s
        with self._news:
            while True:
                for message in self.said[after:]:
                    if true(message):
                        return message
                assert self._news.wait(until - time.monotonic()), [list(said) for said in self.said[-5:]]

    def end(self) -> int:
        """Close its input, as a parent that ends; its exit status."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        try:
            return self.process.wait(SOON_S)
        finally:
            self.process.kill()
            self._reader.join()
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.said.append(json.loads(line))
                self._news.notify_all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the process works; whatever it wrote would be here."""
    missing = [card.name for card in default_set() if not card.file.exists()]
    if missing:
        pytest.skip(f"models are not built ({', '.join(missing)}): run `make setup`")
    return tmp_path


@pytest.fixture
def child(folder: Path) -> Iterator[Child]:
    """One that has been told nothing yet."""
    with Child(folder) as running:
        yield running


def watch(child: Child, **urls: str) -> None:
    """Ready with these cameras, each named after its task."""
    child.tell(cameras=[{"id": task, "url": url, "task": task} for task, url in urls.items()], threads=1)
    child.wait(lambda message: "ready" in message)


def up(camera: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message.get("camera") == camera and message.get("up") is True


def enrol_resident(child: Child) -> None:
    picture = system.demo_pictures()["resident"].read_bytes()
    child.tell(enrol=1, jpeg=base64.b64encode(picture).decode())
    vectors = child.wait(lambda message: message.get("enrolled") == 1)["vectors"]
    assert [len(base64.b64decode(vector)) for vector in vectors] == [4 * DIMENSIONS]
    child.tell(gallery=[{"person": RESIDENT, "vector": vector, "stricter": 0} for vector in vectors])


def visit(child: Child, farm: CameraFarm, who: str) -> dict[str, Any]:
    """The sighting of somebody who walks up to the door."""
    after = len(child.said)
    farm.show_face(system.demo_pictures()[who], cast.PORTRAITS[who])
    seen: dict[str, Any] = child.wait(lambda message: "face" in message, after)["face"]
    return seen


def test_resident_stranger_and_plate_are_told_apart_and_nothing_is_written(farm: CameraFarm, folder: Path) -> None:
    with Child(folder) as child:
        watch(child, face=farm.url("face"), plate=farm.url("plate"))
        enrol_resident(child)
        child.wait(up("face"))
        child.wait(up("plate"))
        resident = visit(child, farm, "resident")
        assert resident["person"] == RESIDENT and resident["frames"] >= 2
        farm.show_car(PLATE)
        plate = child.wait(lambda message: "plate" in message)["plate"]
        assert plate["text"] == PLATE and plate["direction"] == "in" and plate["confidence"] > 0.9
        farm.clear()
        time.sleep(2.0)  # the track before is over after 1.2 s
        stranger = visit(child, farm, "stranger")
        assert stranger["person"] is None and stranger["frames"] == 3
        for sighting in (resident, stranger, plate):
            assert base64.b64decode(sighting["jpeg"])[:2] == b"\xff\xd8"
            assert 0 < sighting["latency_ms"] < 2000
        assert child.end() == 0
    assert {file.name for file in folder.rglob("*")} == {"stderr"}
    assert PLATE not in child.stderr


def test_a_resident_s_picture_is_asked_to_move_and_is_not_live_when_it_is_taken_away(
    farm: CameraFarm, child: Child
) -> None:
    camera = {"id": "door", "url": farm.url("face"), "task": "face", "opens": "b1-u1", "liveness": "random"}
    child.tell(cameras=[camera], threads=1)
    child.wait(lambda message: "ready" in message)
    enrol_resident(child)
    child.wait(up("door"))
    farm.show_face(system.demo_pictures()["resident"], cast.PORTRAITS["resident"])
    asked = child.wait(lambda message: "ask" in message)["ask"]
    assert asked["camera"] == "door" and asked["asked"] in ("left", "right", "up", "down")
    after = len(child.said)
    farm.clear()
    seen = child.wait(lambda message: "face" in message, after)["face"]
    assert (seen["person"], seen["live"]) == (RESIDENT, False)
    child.wait(lambda message: message.get("ask") == {"camera": "door", "asked": ""}, after)


def test_page_gets_at_most_one_picture_a_second(farm: CameraFarm, child: Child) -> None:
    watch(child, people=farm.url("people"))
    child.wait(up("people"))
    time.sleep(3.0)
    pictures = [message for message in child.said if "frame" in message]
    assert 2 <= len(pictures) <= 5
    assert all(len(base64.b64decode(picture["jpeg"])) < 100_000 for picture in pictures)


def test_camera_that_restarts_is_up_again(farms: Callable[[int], CameraFarm], child: Child) -> None:
    farm = farms(0)
    watch(child, face=farm.url("face"))
    child.wait(up("face"))
    farm.cut_power()
    child.wait(lambda message: message.get("up") is False, after=len(child.said) - 1)
    after = len(child.said)
    farms(farm.port)
    served = time.monotonic()
    child.wait(up("face"), after)
    assert time.monotonic() - served < 3.0


def test_broken_films_do_not_end_the_watch(child: Child, tmp_path: Path) -> None:
    for name, content in (("garbage.h264", os.urandom(200_000)), ("empty.mp4", b"")):
        (tmp_path / name).write_bytes(content)
    watch(child, face=str(tmp_path / "garbage.h264"), plate=str(tmp_path / "empty.mp4"))
    for camera in ("face", "plate"):
        child.wait(lambda message, camera=camera: message.get("camera") == camera and not message["up"])  # type: ignore[misc]
    child.tell(enrol=5, camera="face")
    assert "no picture" in child.wait(lambda message: message.get("enrolled") == 5)["error"]


def test_messages_that_make_no_sense_are_answered_or_skipped(child: Child) -> None:
    watch(child)
    child.tell_line(b"{broken")
    child.tell_line(b"[1, 2]")
    child.tell(gallery=[{"person": 1, "vector": "AAAA", "stricter": 0}])
    child.tell(enrol=1, jpeg="not base64 at all!")
    assert "did not arrive whole" in child.wait(lambda message: message.get("enrolled") == 1)["error"]
    child.tell(enrol=2, jpeg=base64.b64encode(b"no picture").decode())
    assert "JPEG or PNG" in child.wait(lambda message: message.get("enrolled") == 2)["error"]
    child.tell(enrol=3, camera="cellar")
    assert "no such camera" in child.wait(lambda message: message.get("enrolled") == 3)["error"]
    assert child.end() == 0
    assert child.stderr.count("skipped") == 3


def test_model_with_another_digest_is_refused(folder: Path) -> None:
    other = folder / "home"
    shutil.copytree(home() / "models", other / "models")
    file = other / "models" / "face_embedder.tflite"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with Child(folder, {"MENSHEN_HOME": str(other)}) as child:
        child.tell(cameras=[], threads=1)
        assert child.process.wait(SOON_S) == 2
        assert not child.said
    error = next(json.loads(line) for line in child.stderr.splitlines() if '"ERROR"' in line)
    assert error["message"].startswith("face_embedder: ") and "refused. Next step: " in error["message"]


def test_parent_that_is_killed_takes_it_along(folder: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'controller.vision'], stdin=subprocess.PIPE)\n"
        'child.stdin.write(b\'{"cameras": [], "threads": 1}\\n\'); child.stdin.flush()\n'
        "print(child.pid, flush=True); time.sleep(60)"
    )
    paths = os.pathsep.join([str(ROOT), str(ROOT / "firmware")])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=folder, env={**os.environ, "PYTHONPATH": paths}
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert b"ready" in parent.stdout.readline()
        parent.kill()
    until = time.monotonic() + SOON_S
    while _runs(child):
        assert time.monotonic() < until, "it outlived its parent"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
