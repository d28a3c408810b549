"""Speed and memory, measured here and now: `menshen bench …`. Each returns the object that the command prints."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from doorwire import doorlist, listwriter
from doorwire import vocabulary as words
from models.face import FacePipeline
from models.plate import PlatePipeline
from tools.bundle import build_bundle
from tools.cameras.scenes import GateScene
from tools.machine import describe
from tools.provision import BrokerAddress, new_device
from tools.setup import system
from tools.virtual_board import image
from tools.virtual_board.board import VirtualBoard
from tools.virtual_board.wiegand import wiegand34

Report = dict[str, object]
RUNS = 50
SWIPES = 30
NOBODY = BrokerAddress("127.0.0.1", 9, "localhost")  # the link never comes up: a door needs none to open


def spread(values_ms: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    ordered = sorted(values_ms)
    return {
        "p50_ms": round(statistics.median(ordered), 2),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "max_ms": round(ordered[-1], 2),
    }


def timed(work: Callable[[], object], runs: int = RUNS) -> dict[str, float]:
    """Spread of `runs` calls after one that is not counted."""
    work()
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - began))
    return spread(found)


def bench_face() -> Report:
    """ms per stage on one and on two threads: a 960×540 frame with one face (a public-domain portrait)."""
    bgr = np.asarray(cv2.imread(str(system.demo_pictures()["resident"])))
    frame = np.full((540, 960, 3), 120, np.uint8)
    frame[14:526, 200:712] = np.ascontiguousarray(bgr[:, :, ::-1])
    figures: dict[str, object] = {}
    for threads in (1, 2):
        pipeline = FacePipeline(threads)
        face = pipeline.detect(frame)[0]
        figures[f"threads_{threads}"] = {
            "detect": timed(lambda p=pipeline: p.detect(frame)),  # type: ignore[misc]
            "landmarks": timed(lambda p=pipeline, f=face: p.landmarks(frame, f)),  # type: ignore[misc]
            "embed": timed(lambda p=pipeline, f=face: p.embed(frame, f)),  # type: ignore[misc]
        }
    return {"name": "bench-face", "figures": figures, "peers": {}, "machine": describe()}


def bench_plate() -> Report:
    """ms per stage on one and on two threads: a 960×540 frame with one drawn car."""
    scene = GateScene()
    scene.show("皖A12345", "blue", 0.0)
    frame = scene.draw(10.0)
    figures: dict[str, object] = {}
    for threads in (1, 2):
        figures[f"threads_{threads}"] = _plate_stages(PlatePipeline(threads), frame)
    return {"name": "bench-plate", "figures": figures, "peers": {}, "machine": describe()}


def _plate_stages(pipeline: PlatePipeline, frame: NDArray[np.uint8]) -> dict[str, object]:
    stages: dict[str, list[float]] = {}

    def read() -> None:
        pipeline.read_frame(frame)
        for stage, spent in pipeline.stage_ms.items():
            stages.setdefault(stage, []).append(spent)

    whole = timed(read)
    return {"frame": whole, **{stage: spread(values) for stage, values in stages.items()}}


def bench_door() -> Report:
    """Reader edge → relay on the virtual board (real firmware, 128 kB heap) with 100 and with 20,000 credentials.

    From the harness sending the card's 34 bits, 0.2 ms apart, to the relay's edge coming back to it.
    """
    found = {count: asyncio.run(_badge(count)) for count in (100, 20_000)}
    figures: dict[str, object] = {f"credentials_{count}": spread(times) for count, times in found.items()}
    figures["median_ratio_20000_to_100"] = round(statistics.median(found[20_000]) / statistics.median(found[100]), 3)
    return {"name": "bench-door", "figures": figures, "peers": {}, "machine": describe()}


async def _badge(count: int) -> list[float]:
    identity = new_device("bench", NOBODY, b"", settings={"release_s": 1})
    key = doorlist.digest_key(identity.key)
    records = [
        doorlist.Record(doorlist.credential_digest(key, words.CREDENTIAL_CARD, n), n) for n in range(1, count + 1)
    ]
    listed = listwriter.encode(identity.key, bytes.fromhex(identity.device), 1, 1_800_000_000, 0, [], records)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "door.flash"
        flash.write_bytes(image.pack({**build_bundle().files, **identity.files(), "list.bin": listed}))
        board = VirtualBoard(flash)
        await board.start()
        try:
            for n in range(SWIPES):
                began = time.monotonic()
                await board.swipe(wiegand34(1 + n * (count // SWIPES)), interval_us=200)
                edge = await board.wait_level("relay", True, 5)
                times.append(1000 * (edge.seen_s - began))
                await board.wait_level("relay", False, 5)
        finally:
            await board.stop()
    return times
