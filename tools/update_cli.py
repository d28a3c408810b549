"""`menshen update …`: the technician's words around `tools.update`."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.prompt import Prompt

from tools import update
from tools.bundle import BundleError, build_bundle

app = typer.Typer(no_args_is_help=True, help="New firmware for the doors of a site, through its controller.")
Url = Annotated[str, typer.Option(help="Where the controller's page is.")]
User = Annotated[str, typer.Option(help="An admin of that page.")]
Ca = Annotated[Path | None, typer.Option(help="The CA of the page's certificate, if it is the site's own.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")]
HERE = "http://127.0.0.1:8443"


@app.command(epilog="Example:  menshen update push --user admin --door b1-u1 --door b1-u2")
def push(
    url: Url = HERE,
    user: User = "admin",
    ca: Ca = None,
    door: Annotated[
        list[str] | None, typer.Option(help="Only these doors, the first one first; all without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build the firmware, send it to one door, and when that one keeps it to the others. Exit 0: all run it."""
    try:
        firmware = build_bundle()
    except BundleError as error:
        _fail(str(error))
    console = update.Console(url, user, _password(), ca)
    _shown(lambda show: update.push(console, firmware, door or [], show), firmware.version, as_json)


@app.command()
def show(url: Url = HERE, user: User = "admin", ca: Ca = None, as_json: AsJson = False) -> None:
    """Follow the firmware that is on its way, or tell how the last one ended."""
    console = update.Console(url, user, _password(), ca)
    _shown(lambda show: update.follow(console, show), "", as_json)


def _password() -> str:
    return Prompt.ask("Password", password=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _shown(work: Callable[[update.Show], list[update.DoorResult]], version: str, as_json: bool) -> None:
    err = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=err, disable=as_json or not err.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def draw(results: list[update.DoorResult]) -> None:
            for row in results:
                if row.door not in tasks:
                    tasks[row.door] = bar.add_task(row.door, total=1.0, words="")
                bar.update(tasks[row.door], completed=row.sent, words=row.words)

        try:
            results = work(draw)
        except update.UpdateError as error:
            bar.stop()
            _fail(str(error))
    ok = all(row.stage in update.GOOD for row in results)
    if as_json:
        print(json.dumps({"ok": ok, "version": version, "doors": [dataclasses.asdict(row) for row in results]}))
    else:
        for row in results:
            err.print(f"{row.door}  {row.words}", markup=False, highlight=False)
    raise typer.Exit(0 if ok else 1)


def _fail(words: str) -> NoReturn:
    Console(stderr=True).print(words, markup=False)
    raise typer.Exit(2)
