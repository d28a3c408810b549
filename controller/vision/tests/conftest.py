"""Simulated cameras over real RTSP for the tests of vision."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from tools.cameras.farm import CameraFarm
from tools.setup import system

START_S = 20.0


@pytest.fixture
def farms() -> Iterator[Callable[[int], CameraFarm]]:
    """Starts farms, on a loop of their own, on a given port or (0) a free one; all are stopped at the end."""
    try:
        system.gst_python()
        system.demo_pictures()
    except system.MissingPart as missing:
        pytest.skip(str(missing))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="farms")
    thread.start()
    started: list[CameraFarm] = []

    def start(port: int) -> CameraFarm:
        farm = CameraFarm(port)
        started.append(farm)
        asyncio.run_coroutine_threadsafe(farm.start(), loop).result(START_S)
        return farm

    try:
        yield start
    finally:
        for farm in started:
            asyncio.run_coroutine_threadsafe(farm.stop(), loop).result(START_S)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop).result()  # the transports' last callbacks
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def farm(farms: Callable[[int], CameraFarm]) -> CameraFarm:
    """Three cameras that run."""
    return farms(0)
