"""Capture from real RTSP, from files and from nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from controller.vision import capture
from controller.vision.capture import RETRY_S, Camera, Frame
from tools.cameras.farm import CameraFarm

BACK_S = 3.0  # DESIGN.md §6


class Watcher:
    """A camera and what it told."""

    def __init__(self, url: str) -> None:
        self.told: list[tuple[bool, str]] = []
        self.arrived = threading.Event()
        self.camera = Camera("test", url, lambda up, why: self.told.append((up, why)), self.arrived.set)

    def frame(self, timeout_s: float = 10.0) -> Frame:
        """The next frame."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            self.arrived.wait(0.05)
            self.arrived.clear()
            frame = self.camera.take()
            if frame is not None:
                return frame
        raise AssertionError(f"no frame within {timeout_s} s: {self.told[-1:]}")

    def wait(self, true: Callable[[], bool], timeout_s: float) -> float:
        """Seconds until it is true."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < timeout_s, self.told[-3:]
            time.sleep(0.02)
        return time.monotonic() - began


def film(file: Path, count: int, width: int = 64, height: int = 48) -> None:
    """A small H.264 film of `count` noisy pictures at 10 per second."""
    rng = np.random.default_rng(3)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(count):
            picture = av.VideoFrame.from_ndarray(rng.integers(0, 255, (height, width, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


class Wire:
    """A TCP relay on loopback that can be cut and mended at once."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._joined: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accept()

    def cut(self) -> None:
        """Both sides see the connection end; nobody listens any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._joined:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accept()

    def _accept(self) -> None:
        self._thread = threading.Thread(target=self._join, args=(self._listener,))
        self._thread.start()

    def _join(self, listener: socket.socket) -> None:
        carriers = []
        with contextlib.suppress(OSError):
            while True:
                near = listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._to))
                self._joined += [near, far]
                for source, sink in ((near, far), (far, near)):
                    carriers.append(threading.Thread(target=_carry, args=(source, sink)))
                    carriers[-1].start()
        for carrier in carriers:
            carrier.join()
        for end in self._joined:
            end.close()
        self._joined.clear()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def test_stream_that_stops_is_back_soon_after_its_source(farm: CameraFarm) -> None:
    wire = Wire(farm.port)
    watcher = Watcher(f"rtsp://127.0.0.1:{wire.port}/face")
    watcher.camera.start()
    try:
        first = watcher.frame()
        assert first.rgb().shape == (540, 960, 3)
        for away_s in (0.2, 1.0, 3.0):
            wire.cut()
            watcher.wait(lambda: not watcher.told[-1][0], 3.0)
            time.sleep(away_s)
            watcher.camera.take()
            wire.mend()
            served = time.monotonic()
            assert watcher.frame().at_monotonic - served < BACK_S
        assert sum(up for up, _ in watcher.told) == 4
    finally:
        watcher.camera.stop()
        wire.cut()


def test_stream_that_hangs_is_noticed_and_is_back(farm: CameraFarm) -> None:
    watcher = Watcher(farm.url("face"))
    watcher.camera.start()
    try:
        watcher.frame()
        farm.freeze()
        assert watcher.wait(lambda: not watcher.told[-1][0], 5.0) < BACK_S
        assert "does not answer" in watcher.told[-1][1]
        watcher.camera.take()
        farm.thaw()
        served = time.monotonic()
        assert watcher.frame().at_monotonic - served < BACK_S
    finally:
        watcher.camera.stop()


def test_slot_holds_only_the_newest_frame(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", 30)
    watcher = Watcher(str(tmp_path / "a.mp4"))
    watcher.camera.start()
    try:
        first = watcher.frame()
        time.sleep(0.5)  # five pictures pass that nobody takes: the file plays in real time
        second = watcher.frame()
        assert second.seq - first.seq >= 3
        assert time.monotonic() - second.at_monotonic < 0.3
    finally:
        watcher.camera.stop()


def test_file_that_ends_starts_again(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", 3)
    watcher = Watcher(str(tmp_path / "a.mp4"))
    watcher.camera.start()
    try:
        watcher.wait(lambda: (False, "the stream ended") in watcher.told, 5)
        watcher.wait(lambda: watcher.frame().seq > 3, 5)
    finally:
        watcher.camera.stop()


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"no film at all" * 100])
def test_broken_source_is_said_and_does_not_end_the_watch(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(content)
    watcher = Watcher(str(file))
    watcher.camera.start()
    try:
        watcher.wait(lambda: bool(watcher.told), 5)
        assert all(not up for up, _ in watcher.told)
        film(tmp_path / "good.mp4", 20)
        (tmp_path / "good.mp4").rename(file)
        assert watcher.frame().rgb().shape == (48, 64, 3)
    finally:
        watcher.camera.stop()


def test_truncated_film_gives_what_it_has(tmp_path: Path) -> None:
    film(tmp_path / "whole.mkv", 30)
    content = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(content[: len(content) // 2])
    watcher = Watcher(str(tmp_path / "a.mkv"))
    watcher.camera.start()
    try:
        assert watcher.frame().rgb().shape == (48, 64, 3)
    finally:
        watcher.camera.stop()


def test_damaged_film_is_watched_to_its_end(tmp_path: Path) -> None:
    film(tmp_path / "whole.h264", 40)
    content = bytearray((tmp_path / "whole.h264").read_bytes())
    rng = np.random.default_rng(4)
    for at in rng.integers(len(content) // 4, len(content) // 2, 200):
        content[at] ^= 0xFF
    (tmp_path / "a.h264").write_bytes(content)
    watcher = Watcher(str(tmp_path / "a.h264"))
    watcher.camera.start()
    try:
        watcher.wait(lambda: (False, "the stream ended") in watcher.told, 10)
        assert watcher.frame().seq > 20
    finally:
        watcher.camera.stop()


def test_picture_that_changes_its_size_is_seen_in_the_new_one(tmp_path: Path) -> None:
    film(tmp_path / "small.h264", 10)
    film(tmp_path / "large.h264", 10, 160, 120)
    both = (tmp_path / "small.h264").read_bytes() + (tmp_path / "large.h264").read_bytes()
    (tmp_path / "a.h264").write_bytes(both)
    frames: list[Frame | None] = []
    told: list[tuple[bool, str]] = []
    over = threading.Event()

    def hear(up: bool, why: str) -> None:
        told.append((up, why))
        if not up:
            over.set()

    camera = Camera("test", str(tmp_path / "a.h264"), hear, lambda: frames.append(camera.take()))
    camera.start()
    assert over.wait(5)
    camera.stop()
    assert told[:2] == [(True, ""), (False, "the stream ended")]
    seen = [frame for frame in frames if frame is not None][:20]
    assert [frame.rgb().shape for frame in seen] == [(48, 64, 3)] * 10 + [(120, 160, 3)] * 10
    assert all(frame.grey(16, 9).shape == (9, 16) for frame in seen)


def test_nobody_listens_is_said_without_the_password(unused_port: int) -> None:
    watcher = Watcher(f"rtsp://guard:secret@127.0.0.1:{unused_port}/face")
    watcher.camera.start()
    try:
        watcher.wait(lambda: bool(watcher.told), 5)
        time.sleep(2 * RETRY_S)
        assert watcher.told == [(False, "the camera refuses the connection: is its video service on?")]
    finally:
        watcher.camera.stop()


@pytest.fixture
def unused_port() -> int:
    """A loopback port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_capture_whatever_goes_wrong_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "a.mp4", 3)
    opened, errors = capture._open, [RuntimeError("of a kind that nobody thought of")]

    def sometimes(url: str) -> av.container.InputContainer:
        if errors:
            raise errors.pop()
        return opened(url)

    monkeypatch.setattr(capture, "_open", sometimes)
    watcher = Watcher(str(tmp_path / "a.mp4"))
    watcher.camera.start()
    try:
        watcher.frame(5.0)
        assert watcher.told[:2] == [(False, "no picture (RuntimeError)"), (True, "")]
    finally:
        watcher.camera.stop()
