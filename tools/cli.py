"""The `menshen` command: thin verbs over public functions. The only file that may start the controller."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.prompt import Prompt

from tools import bench_cli, community_cli, flash_cli, models_cli, readers_cli, update_cli, watch_cli, wire_cli
from tools.setup.places import home

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    help="门神 Menshen: doors, faces, plates and lists of a housing compound.",
)
controller = typer.Typer(no_args_is_help=True, help="The compound's controller.")
user = typer.Typer(no_args_is_help=True, help="Who may use the duty room's page.")
controller.add_typer(user, name="user")

Config = Annotated[Path, typer.Option("--config", help="The site's TOML file.")]
MIN_PASSWORD = 10
dev = typer.Typer(no_args_is_help=True, help="For those who build Menshen.")
app.add_typer(controller, name="controller")
community_cli.register(app)
flash_cli.register(app)
watch_cli.register(app)
app.add_typer(models_cli.app, name="models")
app.add_typer(readers_cli.app, name="readers")
app.add_typer(update_cli.app, name="update")
app.add_typer(wire_cli.app, name="wire")
app.add_typer(bench_cli.app, name="bench")
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
    from tools.demo.house import PROBLEMS

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
    except PROBLEMS as error:
        console.print(str(error), markup=False)
        raise typer.Exit(2) from error


@app.command(epilog="Examples:  menshen soak    menshen soak --days 1 --seed 7    menshen soak --json > soak.json")
def soak(
    days: Annotated[int, typer.Option(min=1, max=365, help="Of the door's life.")] = 7,
    seed: Annotated[int, typer.Option(help="Another one makes other days.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """Days of a door's life in minutes, with what goes wrong in them, and a year's wear of its flash.

    Exit status 1: somebody was shut out or let in, an event was lost, memory or files grew, a sector wore out.
    """
    from tools.soak import soak as run_soak

    console = Console(stderr=True)
    try:
        with Progress(console=console, disable=as_json, transient=True) as bar:
            task = bar.add_task("days", total=days)
            report, wrong = run_soak(days, seed, lambda day: bar.update(task, completed=day))
    except RuntimeError as error:
        console.print(str(error), markup=False)
        raise typer.Exit(2) from error
    if as_json:
        print(json.dumps(report))
    else:
        Console().print_json(json.dumps(report))
    for words in wrong:
        console.print(words, markup=False)
    raise typer.Exit(1 if wrong else 0)


@controller.command(epilog="Example:  menshen controller run --config site.toml")
def run(config: Config = Path("site.toml")) -> None:
    """Run until SIGTERM or Ctrl-C. Exit status 2: it cannot start, and says why."""
    from controller.__main__ import main

    raise typer.Exit(main(["--config", str(config)]))


@user.command("add", epilog="Example:  menshen controller user add duty-room --role guard --config site.toml")
def add_user(
    name: Annotated[str, typer.Argument(help="The name that is typed at login.")],
    role: Annotated[str, typer.Option(help="guard, or admin who may also enrol people.")] = "guard",
    config: Config = Path("site.toml"),
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from controller.app import add_user as add
    from controller.settings import SettingsError, load
    from controller.store.errors import StoreError

    console = Console(stderr=True)
    if role not in ("guard", "admin"):
        console.print(f"--role {role}: write guard or admin")
        raise typer.Exit(2)
    password = Prompt.ask("Password", password=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < MIN_PASSWORD:
        console.print(f"the password needs at least {MIN_PASSWORD} characters; nothing was added")
        raise typer.Exit(2)
    try:
        asyncio.run(add(load(config), name, role, password))
    except (SettingsError, StoreError) as error:
        console.print(str(error), markup=False)
        raise typer.Exit(2) from error
    console.print(f"{role} {name} may log in")


@dev.command()
def gate() -> None:
    """Format, lint, types, import contracts, tests on both runtimes. What CI runs."""
    from tools.gate import main as run_gate

    raise typer.Exit(run_gate())


@dev.command()
def mutants() -> None:
    """The door's state machine with one thing wrong, hundreds of times: exit 0 only if the tests notice every one."""
    from tools.mutants import run as run_mutants

    raise typer.Exit(1 if run_mutants(print)[1] else 0)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
