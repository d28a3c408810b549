"""`menshen plates`, `menshen faces`: what is in a picture, and what a controller's camera would tell of a film."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tools.frames import PICTURES

if TYPE_CHECKING:
    from tools.passages import Tell, Watched

Source = Annotated[Path, typer.Argument(help="A picture or a film.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Plot = Annotated[
    Path | None, typer.Option(help="Also draw it into this PNG file; of a film each passage's best frame.")
]
Liveness = Annotated[str, typer.Option(help="Of a film, as in the site file: none, turn or nod.")]
_screen = Console(soft_wrap=True)
_errors = Console(stderr=True, soft_wrap=True)


def register(main: typer.Typer) -> None:
    """Add the verbs to the `menshen` command."""
    main.command(
        "plates", epilog="Examples:  menshen plates gate.jpg --plot seen.png    menshen plates gate.mp4 --json"
    )(plates_command)
    main.command(
        "faces",
        epilog="Examples:  menshen faces door.jpg --gallery people    menshen faces door.mp4 --gallery people --json",
    )(faces_command)


def plates_command(source: Source, as_json: AsJson = False, plot: Plot = None) -> None:
    """Plates in a picture, or the passages of a film as a gate's camera tells them: one plate a car.

    A passage: from when to when, in or out, the plate, its confidence, sure or not, its type, the body's colour.
    A body colour of "unknown" (in JSON "") is an answer: too dark, infra-red, or too little paint beside the plate.
    Ctrl-C ends a film and shows what was found until then.
    """
    from tools.passages import plate_passages
    from tools.plates_cli import plates

    try:
        if source.suffix.lower() not in PICTURES:
            with _watching(source) as tell:
                watched = plate_passages(source, tell, plot)
            _tell(source, watched, {}, [_plate_line(row) for row in watched.passages] or ["no plate"], as_json)
            return
        frames = plates(source, plot)
    except OSError as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(2) from error
    if as_json:
        print(json.dumps({"source": source.name, "frames": frames}, ensure_ascii=False))
        return
    for plate in (plate for frame in frames for plate in frame["plates"]):
        looks = f"{plate['plate_type']}  {plate['body_colour'] or 'unknown'} body"
        _screen.print(f"{plate['text']}  {plate['confidence']:.3f}  {looks}", markup=False)
    if not frames:
        _screen.print("no plate")


def faces_command(
    source: Source,
    gallery: Annotated[Path, typer.Option(help="A folder of pictures for each person, or a picture for each.")],
    as_json: AsJson = False,
    plot: Plot = None,
    liveness: Liveness = "none",
) -> None:
    """Who is in a picture, or who passes in a film, by the door's own decision; why not, in words.

    A passage: from when to when, the person or "stranger", live or not where --liveness asks for a turn or a nod.
    Ctrl-C ends a film and shows what was found until then.
    """
    from models.errors import ModelError
    from models.face import FacePipeline
    from tools.faces_cli import enrol, faces
    from tools.passages import face_passages

    if liveness not in ("none", "turn", "nod"):
        raise typer.BadParameter("write none, turn or nod", param_hint="--liveness")
    try:
        pipeline = FacePipeline()
        with Progress(console=_errors, transient=True) as progress:
            bar = progress.add_task("gallery", total=None)
            known = enrol(pipeline, gallery, lambda name: progress.update(bar, description=name))
        for name, why in known.refused:
            _errors.print(f"not enrolled: {name}: {why}", markup=False)
        about = {"people": len(known.gallery.persons), "refused": dict(known.refused)}
        if source.suffix.lower() not in PICTURES:
            with _watching(source) as tell:
                watched = face_passages(source, pipeline, known, liveness, tell, plot)
            _tell(source, watched, about, [_face_line(row) for row in watched.passages] or ["no face"], as_json)
            return
        rows = faces(source, pipeline, known, plot)
    except (OSError, ModelError) as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(2) from error
    if as_json:
        print(json.dumps({"source": source.name, **about, "frames": rows}, ensure_ascii=False))
        return
    for face in (face for row in rows for face in row["faces"]):
        apart = "" if face["distance"] is None else f"  distance {face['distance']:.3f}"
        _screen.print(f"{face['person'] or face['why'] or 'unknown'}{apart}", markup=False)
    if not rows:
        _screen.print("no face")


@contextmanager
def _watching(source: Path) -> Iterator[Tell]:
    """A bar along the film, on a terminal."""
    columns = (TextColumn("  {task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_errors, transient=True) as progress:
        bar = progress.add_task(source.name, total=None)

        def tell(at_s: float, length_s: float, passages: int) -> None:
            words = f"{source.name}  {_clock(at_s)}  {passages} passages"
            progress.update(bar, completed=at_s, total=length_s or None, description=words)

        yield tell


def _tell(source: Path, watched: Watched, about: dict[str, Any], lines: list[str], as_json: bool) -> None:
    """What was found; exit status 130 where the film was stopped."""
    if as_json:
        seen = {"source": source.name, "seconds": round(watched.seconds, 3), "stopped": watched.stopped}
        print(json.dumps({**seen, **about, "passages": watched.passages}, ensure_ascii=False))
    else:
        for line in lines:
            _screen.print(line, markup=False, highlight=False)
    if watched.stopped:
        _errors.print(f"stopped at {_clock(watched.seconds)} of {source.name}", markup=False)
        raise typer.Exit(130)


def _plate_line(row: dict[str, Any]) -> str:
    sure = "sure  " if row["sure"] else "unsure"
    looks = f"{row['plate_type']}  {row['body_colour'] or 'unknown'} body"
    return f"{_span(row)}  {row['direction'] or '-':3}  {row['text']:8}  {row['confidence']:.3f} {sure}  {looks}"


def _face_line(row: dict[str, Any]) -> str:
    if not row["decided"]:
        return f"{_span(row)}  not judged: {row['why']}"
    live = {True: "  live", False: "  moved otherwise" if row["wrong_move"] else "  not live", None: ""}[row["live"]]
    apart = "" if row["distance"] is None else f"  distance {row['distance']:.3f}"
    return f"{_span(row)}  {row['person'] or 'stranger'}{apart}{live}"


def _span(row: dict[str, Any]) -> str:
    return f"{_clock(row['from_s'])}–{_clock(row['to_s'])}"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
