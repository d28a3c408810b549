"""Camera to newest frame: one thread a camera, one slot, no queue. A stream that stops is opened again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

RETRY_S = 0.5  # a stream is back within 3 s of its source: at most one time-out and one of these
STALL_S = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded picture. `seq` counts from the first one of the process; `rgb()` converts it."""

    camera: str
    seq: int
    at_monotonic: float
    at_unix: float
    picture: av.VideoFrame = field(repr=False)

    def rgb(self) -> NDArray[np.uint8]:
        """(height, width, 3), uint8."""
        return self.picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


class Camera:
    """Keeps the newest frame of one source. `told(up, why)` hears each change of its state."""

    def __init__(self, name: str, url: str, told: Callable[[bool, str], None], arrived: Callable[[], None]) -> None:
        self.name = name
        self._url = url
        self._told = told
        self._arrived = arrived
        self._slot: Frame | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._seq = 0
        self._up = False
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()

    def take(self) -> Frame | None:
        """The newest frame, once."""
        with self._lock:
            frame, self._slot = self._slot, None
        return frame

    def _run(self) -> None:
        why = "no picture yet"
        while not self._over.is_set():
            try:
                self._stream()
                why = "the stream ended"
            except (FFmpegError, OSError, ValueError) as error:
                why = f"no picture ({type(error).__name__})"
            self._state(False, why)
            self._over.wait(RETRY_S)

    def _stream(self) -> None:
        with _open(self._url) as container:
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"  # frame threads hold frames back, and the newest is what counts
            pace = None if _live(self._url) else Pace()
            for picture in container.decode(stream):
                if self._over.is_set():
                    return
                if pace is not None:
                    pace.wait(picture.time)
                self._seq += 1
                frame = Frame(self.name, self._seq, time.monotonic(), time.time(), picture)
                with self._lock:
                    self._slot = frame
                self._state(True, "")
                self._arrived()

    def _state(self, up: bool, why: str) -> None:
        if self._up != up or not up:
            self._up = up
            self._told(up, why)


class Pace:
    """A file is played at its own speed."""

    def __init__(self) -> None:
        self._began: float | None = None

    def wait(self, at_s: float | None) -> None:
        """Until it is time for the picture at `at_s` of the file."""
        if at_s is None:
            return
        now = time.monotonic()
        if self._began is None:
            self._began = now - at_s
        time.sleep(max(0.0, min(1.0, self._began + at_s - now)))


def _live(url: str) -> bool:
    return url.isdigit() or "://" in url


def _open(url: str) -> av.container.InputContainer:
    if url.isdigit():
        return av.open(f"/dev/video{url}", format="v4l2", timeout=STALL_S)
    if url.startswith("rtsp://"):
        options = {"rtsp_transport": "tcp", "fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "300000"}
        return av.open(url, options=options, timeout=STALL_S)
    return av.open(url, timeout=STALL_S if _live(url) else None)
