"""`menshen bench face`: ms per stage, frame to relay command with one and four streams, a badge beside them, memory."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from models.face import FacePipeline
from tools.bench import Report, spread, timed
from tools.bench_decisions import decisions
from tools.bench_door import percentile
from tools.bench_vision import PASSAGES, Passed, passages
from tools.cameras.farm import FPS
from tools.live_door import live_door, until
from tools.machine import describe
from tools.setup import system

STREAMS = 4
SWIPES = 100
STEPS = 2 * PASSAGES + SWIPES  # of the progress bar


def bench_face(passed: Callable[[], None] = lambda: None) -> Report:
    """Stages: medians of a 960×540 frame with one face (a public-domain portrait), on one and on two threads.

    `frame_to_command`: the first usable frame of a face arrives from a real RTSP camera, until the door's command is
    handed to the bus, two agreeing frames later, by the controller's own vision process and decision. `view_to_command`
    begins when the visitor steps into the picture. No turn of the head is asked for: that time is the visitor's. Nets
    have as many threads as without a word in the site file.
    `cpu_share_4`: of one core, for four streams, somebody before each of them a fifth of the time. `rss_mb`: the vision
    process at its most, four streams. `badge`: reader to relay at a door of the real firmware, alone and beside the
    vision process with its four streams and everything that simulates the cameras.
    """
    figures: Report = {}
    for threads in (1, 2):
        for stage, found in _stages(threads).items():
            figures[f"{stage}_ms_{threads}t"] = found["p50_ms"]
    figures["camera_fps"] = FPS
    one = asyncio.run(passages("face", passed=passed))
    four, loaded = asyncio.run(_beside(passed))
    for streams, seen in ((1, one), (STREAMS, four)):
        for name, values in asyncio.run(_to_command(seen)).items():
            figures[f"{name}_p50_ms_{streams}"] = spread(values)["p50_ms"]
            figures[f"{name}_p95_ms_{streams}"] = spread(values)["p95_ms"]
        figures[f"cpu_share_{streams}"] = round(seen.share_of_core, 3)
    figures["cores"] = os.cpu_count()
    figures["rss_mb"] = round(four.rss_mb, 1)
    idle = asyncio.run(_swipes(lambda found: len(found) >= SWIPES, passed))
    for name, values in (("idle", idle), ("loaded", loaded)):
        figures[f"badge_p50_ms_{name}"] = round(percentile(values, 0.5), 2)
        figures[f"badge_p99_ms_{name}"] = round(percentile(values, 0.99), 2)
    return {"name": "bench-face", "figures": figures, "peers": {}, "machine": describe()}


def _stages(threads: int) -> dict[str, dict[str, float]]:
    bgr = np.asarray(cv2.imread(str(system.demo_pictures()["resident"])))
    frame = np.full((540, 960, 3), 120, np.uint8)
    frame[14:526, 200:712] = np.ascontiguousarray(bgr[:, :, ::-1])
    pipeline = FacePipeline(threads)
    face = pipeline.detect(frame)[0]
    chip = pipeline.embedder.chip(frame, pipeline.landmarks(frame, face))
    return {
        "detect": timed(lambda: pipeline.detect(frame)),
        "align": timed(lambda: pipeline.embedder.chip(frame, pipeline.landmarks(frame, face))),
        "embed": timed(lambda: pipeline.embedder.embed(chip)),
    }


async def _to_command(seen: Passed) -> dict[str, list[float]]:
    decided = await decisions("face", seen.sightings)
    waited = [float(sighting["waited_ms"]) for sighting in seen.sightings]
    return {
        "frame_to_command": [sum(parts) for parts in zip(waited, seen.frame_ms, decided, strict=True)],
        "last_frame_to_command": [sum(parts) for parts in zip(seen.frame_ms, decided, strict=True)],
        "view_to_command": [sum(parts) for parts in zip(seen.view_ms, decided, strict=True)],
    }


async def _beside(passed: Callable[[], None]) -> tuple[Passed, list[float]]:
    """Four streams' passages, and badges for as long as they last."""
    over = asyncio.Event()
    swiping = asyncio.create_task(_swipes(lambda found: over.is_set()))
    try:
        seen = await passages("face", streams=STREAMS, passed=passed)
    finally:
        over.set()
        found = await swiping
    return seen, found


async def _swipes(enough: Callable[[list[float]], bool], passed: Callable[[], None] = lambda: None) -> list[float]:
    """ms from the first bit of each badge to the relay."""
    found: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with live_door(Path(folder)) as door, door.client("controller"):
            await door.board.start()
            await until(lambda: door.hellos > 0)
            while not enough(found):
                found.append(1000 * await door.swipe())
                passed()
    return found
