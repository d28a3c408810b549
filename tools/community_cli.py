"""`menshen community`: the reference community server, started as `python -m tools.community` starts it."""

import typer

from tools.community.__main__ import main


def register(app: typer.Typer) -> None:
    """Add the verb to the `menshen` command."""
    app.command(
        "community",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
        help="The reference community server; `menshen community --help` tells its options.",
    )(community_command)


def community_command(context: typer.Context) -> None:
    """Hand everything over to the server's own command line."""
    raise typer.Exit(main(context.args or ["--help"]))
