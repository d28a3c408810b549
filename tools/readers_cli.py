"""`menshen readers`: the technician's words around `tools.commission`."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console

from tools.commission import LONGEST_WINDOW, commission
from tools.flash_errors import FlashError

app = typer.Typer(no_args_is_help=True, help="A door's OSDP readers.")


@app.callback()
def readers() -> None:
    """A door's OSDP readers."""


@app.command("commission", epilog="Example:  menshen readers commission /dev/ttyUSB0 --minutes 5")
def commission_command(
    port: Annotated[str, typer.Argument(help="The door's serial port.")],
    minutes: Annotated[int, typer.Option(min=1, max=LONGEST_WINDOW, help="How long it stays open at most.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Give each reader that is in its delivery state a key of its own. The door restarts first."""
    console = Console(stderr=True)
    try:
        done = commission(port, minutes, lambda line: console.print(line, highlight=False, markup=False))
    except KeyboardInterrupt:
        console.print("interrupted; the door restarts, and commissioning is over")
        raise typer.Exit(130) from None
    except FlashError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "cause": error.cause, "message": str(error)}))
        console.print(f"{error.cause}: {error}", highlight=False, markup=False)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps({"ok": not done.missing, **dataclasses.asdict(done)}))
    for address in done.missing:
        console.print(
            f"reader {address} is not secure. Next step: check its wires and address; if it had a key of another door, "
            "put it back into its delivery state by its maker's instructions; then give this command again."
        )
    if done.missing:
        raise typer.Exit(1)
