"""Real RTSP: what is drawn arrives, several may watch, and a camera that comes back is watched again."""

from __future__ import annotations

import asyncio
import subprocess

import av
import numpy as np
import pytest

from tools.cameras import farm as cameras_farm
from tools.cameras.farm import CameraError, CameraFarm


def pictures(url: str, count: int) -> list[np.ndarray]:
    with av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "300000"}, timeout=5) as container:
        frames = container.decode(video=0)
        return [next(frames).to_ndarray(format="rgb24") for _ in range(count)]


def test_car_drives_up_on_the_stream() -> None:
    async def test() -> None:
        farm = CameraFarm()
        await farm.start()
        try:
            empty = (await asyncio.to_thread(pictures, farm.url("plate"), 2))[-1].astype(np.int16)
            farm.show_car("皖A12345")
            await asyncio.sleep(2.5)
            both = await asyncio.gather(*[asyncio.to_thread(pictures, farm.url("plate"), 2) for _ in range(2)])
            for watched in both:
                car = watched[-1].astype(np.int16)
                assert car.shape == (540, 960, 3)
                blue = (car[..., 2] - car[..., 0] > 60).mean()
                assert blue > 0.005 > (empty[..., 2] - empty[..., 0] > 60).mean()
        finally:
            await farm.stop()

    asyncio.run(test())


def test_port_in_use_is_said_in_words() -> None:
    async def test() -> None:
        first = CameraFarm()
        await first.start()
        try:
            with pytest.raises(CameraError, match=f"port {first.port}"):
                await CameraFarm(first.port).start()
        finally:
            await first.stop()

    asyncio.run(test())


def test_start_that_takes_too_long_is_given_up_and_leaves_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras_farm, "_START_S", 0.01)
    farm = CameraFarm()
    with pytest.raises(CameraError, match="not started within"):
        asyncio.run(farm.start())
    assert subprocess.run(["pgrep", "-f", f"rtsp_server.py {farm.port} "], check=False).returncode == 1


def test_stop_leaves_nobody_serving() -> None:
    async def test() -> CameraFarm:
        farm = CameraFarm()
        await farm.start()
        await farm.stop()
        return farm

    farm = asyncio.run(test())
    with pytest.raises(av.error.ConnectionRefusedError):
        pictures(farm.url("face"), 1)
