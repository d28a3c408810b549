"""`menshen bench …`: one JSON object, for machines or for people."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

app = typer.Typer(no_args_is_help=True, help="Speed and memory, measured here and now.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")]


@app.command()
def face(as_json: AsJson = False) -> None:
    """ms per stage, frame to command over real RTSP with one and four streams, a badge beside it, memory. 5 minutes."""
    from tools.bench_face import STEPS, bench_face

    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("passages and badges", total=STEPS)
        report = bench_face(lambda: bar.advance(task))
    _show(report, as_json)


@app.command()
def plate(as_json: AsJson = False) -> None:
    """ms per stage of the plate path, streams, car in view to barrier command over real RTSP, memory. One minute."""
    from tools.bench_plate import bench_plate

    _show(bench_plate(), as_json)


@app.command()
def door(as_json: AsJson = False) -> None:
    """Decision, edge to relay, journal and lists, in the real firmware; JSON files as the peer."""
    from tools.bench_door import bench_door

    _show(bench_door(), as_json)


@app.command()
def push(as_json: AsJson = False) -> None:
    """A community's list to one door of 100,000 entries and to 184 doors: whole, and as deltas."""
    from tools.bench_push import bench_push

    _show(bench_push(), as_json)


@app.command()
def hostile(as_json: AsJson = False) -> None:
    """A million hostile messages, and a bus in the attacker's hands, against the relay."""
    from tools.bench_hostile import bench_hostile

    _show(bench_hostile(), as_json)


@app.command()
def powercut(as_json: AsJson = False) -> None:
    """The power fails at every write and erase of a door's flash: what did not hold afterwards."""
    from tools.bench_powercut import SCENARIOS, bench_powercut

    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("power cuts", total=len(SCENARIOS))
        report = bench_powercut(show=lambda name: bar.update(task, description=name, advance=1))
    _show(report, as_json)


@app.command()
def boot(as_json: AsJson = False) -> None:
    """10,000 resets at any moment, exceptions in each task, hung loops: what the relay did that it may not."""
    from tools.bench_boot import RESETS, bench_boot

    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("resets", total=RESETS)
        report = bench_boot(show=lambda done: bar.update(task, advance=done))
    _show(report, as_json)


@app.command()
def wiegand(as_json: AsJson = False) -> None:
    """A million reader frames over a bad line: wrong cards, parity errors."""
    from tools.bench_wiegand import bench_wiegand

    _show(bench_wiegand(), as_json)


@app.command()
def vision(as_json: AsJson = False) -> None:
    """Frame to sighting over real RTSP, face and plate, through the controller's own process."""
    from tools.bench_vision import bench_vision

    _show(bench_vision(), as_json)


@app.command()
def privacy(as_json: AsJson = False) -> None:
    """1,000 strangers pass a running house: is a picture or a face vector of theirs written or sent? 10 minutes."""
    from tools.bench_privacy import PASSAGES, bench_privacy

    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(console=Console(stderr=True), disable=as_json, transient=True) as bar,
    ):
        task = bar.add_task("passages", total=PASSAGES)
        report = bench_privacy(Path(folder), passed=lambda count: bar.update(task, completed=count))
    _show(report, as_json)


@app.command()
def flow(
    data: Annotated[
        Path | None,
        typer.Option(help="A folder with vtest.avi, car-detection.mp4, one-by-one-person-detection.mp4.", exists=True),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Counted against scripted and recorded traffic: people, vehicles, visits. Five minutes."""
    from tools.bench_flow import bench_flow

    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("traffic", total=None)
        report = bench_flow(data, lambda words: bar.update(task, description=words))
    _show(report, as_json)


@app.command()
def watchlist(as_json: AsJson = False) -> None:
    """20,000 strangers' plates against a list of 100, convoys, and wrong plates beside Frigate's rule. Two minutes."""
    from tools.bench_watchlist import bench_watchlist

    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("plates", total=None)
        report = bench_watchlist(lambda words: bar.update(task, description=words))
    _show(report, as_json)


@app.command()
def match(as_json: AsJson = False) -> None:
    """Nearest-template search among 1,000 to 1,000,000, beside NumPy, FAISS and usearch where they are installed."""
    from tools.bench_match import bench_match

    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as bar:
        task = bar.add_task("templates", total=4)

        def show(size: int) -> None:
            bar.update(task, description=f"{size:,} templates", advance=1)

        report = bench_match(show)
    _show(report, as_json)


def _show(report: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report))
    else:
        Console().print_json(json.dumps(report))
