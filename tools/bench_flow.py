"""`menshen bench flow`: counts against what was scripted, and against recordings that were counted by eye.

| figure | of what |
|---|---|
| `vehicles_error` | recorded cars, by direction |
| `people_error` | recorded people across two lines, by line, direction and third of the recording; at 5 and at 10 fps |
| `visits_error` | recorded visits of a zone |
| `scripted_vehicles_error`, `scripted_people_error` | drawn ones that pass, wait, turn back, walk in groups |

An error is the sum of all differences between counted and true, too many and too few alike, over the true number.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from controller.vision.capture import Frame
from controller.vision.flow_task import FlowTask
from controller.vision.people_task import PeopleTask
from controller.vision.sighting import FlowCount
from tools import traffic
from tools.bench import Report
from tools.machine import describe

Counts = Counter[tuple[str, ...]]
VEHICLES, GROUPS = 600, 250
PEOPLE_SEEDS = (6, 7, 8)  # three scripts: of one, chance is as large as the error
_BLANK = VideoFrame(16, 16, "yuv420p")
# vtest.avi, 768 × 576, 10 fps, counted by eye on strips of every second frame around each line. A line's ends, and how
# many cross it before frame 280, before frame 550, and after that.
PEOPLE_LINES = {
    "right": ((0.677, 0.85, 0.677, 0.2), {"out": (9, 3, 7), "in": (5, 5, 6)}),
    "left": ((0.25, 0.68, 0.25, 0.26), {"out": (3, 1, 3), "in": (0, 1, 4)}),
}
PEOPLE_RANGES = (280, 550)
CARS, CAR_LANES = {"in": 2, "out": 2}, (0.39,)  # car-detection.mp4
VISITS, VISITED = 6, (0.3, 0.2, 0.8, 1.0)  # one-by-one-person-detection.mp4
_FILES = {"people": "vtest.avi", "vehicles": "car-detection.mp4", "visits": "one-by-one-person-detection.mp4"}


def bench_flow(data: Path | None = None, progress: Callable[[str], None] = lambda words: None) -> Report:
    """Scripted counts, and those of the recordings that are in the folder `data`."""
    figures: dict[str, object] = {"scripted_vehicles": VEHICLES}
    progress("scripted vehicles")
    figures["scripted_vehicles_error"] = round(scripted_vehicles(VEHICLES, 5), 4)
    scripts = {seed: traffic.people(np.random.default_rng(seed), GROUPS) for seed in PEOPLE_SEEDS}
    figures["scripted_people"] = sum(map(len, scripts.values()))
    wrong = crossings = 0.0
    for seed, people in scripts.items():
        progress(f"scripted people, {seed}")
        count = sum(len(mover.counts) for mover in people)
        wrong, crossings = wrong + count * scripted_people(people, seed), crossings + count
    figures["scripted_people_error"] = round(wrong / crossings, 4)
    for what, name in _FILES.items():
        file = data / name if data else None
        if file is None or not file.is_file():
            figures[f"{what}_error"] = None
            continue
        progress(name)
        figures.update(_recorded(what, file))
    return {"name": "bench-flow", "figures": figures, "peers": {}, "machine": describe()}


def error(counted: Counts, true: Counts) -> float:
    """Differences, too many and too few alike, over the true number."""
    return sum(abs(counted[key] - true[key]) for key in counted.keys() | true.keys()) / true.total()


def scripted_vehicles(count: int, seed: int) -> float:
    """The error of so many drawn vehicles through the lanes' own task."""
    rng = np.random.default_rng(seed)
    movers = traffic.vehicles(rng, count)
    task = FlowTask("road", (0.5,))
    seen = _flow(task, traffic.frames(movers, traffic.road(rng), rng))
    return error(_by_direction(seen), Counter((way,) for mover in movers for way in mover.counts))


def scripted_people(movers: list[traffic.Mover], seed: int) -> float:
    """The error of drawn people through the people's own task."""
    rng = np.random.default_rng(seed)
    seen = _flow(PeopleTask("square"), traffic.frames(movers, traffic.square(rng), rng))
    return error(_by_direction(seen), Counter((way,) for mover in movers for way in mover.counts))


def recorded_people(file: Path, every: int = 1) -> float:
    """The error on vtest.avi, every so manieth frame."""
    tasks = {name: PeopleTask(name, ends) for name, (ends, _) in PEOPLE_LINES.items()}
    counted: Counts = Counter()
    for number, (at_s, rgb) in enumerate(film(file)):
        if number % every:
            continue
        for name, task in tasks.items():
            third = sum(number >= edge for edge in PEOPLE_RANGES)
            counted.update((name, str(third), seen.direction) for seen in _see(task, at_s, rgb))
    true: Counts = Counter()
    for name, (_, ways) in PEOPLE_LINES.items():
        for way, thirds in ways.items():
            true.update({(name, str(third), way): count for third, count in enumerate(thirds)})
    return error(counted, true)


def recorded_vehicles(file: Path) -> float:
    """The error on car-detection.mp4."""
    return error(
        _by_direction(_flow(FlowTask("road", CAR_LANES), film(file))), Counter({(k,): v for k, v in CARS.items()})
    )


def recorded_visits(file: Path) -> float:
    """The error on one-by-one-person-detection.mp4."""
    return error(_by_direction(_flow(PeopleTask("table", zone=VISITED), film(file))), Counter({("visit",): VISITS}))


def film(file: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """(s, picture) of a recording."""
    with av.open(str(file)) as recording:
        for picture in recording.decode(video=0):
            yield float(picture.time or 0.0), picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def _recorded(what: str, file: Path) -> dict[str, float]:
    if what == "people":
        began = time.process_time()
        whole = recorded_people(file)
        spent_ms = 1000 * (time.process_time() - began) / sum(1 for _ in film(file)) / len(PEOPLE_LINES)
        return {
            "people_error": round(whole, 4),
            "people_error_5fps": round(recorded_people(file, 2), 4),
            "people_ms_a_frame": round(spent_ms, 1),
        }
    work = recorded_vehicles if what == "vehicles" else recorded_visits
    return {f"{what}_error": round(work(file), 4)}


def _flow(task: FlowTask | PeopleTask, pictures: Iterable[tuple[float, NDArray[np.uint8]]]) -> list[FlowCount]:
    return [seen for at_s, rgb in pictures for seen in _see(task, at_s, rgb)]


def _see(task: FlowTask | PeopleTask, at_s: float, rgb: NDArray[np.uint8]) -> list[FlowCount]:
    seen = task.see(Frame("flow", 0, at_s, at_s, _BLANK), rgb)
    return [count for count in seen if isinstance(count, FlowCount)]


def _by_direction(seen: list[FlowCount]) -> Counts:
    return Counter((count.direction,) for count in seen)
