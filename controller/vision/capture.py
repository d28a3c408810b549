"""Camera to newest frame: one thread a camera, one slot, no queue. A stream that stops is opened again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import av
import numpy as np
from av.error import ExitError, HTTPNotFoundError, HTTPUnauthorizedError, InvalidDataError
from numpy.typing import NDArray

RETRY_S = 0.5
REACH_S = 1.0  # a host that is off answers nothing: ask again soon, the kernel's own next try may be seconds away
OPEN_S = 5.0  # from connection to description; small cameras take seconds after a boot
SILENT_S = 1.2  # without a packet. FFmpeg's RTSP waits this long twice (measured), so a hung stream ends after 2.4 s
BAD_PACKETS = 50  # in a row, before the stream is opened anew: a few seconds of video
RTSP = {"rtsp_transport": "tcp", "flags": "low_delay", "analyzeduration": "300000"}
"""No `fflags nobuffer`: it throws away the key frame that came while probing, and the next may be 4 s away."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded picture. `seq` counts from the first one of the process; conversions happen when asked for."""

    camera: str
    seq: int
    at_monotonic: float
    at_unix: float
    picture: av.VideoFrame = field(repr=False)

    def rgb(self) -> NDArray[np.uint8]:
        """(height, width, 3), uint8."""
        return self.picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)

    def grey(self, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width), uint8, area-averaged; a twentieth of the work of `rgb`."""
        small = self.picture.reformat(width, height, "gray", interpolation="AREA")
        return small.to_ndarray().astype(np.uint8, copy=False)


class Camera:
    """Keeps the newest frame of one source. `told(up, why)` hears each change of its state, and nothing twice."""

    def __init__(self, name: str, url: str, told: Callable[[bool, str], None], arrived: Callable[[], None]) -> None:
        self.name = name
        self._url = url
        self._told = told
        self._arrived = arrived
        self._slot: Frame | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._seq = 0
        self._state: tuple[bool, str] | None = None
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; its thread is gone after at most one time-out."""
        self._over.set()

    def take(self) -> Frame | None:
        """The newest frame, once."""
        with self._lock:
            frame, self._slot = self._slot, None
        return frame

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._stream()
                why = "the stream ended"
            except Exception as error:  # noqa: BLE001 - whatever it is, the guard must see that there is no picture
                why = in_words(error)
            self._tell(False, why)
            self._over.wait(RETRY_S)

    def _stream(self) -> None:
        with _open(self._url) as container:
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"  # frame threads hold frames back, and the newest is what counts
            pace = None if _live(self._url) else Pace()
            for picture in pictures(container, stream):
                if self._over.is_set():
                    return
                if pace is not None:
                    pace.wait(picture.time)
                self._seq += 1
                frame = Frame(self.name, self._seq, time.monotonic(), time.time(), picture)
                with self._lock:
                    self._slot = frame
                self._tell(True, "")
                self._arrived()

    def _tell(self, up: bool, why: str) -> None:
        if self._state != (up, why):
            self._state = (up, why)
            self._told(up, why)


def pictures(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Decoded pictures; damaged ones are left out, and single packets that cannot be decoded end nothing."""
    bad = 0
    for packet in container.demux(stream):
        try:
            pictures = packet.decode()
        except InvalidDataError:
            bad += 1
            if bad > BAD_PACKETS:
                raise
            continue
        for picture in pictures:
            bad = 0
            if isinstance(picture, av.VideoFrame) and not picture.is_corrupt:
                yield picture


def in_words(error: Exception) -> str:
    """Why there is no picture, for the guard. Never the address: it may hold a password."""
    if isinstance(error, ConnectionRefusedError):
        return "the camera refuses the connection: is its video service on?"
    if isinstance(error, (TimeoutError, ExitError)):
        return "the camera does not answer: check its power and cable"
    if isinstance(error, HTTPUnauthorizedError):
        return "the camera refuses user name or password: mend its address in the site file"
    if isinstance(error, (HTTPNotFoundError, FileNotFoundError)):
        return "there is no such stream or file: mend the camera's address in the site file"
    if isinstance(error, LookupError):
        return "the source has no video"
    if isinstance(error, (EOFError, InvalidDataError)):
        return "what comes is no video that can be read"
    return f"no picture ({type(error).__name__})"


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
        return av.open(f"/dev/video{url}", format="v4l2", timeout=(OPEN_S, SILENT_S))
    if url.startswith("rtsp://"):
        _reach(url)
        return av.open(url, options=RTSP, timeout=(OPEN_S, SILENT_S))
    return av.open(url, timeout=(OPEN_S, SILENT_S) if _live(url) else None)


def _reach(url: str) -> None:
    """OSError when nobody listens there."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 554), timeout=REACH_S):
        pass
