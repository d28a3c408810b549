"""The cameras' process: started, fed, listened to, started again. Implements `events.ports.Vision`.

`python -m controller.vision` at a lower priority; JSON lines over its stdin and stdout. It ends when its stdin ends,
so it never outlives this process.
"""

import asyncio
import base64
import binascii
import contextlib
import itertools
import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from controller.clock import jittered
from controller.events.live import Live
from controller.events.ports import CameraView, EnrolError
from controller.health import Health
from controller.settings import Settings
from controller.store.templates import Template
from controller.tasks import surely
from controller.vision.sighting import (
    Ask,
    FaceSighting,
    FlowCount,
    PlateSighting,
    Presence,
    Sighting,
    from_message,
)

NICE = 5  # below the access process: a badge never waits for a picture
LINE_LIMIT = 8 * 1024 * 1024
SIGHTINGS_LIMIT = 100  # not yet decided; beyond it the oldest gives way
ENROL_S = 20.0
RESTART_S = (0.5, 30.0)
STOP_S = 3.0
TAKE_S = 30.0  # a child that loads its models on a slow card takes its first lines within it

_log = logging.getLogger(__name__)


class VisionProcess:
    """`run` until cancelled. Sightings wait in `next_sighting`'s bounded queue: the newest win."""

    def __init__(self, settings: Settings, live: Live, health: Health, argv: list[str] | None = None) -> None:
        self._settings = settings
        self._live = live
        self._health = health
        self._argv = argv or [sys.executable, "-m", "controller.vision"]
        self._process: asyncio.subprocess.Process | None = None
        self._ready = False
        self._cameras = {camera.id: (False, "starting") for camera in settings.cameras}
        self._frames: dict[str, bytes] = {}
        self._gallery: list[Template] = []
        self._enrols: dict[int, asyncio.Future[list[bytes]]] = {}
        self._numbers = itertools.count(1)
        self._sightings: asyncio.Queue[FaceSighting | PlateSighting] = asyncio.Queue()
        self.on_flow: Callable[[FlowCount | Presence], None] = lambda seen: None
        self.on_ask: Callable[[Ask], None] = lambda ask: None

    # -- events.ports.Vision ------------------------------------------------------------------------------------------

    def views(self) -> list[CameraView]:
        views = []
        for camera in self._settings.cameras:
            up, why = self._cameras[camera.id]
            views.append(CameraView(camera.id, camera.name, camera.task, camera.opens, up, why))
        return views

    def last_frame(self, camera: str) -> bytes | None:
        return self._frames.get(camera)

    async def enrol(self, jpeg: bytes | None, camera: str | None) -> list[bytes]:
        if not self._ready:
            raise EnrolError("face recognition is not running; wait until the cameras are up, or look at the log")
        number = next(self._numbers)
        request: dict[str, Any] = {"enrol": number}
        if jpeg is not None:
            request["jpeg"] = base64.b64encode(jpeg).decode()
        else:
            request["camera"] = camera
        answer: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self._enrols[number] = answer
        try:
            await self._tell(request)
            async with asyncio.timeout(ENROL_S):
                return await answer
        except TimeoutError:
            raise EnrolError("face recognition did not answer; try again") from None
        finally:
            self._enrols.pop(number, None)

    async def set_gallery(self, templates: list[Template]) -> None:
        self._gallery = templates
        if self._process is not None:
            await self._tell(self._gallery_line())

    # -- the process --------------------------------------------------------------------------------------------------

    async def next_sighting(self) -> FaceSighting | PlateSighting:
        """Waits for it."""
        return await self._sightings.get()

    async def run(self) -> None:
        """Keep the child running until cancelled."""
        if not self._settings.vision.enabled or not self._settings.cameras:
            return
        pause_s = RESTART_S[0]
        while True:
            began = asyncio.get_running_loop().time()
            try:
                why = await self._once()
            except OSError as error:
                why = str(error)
            self._ended(why)
            if asyncio.get_running_loop().time() - began > 60:
                pause_s = RESTART_S[0]
            await asyncio.sleep(jittered(pause_s))
            pause_s = min(pause_s * 2, RESTART_S[1])

    async def _once(self) -> str:
        """One life of the child; why it ended."""
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            start_new_session=True,
        )
        self._process = process
        _lower_priority(process.pid)
        try:
            await self._tell(
                {
                    "cameras": [camera.model_dump() for camera in self._settings.cameras],
                    "threads": self._settings.vision.threads,
                    "embedder": self._settings.vision.embedder,
                }
            )
            await self._tell(self._gallery_line())
            assert process.stdout is not None
            async for line in process.stdout:
                self._hear(line)
            return f"it ended with status {await process.wait()}"
        except ValueError:
            return "it wrote a line that is too long"
        finally:
            self._process = None
            await surely(_finish(process))  # `end` cancels again each second

    async def _tell(self, message: dict[str, Any]) -> None:
        """A child that hangs must not hold up the lists: it is killed, and `run` starts it again."""
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
            async with asyncio.timeout(TAKE_S):
                await process.stdin.drain()
        except TimeoutError:
            _log.error("the cameras' process took nothing for %.0f s; it is killed", TAKE_S)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        except (ConnectionError, RuntimeError):
            _log.debug("the cameras' process took no message")

    def _gallery_line(self) -> dict[str, Any]:
        return {
            "gallery": [
                {"person": row.person, "vector": base64.b64encode(row.vector).decode(), "stricter": row.stricter}
                for row in self._gallery
            ]
        }

    def _hear(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            if "ready" in message:
                self._ready = True
                self._health.set("vision", True)
                _log.info("face and plate recognition is ready")
            elif "up" in message:
                self._camera(message["camera"], bool(message["up"]), str(message.get("why") or ""))
            elif "frame" in message:
                if message["frame"] in self._cameras:
                    self._frames[message["frame"]] = base64.b64decode(message["jpeg"])
            elif "enrolled" in message:
                self._enrolled(message)
            else:
                self._seen(from_message(message))
        except (ValueError, TypeError, KeyError, binascii.Error) as error:
            _log.error("the cameras' process wrote a line that is not understood (%s)", type(error).__name__)

    def _seen(self, sighting: Sighting) -> None:
        if isinstance(sighting, FlowCount | Presence):
            self.on_flow(sighting)
            return
        if isinstance(sighting, Ask):
            self.on_ask(sighting)
            return
        if self._sightings.qsize() >= SIGHTINGS_LIMIT:
            self._sightings.get_nowait()
            _log.warning("sightings come faster than they are decided; the oldest gives way")
        self._sightings.put_nowait(sighting)

    def _camera(self, camera: str, up: bool, why: str) -> None:
        if camera not in self._cameras or self._cameras[camera] == (up, why):
            return
        if self._cameras[camera][0] != up:
            _log.log(logging.INFO if up else logging.WARNING, "camera %s is %s %s", camera, "up" if up else "down", why)
        self._cameras[camera] = (up, why)
        self._show_cameras()

    def _enrolled(self, message: dict[str, Any]) -> None:
        answer = self._enrols.get(message["enrolled"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(EnrolError(str(message["error"])))
        else:
            answer.set_result([base64.b64decode(vector) for vector in message["vectors"]])

    def _ended(self, why: str) -> None:
        self._ready = False
        self._frames.clear()
        self._cameras = dict.fromkeys(self._cameras, (False, "recognition is not running"))
        self._health.set("vision", False, f"recognition is not running ({why}); badges and PINs work as ever")
        _log.error("the cameras' process is gone (%s); it is started again", why)
        for answer in self._enrols.values():
            if not answer.done():
                answer.set_exception(EnrolError("face recognition stopped; try again in a minute"))
        self._show_cameras()

    def _show_cameras(self) -> None:
        for view in self.views():
            self._live.publish("camera", asdict(view))


def _lower_priority(pid: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, os.nice(0) + NICE)
    except OSError:
        _log.debug("the cameras' process keeps its priority")


async def _finish(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
