"""Starts the simulated cameras, encodes their scenes, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import struct
import threading
import time
from fractions import Fraction
from pathlib import Path

import av

from tools import processes
from tools.broker import free_port
from tools.cameras.scenes import SIZE, DoorScene, GateScene, PlazaScene, filmed
from tools.setup import system

FPS = 8
_START_S = 15.0
_BACKLOG = 1_000_000  # bytes: about five seconds of video
_SERVER = Path(__file__).with_name("rtsp_server.py")


class CameraError(Exception):
    """The RTSP server does not run; the message says why."""


class CameraFarm:
    """Three cameras, `face`, `plate` and `people`, on one loopback port."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self.door = DoorScene()
        self.gate = GateScene()
        self._scenes: dict[str, DoorScene | GateScene | PlazaScene] = {
            "face": self.door,
            "plate": self.gate,
            "people": PlazaScene(),
        }
        self._process: asyncio.subprocess.Process | None = None
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._dropping: set[int] = set()

    def url(self, name: str) -> str:
        """Where camera `name` is served."""
        return f"rtsp://127.0.0.1:{self.port}/{name}"

    def show_face(self, portrait: Path, box: tuple[int, int, int, int]) -> None:
        """Somebody with the face of `portrait` walks up to the door; `box` is head and shoulders in it, px."""
        self.door.show(portrait, box, time.monotonic())

    def show_car(self, text: str, colour: str = "blue") -> None:
        """A car with this plate drives up to the gate."""
        self.gate.show(text, colour, time.monotonic())

    def clear(self) -> None:
        """Nobody at the door, no car at the gate."""
        self.door.clear()
        self.gate.clear()

    async def start(self) -> None:
        """Returns when the streams can be watched; CameraError otherwise."""
        command = system.gst_python()
        self._process = await processes.spawn(
            [*command.argv, str(_SERVER), str(self.port), *self._scenes],
            command.env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await self._ready(self._process)
        except BaseException:
            await self.stop()
            raise
        self._over.clear()
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._film, args=(loop,), name="cameras", daemon=True)
        self._thread.start()

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None and process.stderr is not None
        try:
            async with asyncio.timeout(_START_S):
                line = await process.stdout.readline()
        except TimeoutError:
            raise CameraError(f"the RTSP server has not started within {_START_S:.0f} s") from None
        if line.strip() != b"ready":
            await processes.finish(process)
            words = (await process.stderr.read())[-300:].decode(errors="replace")
            raise CameraError(f"the RTSP server did not start: {words.strip() or 'no word from it'}")

    def freeze(self) -> None:
        """The cameras hang: connections stay, nothing comes, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """They go on."""
        self._signal(signal.SIGCONT)

    def cut_power(self) -> None:
        """All cameras are gone at once; `stop` still has to be called."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self) -> None:
        """Orderly; the streams end."""
        self._over.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        if self._process is not None:
            await processes.finish(self._process)
            await self._process.communicate()  # closes its pipes

    def _film(self, loop: asyncio.AbstractEventLoop) -> None:
        encoders = [_encoder() for _ in self._scenes]
        number = 0
        began = time.monotonic()
        while not self._over.is_set():
            for index, (scene, encoder) in enumerate(zip(self._scenes.values(), encoders, strict=True)):
                picture = av.VideoFrame.from_ndarray(filmed(scene.draw(time.monotonic()), number), format="rgb24")
                picture.pts = number
                for packet in encoder.encode(picture):
                    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody watches any more
                        loop.call_soon_threadsafe(self._send, index, bytes(packet), packet.is_keyframe)
            number += 1
            self._over.wait(max(0.0, began + number / FPS - time.monotonic()))

    def _send(self, index: int, unit: bytes, key: bool) -> None:
        """To the server; while it takes nothing, pictures are dropped up to the next key frame."""
        process = self._process
        if process is None or process.returncode is not None or process.stdin is None or self._over.is_set():
            return
        if process.stdin.transport.get_write_buffer_size() > _BACKLOG:
            self._dropping.add(index)
        elif key:
            self._dropping.discard(index)
        if index not in self._dropping:
            process.stdin.write(struct.pack(">BI", index, len(unit)) + unit)


def _encoder() -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = SIZE
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, FPS)
    encoder.framerate = Fraction(FPS, 1)
    encoder.gop_size = FPS
    encoder.thread_count = 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "24", "x264-params": "repeat-headers=1"}
    return encoder
