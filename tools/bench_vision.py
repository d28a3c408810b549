"""Frame to sighting over real RTSP, through the controller's own vision process: `menshen bench vision`."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.settings import VisionSettings
from controller.vision_process import NICE
from tools import processes
from tools.bench import Report, spread
from tools.cameras.farm import FPS, CameraFarm
from tools.demo import cast
from tools.machine import describe
from tools.setup import system
from tools.setup.places import ROOT

PASSAGES = 20
_EMPTY_S = 3.5  # nothing in view, so that the next one is a passage of its own
_PATIENCE_S = 30.0


def bench_vision() -> Report:
    """One face camera, then one plate camera, each with 20 passages.

    `frame_to_sighting`: arrival of the deciding frame → sighting. `view_to_sighting`: the visitor or car comes into the
    camera's view → sighting out of the process (two good pictures of a face, three of a plate, at `fps`).
    """
    figures: dict[str, object] = {"fps": FPS, "passages": PASSAGES}
    for task in ("face", "plate"):
        seen = asyncio.run(passages(task))
        figures[task] = {
            "frame_to_sighting": spread(seen.frame_ms),
            "view_to_sighting": spread(seen.view_ms),
            "process_share_of_a_core": round(seen.share_of_core, 3),
        }
    return {"name": "bench-vision", "figures": figures, "peers": {}, "machine": describe()}


class _Child:
    """The vision process with its cameras, at the controller's priority for it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, task: str, url: str, streams: int) -> _Child:
        process = await processes.spawn(
            [sys.executable, "-m", "controller.vision"],
            {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "firmware")])},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        child = cls(process)
        os.setpriority(os.PRIO_PROCESS, process.pid, os.nice(0) + NICE)
        cameras = [{"id": f"{task}{number}", "url": url, "task": task} for number in range(1, streams + 1)]
        await child.tell(cameras=cameras, threads=VisionSettings().threads)
        return child

    async def tell(self, **message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self, word: str) -> dict[str, Any]:
        """The next message that has `word`."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_PATIENCE_S):
            async for line in self._process.stdout:
                message: dict[str, Any] = json.loads(line)
                if word in message:
                    return message
        raise RuntimeError("the vision process ended: is it set up? Next step: make setup")

    def spent_s(self) -> float:
        """Processor time so far (proc(5): fields 14 and 15 of stat, in clock ticks)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        """Resident memory at its most (proc(5): VmHWM of status, in kB)."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1e3

    async def stop(self) -> None:
        await processes.finish(self._process)
        await self._process.communicate()


@dataclass(frozen=True, slots=True)
class Passed:
    """What the passages took: ms of each on each stream, the process's share of a core and its memory at most."""

    frame_ms: list[float]
    view_ms: list[float]
    share_of_core: float
    rss_mb: float
    sightings: list[dict[str, Any]]


async def passages(
    task: str, count: int = PASSAGES, streams: int = 1, passed: Callable[[], None] = lambda: None
) -> Passed:
    """Passages before one camera that is watched `streams` times at once, through the controller's own process."""
    farm = CameraFarm()
    await farm.start()
    child = await _Child.start(task, farm.url(task), streams)
    try:
        await child.hear("ready")
        await _enrol(child)
        for _ in range(streams):
            await child.hear("up")
        began, spent = time.monotonic(), child.spent_s()
        views, sightings = [], []
        for _ in range(count):
            for seen, waited_ms in await _passage(child, farm, task, streams):
                views.append(waited_ms)
                sightings.append(seen)
            passed()
        share = (child.spent_s() - spent) / (time.monotonic() - began)
        frames = [float(seen["latency_ms"]) for seen in sightings]
        return Passed(frames, views, share, child.rss_mb(), sightings)
    finally:
        await child.stop()
        await farm.stop()


async def _enrol(child: _Child) -> None:
    picture = system.demo_pictures()["resident"].read_bytes()
    await child.tell(enrol=1, jpeg=base64.b64encode(picture).decode())
    vectors = (await child.hear("enrolled"))["vectors"]
    await child.tell(gallery=[{"person": cast.RESIDENT, "vector": vector, "stricter": 0} for vector in vectors])


async def _passage(child: _Child, farm: CameraFarm, task: str, streams: int) -> list[tuple[dict[str, Any], float]]:
    """(the sighting, ms from in view to it) of each stream."""
    if task == "face":
        farm.show_face(system.demo_pictures()["resident"], cast.PORTRAITS["resident"])
    else:
        farm.show_car(cast.RESIDENT_PLATE)
    began = time.monotonic()
    found = []
    for _ in range(streams):
        seen: dict[str, Any] = (await child.hear(task))[task]
        right = seen["person"] == cast.RESIDENT if task == "face" else seen["text"] == cast.RESIDENT_PLATE
        if not right:
            raise RuntimeError(f"the {task} was not recognised: figures of wrong answers are worth nothing")
        found.append((seen, 1000 * (time.monotonic() - began)))
    farm.clear()
    await asyncio.sleep(_EMPTY_S)
    return found
