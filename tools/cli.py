"""The `menshen` command: thin verbs over public functions. Only it and `controller_cli.py` may start the controller."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console

from tools import community_cli, controller_cli, flash_cli, wire_cli
from tools.setup.places import home

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    help="门神 Menshen: doors, faces, plates and lists of a housing compound.",
)
dev = typer.Typer(no_args_is_help=True, help="For those who build Menshen.")
app.add_typer(controller_cli.app, name="controller")
community_cli.register(app)
flash_cli.register(app)
app.add_typer(wire_cli.app, name="wire")
app.add_typer(dev, name="dev")


@app.command(epilog="Examples:  menshen demo    menshen demo --camera 0    menshen demo --check --json > report.json")
def demo(
    check: Annotated[
        bool, typer.Option("--check", help="Unattended; exit 0 only if the whole story was seen.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: one JSON object on stdout.")] = False,
    camera: Annotated[int | None, typer.Option(help="Use this webcam as the door's camera.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """The whole of Menshen on this machine: badge, face, plate, list, flash."""
    console = Console(stderr=True)
    try:
        if check:
            from tools.demo.check import check as play

            report = asyncio.run(play(home(), home() / "pictures", console.print))
            if as_json:
                print(json.dumps(report, ensure_ascii=False))
            raise typer.Exit(0 if report["ok"] else 1)
        from tools.demo.stage import perform

        asyncio.run(perform(home(), Console(), camera, browser))
    except KeyboardInterrupt:
        console.print("结束 ended; nothing is left behind")
        raise typer.Exit(130) from None


@dev.command()
def gate() -> None:
    """Format, lint, types, import contracts, tests on both runtimes. What CI runs."""
    from tools.gate import main as run_gate

    raise typer.Exit(run_gate())


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
