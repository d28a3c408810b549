"""The loop: the newest frame of each camera in turn, its task, its sightings. One thread sees, one a camera decodes."""

from __future__ import annotations

import base64
import binascii
import logging
import queue
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from controller.vision import motion
from controller.vision.capture import Camera, Frame
from controller.vision.channel import Channel
from controller.vision.enrol import NoTemplate, Sitting, decode, template
from controller.vision.face_task import FaceTask, to_jpeg
from controller.vision.flow_task import FlowTask
from controller.vision.people_task import PeopleTask
from controller.vision.plate_task import PlateTask
from controller.vision.sighting import Ask, FaceSighting, PlateSighting, Sighting, to_message
from models.cards import SHIPPED, embedder_card
from models.embedder import Embedder
from models.face import FacePipeline
from models.face_decision import Rule
from models.face_match import Gallery
from models.plate import PlatePipeline

STALE_S = 0.5  # an older frame is shed: a fresh one is behind it
PAGE_S = 1.0  # a picture for the page at most this often
PAGE_WIDTH_PX = 640
MESSAGES = 16  # not yet answered; the reader of the pipe waits beyond that
_log = logging.getLogger(__name__)

Task = FaceTask | PlateTask | PeopleTask | FlowTask


@dataclass(slots=True)
class Watched:
    """One camera, what is done with its frames, and who sits before it to be enrolled."""

    camera: Camera
    task: Task
    gate: motion.MotionGate = field(default_factory=motion.MotionGate)
    shown_s: float = 0.0
    broken: bool = False
    sitting: tuple[object, Sitting] | None = None
    asked: str = ""


class Worker:
    """`run` returns when the channel closes. Ready is said only when every model is loaded, checked and warm."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._watched: dict[str, Watched] = {}
        self._gallery = Gallery.empty()
        self._arrived = threading.Event()
        self._over = threading.Event()
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue(MESSAGES)
        self._faces: FacePipeline
        self._same = 0.0

    def run(self) -> None:
        """The first message names cameras and threads; ModelError when a model cannot be used."""
        threading.Thread(target=self._listen, name="channel", daemon=True).start()
        first = self._messages.get()
        if "cameras" in first:
            self._start(first)
            while not self._over.is_set():
                self._turn()
        for watched in self._watched.values():
            watched.camera.stop()

    def _listen(self) -> None:
        for message in self._channel.messages():
            self._messages.put(message)
            self._arrived.set()
        self._over.set()
        self._messages.put({})
        self._arrived.set()

    def _start(self, message: dict[str, Any]) -> None:
        threads = int(message["threads"])
        card = embedder_card(str(message.get("embedder", SHIPPED)))
        rule = Rule.of_card(card)
        self._same = rule.distance
        self._faces = FacePipeline(threads, Embedder(card, threads))
        self._faces.warm()
        plates: PlatePipeline | None = None
        for settings in message["cameras"]:
            name, kind = str(settings["id"]), settings["task"]
            task: Task
            if kind == "face":
                liveness = str(settings.get("liveness", "turn")) if settings.get("opens") else "none"
                task = FaceTask(name, self._faces, rule, liveness)
            elif kind == "plate":
                plates = plates or PlatePipeline(threads)
                task = PlateTask(name, plates)
            elif kind == "flow":
                task = FlowTask(name, tuple(float(edge) for edge in settings["lanes"]))
            else:
                task = PeopleTask(name, settings.get("line"), settings.get("zone"))
            camera = Camera(name, str(settings["url"]), self._teller(name), self._arrived.set)
            self._watched[name] = Watched(camera, task)
        self._channel.send({"ready": True})
        for watched in self._watched.values():
            watched.camera.start()

    def _teller(self, name: str) -> Any:
        return lambda up, why: self._channel.send({"camera": name, "up": up, "why": why})

    def _turn(self) -> None:
        """One frame of each camera that has a fresh one."""
        self._arrived.wait(0.5)
        self._arrived.clear()
        while not self._messages.empty():
            self._hear(self._messages.get())
        for watched in self._watched.values():
            frame = watched.camera.take()
            if frame is not None and time.monotonic() - frame.at_monotonic <= STALE_S:
                self._frame(watched, frame)
            self._sit_until(watched)

    # -- frames --------------------------------------------------------------------------------------------------------

    def _frame(self, watched: Watched, frame: Frame) -> None:
        try:
            self._see(watched, frame)
            if frame.at_monotonic - watched.shown_s >= PAGE_S:
                watched.shown_s = frame.at_monotonic
                self._show(watched.camera.name, frame)
            watched.broken = False
        except (ValueError, ArithmeticError, RuntimeError, cv2.error, FFmpegError) as error:
            if not watched.broken:  # one broken picture must not end the watch
                _log.warning("camera %s: a picture could not be used (%s)", frame.camera, type(error).__name__)
            watched.broken = True

    def _see(self, watched: Watched, frame: Frame) -> None:
        task = watched.task
        moving = watched.gate.moving(frame.grey(motion.WIDTH, motion.HEIGHT), frame.at_monotonic)
        if not (moving or task.busy or watched.sitting):
            return
        rgb = frame.rgb()
        if watched.sitting:
            self._sit(watched, rgb, frame.at_monotonic)
        for sighting in task.see(frame, rgb, self._gallery) if isinstance(task, FaceTask) else task.see(frame, rgb):
            self._tell(sighting, frame)
        if isinstance(task, FaceTask) and task.asked != watched.asked:
            watched.asked = task.asked
            self._channel.send(to_message(Ask(watched.camera.name, watched.asked)))

    def _tell(self, sighting: Sighting, frame: Frame) -> None:
        if isinstance(sighting, FaceSighting | PlateSighting):
            sighting = replace(sighting, latency_ms=(time.monotonic() - frame.at_monotonic) * 1000.0)
        self._channel.send(to_message(sighting))

    def _show(self, camera: str, frame: Frame) -> None:
        picture = frame.picture
        width = min(PAGE_WIDTH_PX, picture.width)
        small = picture.reformat(width, round(picture.height * width / picture.width), "rgb24")
        jpeg = to_jpeg(small.to_ndarray().astype(np.uint8, copy=False))
        self._channel.send({"frame": camera, "jpeg": base64.b64encode(jpeg).decode()})

    # -- gallery and enrolment -----------------------------------------------------------------------------------------

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            if "gallery" in message:
                self._gallery = _gallery(message["gallery"], self._faces.embedder.dimensions)
            elif "enrol" in message:
                self._enrol(message)
        except (ValueError, TypeError, KeyError) as error:
            _log.error("a message that is not understood is skipped (%s)", type(error).__name__)

    def _enrol(self, request: dict[str, Any]) -> None:
        """From a picture at once; from a camera over its next frames."""
        number = request["enrol"]
        try:
            if "jpeg" in request:
                rgb = decode(_bytes(request["jpeg"]))
                self._enrolled(number, [template(self._faces, rgb)])
                return
            watched = self._watched.get(str(request.get("camera")))
            if watched is None:
                raise NoTemplate("there is no such camera")
            if watched.sitting:
                raise NoTemplate("somebody else is being enrolled at this camera: try again in a few seconds")
            watched.sitting = (number, Sitting(self._faces, self._same, time.monotonic()))
        except NoTemplate as error:
            self._channel.send({"enrolled": number, "error": str(error)})

    def _sit(self, watched: Watched, rgb: NDArray[np.uint8], at_s: float) -> None:
        if watched.sitting:
            number, sitting = watched.sitting
            self._answer(watched, number, lambda: sitting.look(rgb, at_s))

    def _sit_until(self, watched: Watched) -> None:
        if watched.sitting:
            number, sitting = watched.sitting
            self._answer(watched, number, lambda: sitting.ended(time.monotonic()))

    def _answer(self, watched: Watched, number: object, ask: Any) -> None:
        try:
            vectors = ask()
        except NoTemplate as error:
            watched.sitting = None
            self._channel.send({"enrolled": number, "error": str(error)})
            return
        if vectors is not None:
            watched.sitting = None
            self._enrolled(number, vectors)

    def _enrolled(self, number: object, vectors: list[NDArray[np.float32]]) -> None:
        coded = [base64.b64encode(vector.astype("<f4").tobytes()).decode() for vector in vectors]
        self._channel.send({"enrolled": number, "vectors": coded})


def _bytes(coded: Any) -> bytes:
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, TypeError):
        raise NoTemplate("the picture did not arrive whole: send it again") from None


def _gallery(rows: Any, dimensions: int) -> Gallery:
    """ValueError for a vector that is not one of ours."""
    if not rows:
        return Gallery.empty()
    vectors = np.stack([np.frombuffer(base64.b64decode(row["vector"]), "<f4") for row in rows])
    if vectors.shape[1] != dimensions or not np.isfinite(vectors).all():
        raise ValueError("a template has the wrong form")
    persons = np.array([int(row["person"]) for row in rows], np.int64)
    return Gallery(vectors.astype(np.float32), persons, {int(row["person"]): float(row["stricter"]) for row in rows})
