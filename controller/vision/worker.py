"""The loop: the newest frame of each camera in turn, its task, its sightings. One thread sees, one a camera decodes."""

from __future__ import annotations

import base64
import logging
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from models.face import FacePipeline

from controller.vision.capture import Camera, Frame
from controller.vision.channel import Channel
from controller.vision.enrol import NoTemplate, decode, template
from controller.vision.face_task import FaceTask, to_jpeg
from controller.vision.match import Gallery
from controller.vision.motion import MotionGate
from controller.vision.people_task import PeopleTask
from controller.vision.plate_task import PlateTask
from controller.vision.sighting import FaceSighting, to_json
from models.cards import load_card
from models.plate import PlatePipeline

STALE_S = 0.5  # an older frame is shed: a fresh one is behind it
PAGE_S = 1.0  # a picture for the page at most this often
PAGE_WIDTH_PX = 640
ENROL_TRIES_S = 6.0
ENROL_SHOTS = 3
_log = logging.getLogger(__name__)

Task = FaceTask | PlateTask | PeopleTask


@dataclass(slots=True)
class Watched:
    """One camera, what is done with its frames, and when the page last got one."""

    camera: Camera
    task: Task
    gate: MotionGate = field(default_factory=MotionGate)
    shown_s: float = 0.0
    last: Frame | None = None


class Worker:
    """`run` returns when the channel closes. Ready is said only when every model is loaded, checked and warm."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._watched: dict[str, Watched] = {}
        self._gallery = Gallery.empty()
        self._arrived = threading.Event()
        self._over = threading.Event()
        self._requests: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._faces: FacePipeline

    def run(self) -> None:
        """Read the channel; the first message names cameras and threads."""
        for message in self._channel.messages():
            if "cameras" in message:
                self._start(message)
            elif "gallery" in message:
                self._gallery = _gallery(message["gallery"])
            elif "enrol" in message:
                with self._lock:
                    self._requests.append(message)
                self._arrived.set()
        self._over.set()
        self._arrived.set()
        for watched in self._watched.values():
            watched.camera.stop()

    def _start(self, message: dict[str, Any]) -> None:
        threads = int(message["threads"])
        card = load_card("face_embedder")
        self._faces = FacePipeline(threads=threads)
        self._faces.warm()
        plates: PlatePipeline | None = None
        for settings in message["cameras"]:
            name, task = str(settings["id"]), str(settings["task"])
            if task == "plate" and plates is None:
                plates = PlatePipeline(threads=threads)
            made: Task
            if task == "face":
                made = FaceTask(name, self._faces, card.thresholds["distance"], card.thresholds["margin"])
            elif task == "plate" and plates is not None:
                made = PlateTask(name, plates)
            else:
                made = PeopleTask(name)
            camera = Camera(name, str(settings["url"]), self._teller(name), self._arrived.set)
            self._watched[name] = Watched(camera, made)
        threading.Thread(target=self._see, name="seeing", daemon=True).start()
        self._channel.send({"ready": True})
        for watched in self._watched.values():
            watched.camera.start()

    def _teller(self, name: str) -> Any:
        return lambda up, why: self._channel.send({"camera": name, "up": up, "why": why})

    def _see(self) -> None:
        while not self._over.is_set():
            self._arrived.wait(0.5)
            self._arrived.clear()
            self._answer()
            for watched in self._watched.values():
                frame = watched.camera.take()
                if frame is not None and time.monotonic() - frame.at_monotonic <= STALE_S:
                    self._frame(watched, frame)

    def _frame(self, watched: Watched, frame: Frame) -> None:
        watched.last = frame
        task = watched.task
        try:
            rgb = frame.rgb()
            if watched.gate.moving(rgb, frame.at_monotonic) or task.busy:
                seen = task.see(frame, rgb, self._gallery) if isinstance(task, FaceTask) else task.see(frame, rgb)
                for sighting in seen:
                    self._tell(sighting, frame)
            if frame.at_monotonic - watched.shown_s >= PAGE_S:
                watched.shown_s = frame.at_monotonic
                self._show(watched, rgb)
        except (ValueError, ArithmeticError) as error:  # one broken picture must not end the watch
            _log.warning("camera %s: a picture could not be used (%s)", frame.camera, type(error).__name__)

    def _tell(self, sighting: Any, frame: Frame) -> None:
        if isinstance(sighting, dict):
            self._channel.send({"people": sighting})
            return
        latency_ms = (time.monotonic() - frame.at_monotonic) * 1000.0
        kind = "face" if isinstance(sighting, FaceSighting) else "plate"
        self._channel.send({kind: to_json(replace(sighting, latency_ms=latency_ms))})

    def _show(self, watched: Watched, rgb: Any) -> None:
        step = max(1, round(rgb.shape[1] / PAGE_WIDTH_PX))
        jpeg = to_jpeg(np.ascontiguousarray(rgb[::step, ::step]))
        self._channel.send({"frame": watched.camera.name, "jpeg": base64.b64encode(jpeg).decode()})

    # -- enrolment ---------------------------------------------------------------------------------------------------

    def _answer(self) -> None:
        with self._lock:
            requests, self._requests = self._requests, []
        for request in requests:
            answer: dict[str, object] = {"enrolled": request["enrol"]}
            try:
                vectors = self._vectors(request)
                answer["vectors"] = [base64.b64encode(vector.astype("<f4").tobytes()).decode() for vector in vectors]
            except NoTemplate as error:
                answer["error"] = str(error)
            self._channel.send(answer)

    def _vectors(self, request: dict[str, Any]) -> list[Any]:
        if "jpeg" in request:
            return [template(self._faces, decode(base64.b64decode(request["jpeg"])))]
        watched = self._watched.get(str(request.get("camera")))
        if watched is None:
            raise NoTemplate("there is no such camera")
        return self._live(watched.camera)

    def _live(self, camera: Camera) -> list[Any]:
        """Up to three shots of whoever stands before the camera now."""
        vectors: list[Any] = []
        reason = NoTemplate("the camera gives no picture")
        until = time.monotonic() + ENROL_TRIES_S
        while len(vectors) < ENROL_SHOTS and time.monotonic() < until:
            frame = camera.take()
            if frame is None:
                time.sleep(0.05)
                continue
            try:
                vectors.append(template(self._faces, frame.rgb()))
                time.sleep(0.3)
            except NoTemplate as error:
                reason = error
        if not vectors:
            raise reason
        return vectors


def _gallery(rows: Any) -> Gallery:
    if not rows:
        return Gallery.empty()
    vectors = np.stack([np.frombuffer(base64.b64decode(row["vector"]), "<f4") for row in rows])
    return Gallery(vectors.astype(np.float32), np.array([int(row["person"]) for row in rows], np.int64))
