"""`menshen bench plate`: ms per stage, streams, car in view to barrier command, memory."""

from __future__ import annotations

import asyncio
import io
import math
import time

import av
import numpy as np
from numpy.typing import NDArray

from controller.vision.capture import Frame
from controller.vision.motion import HEIGHT, WIDTH, MotionGate
from controller.vision.plate_task import PlateTask
from models.plate import PlatePipeline
from tools.bench import Report, spread, timed
from tools.bench_decisions import decisions
from tools.bench_vision import passages
from tools.cameras.farm import FPS
from tools.cameras.scenes import GateScene
from tools.machine import describe

STREAM_FPS = 10
FILM_FRAMES = 60


def bench_plate() -> Report:
    """`detect_ms_1t` finds plates and their corners, `read_ms_1t` reads one, medians of a 960×540 frame with one car.

    `streams_at_10fps`: what one thread decodes (H.264), watches for motion, reads, looks at for the body's colour and
    votes on, a plate in every frame.
    `view_to_command_p95_ms`: a car comes into a real RTSP camera's view, until the barrier's command is handed to the
    bus, by the controller's own vision process and decision, among 1,000 vehicles and a watchlist of 100.
    `rss_mb`: that vision process with its models, at its most.
    """
    frame = _frame()
    figures: dict[str, object] = {}
    for threads in (1, 2):
        pipeline = PlatePipeline(threads)
        stages = _stages(pipeline, frame)
        figures[f"threads_{threads}"] = stages
        figures[f"detect_ms_{threads}t"] = round(stages["detect"]["p50_ms"] + stages["corners"]["p50_ms"], 2)
        figures[f"read_ms_{threads}t"] = stages["read"]["p50_ms"]
    stream_ms = _stream_ms(PlatePipeline(1), frame)
    figures["stream_frame_ms"] = round(stream_ms, 2)
    figures["streams_at_10fps"] = math.floor(1000 / STREAM_FPS / stream_ms)
    passed = asyncio.run(passages("plate"))
    decided_ms = asyncio.run(decisions("plate", passed.sightings))
    commands = spread([view + decided for view, decided in zip(passed.view_ms, decided_ms, strict=True)])
    figures["camera_fps"] = FPS
    figures["view_to_command"] = commands
    figures["view_to_command_p95_ms"] = commands["p95_ms"]
    figures["decision"] = spread(decided_ms)
    figures["rss_mb"] = round(passed.rss_mb, 1)
    return {"name": "bench-plate", "figures": figures, "peers": {}, "machine": describe()}


def _frame() -> NDArray[np.uint8]:
    scene = GateScene()
    scene.show("皖A12345", "blue", 0.0)
    return scene.draw(10.0)


def _stages(pipeline: PlatePipeline, frame: NDArray[np.uint8]) -> dict[str, dict[str, float]]:
    stages: dict[str, list[float]] = {}

    def read() -> None:
        pipeline.read_frame(frame)
        for stage, spent in pipeline.stage_ms.items():
            stages.setdefault(stage, []).append(spent)

    whole = timed(read)
    return {"frame": whole, **{stage: spread(values) for stage, values in stages.items()}}


def _stream_ms(pipeline: PlatePipeline, frame: NDArray[np.uint8]) -> float:
    """Mean ms a frame, from H.264 to the vote."""
    film, gate, task = _film(frame), MotionGate(), PlateTask("bench", pipeline)
    began = time.perf_counter()
    with av.open(film, "r") as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for number, picture in enumerate(container.decode(stream)):
            grey = picture.reformat(WIDTH, HEIGHT, "gray").to_ndarray().astype(np.uint8, copy=False)
            gate.moving(grey, number / STREAM_FPS)
            at_s = number / STREAM_FPS
            seen = Frame("bench", number, at_s, at_s, picture)
            task.see(seen, seen.rgb())
            if not task.busy:
                raise RuntimeError("the plate was not found: figures of nothing are worth nothing")
    return 1000 * (time.perf_counter() - began) / FILM_FRAMES


def _film(frame: NDArray[np.uint8]) -> io.BytesIO:
    film = io.BytesIO()
    with av.open(film, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=STREAM_FPS)
        stream.width, stream.height, stream.pix_fmt = frame.shape[1], frame.shape[0], "yuv420p"
        for number in range(FILM_FRAMES):
            moved = np.ascontiguousarray(np.roll(frame, number, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode())
    film.seek(0)
    return film
