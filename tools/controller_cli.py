"""`menshen controller run` and `controller user add`. Imports the controller only when a verb is called."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.prompt import Prompt

app = typer.Typer(no_args_is_help=True, help="The compound's controller.")
user = typer.Typer(no_args_is_help=True, help="Who may use the duty room's page.")
app.add_typer(user, name="user")

Config = Annotated[Path, typer.Option("--config", help="The site's TOML file.")]
MIN_PASSWORD = 10


@app.command(epilog="Example:  menshen controller run --config site.toml")
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
