"""`menshen flash` and `menshen ports`: the technician's words around `tools.flash`."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from tools.bundle import BundleError, build_bundle
from tools.flash import Community, FlashReport, flash
from tools.flash_errors import FlashError
from tools.flash_link import ports as serial_ports
from tools.provision import BrokerAddress, LedgerError

STAGES = {
    "micropython": "writing MicroPython",
    "connect": "talking to the board",
    "write": "writing the application",
    "switch": "switching to it",
    "hello": "waiting for its hello",
}

EXAMPLES = """\
Examples:

menshen flash /dev/ttyUSB0 --config site.toml

menshen flash /dev/ttyACM0 --config site.toml --broker 192.168.7.2:8883 --json

menshen flash /dev/ttyUSB0 --config site.toml --settings north-door.json

menshen flash /dev/ttyUSB0 --config site.toml --micropython ESP32_GENERIC_S3.bin --erase
"""


class ConfigError(Exception):
    """The site file does not say what a door must know; the message says which line is missing."""


def register(app: typer.Typer) -> None:
    """Add the verbs to the `menshen` command."""
    app.command("flash", epilog=EXAMPLES)(flash_command)
    app.command("ports")(ports_command)


def ports_command() -> None:
    """The USB serial ports of this machine."""
    found = serial_ports()
    for port, description in found:
        typer.echo(f"{port}\t{description}")
    if not found:
        typer.echo("none. Next step: plug the board in with a cable that carries data.", err=True)
        raise typer.Exit(1)


def flash_command(
    port: Annotated[str | None, typer.Argument(help="Serial port; may be left out when there is exactly one.")] = None,
    config: Annotated[Path, typer.Option(help="The controller's site file: site, broker, CA and ledger.")] = Path(
        "site.toml"
    ),
    broker: Annotated[str | None, typer.Option(help="ADDRESS:PORT of the broker as the door reaches it.")] = None,
    broker_name: Annotated[
        str | None, typer.Option(help="Name in the broker's certificate, when not the host.")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="JSON file of this door's own settings, such as its readers; else a known door keeps its own."
        ),
    ] = None,
    new_identity: Annotated[
        bool, typer.Option("--new-identity", help="New id and keys; undelivered events of the old door are lost.")
    ] = False,
    micropython: Annotated[Path | None, typer.Option(help="First write this MicroPython .bin to an ESP chip.")] = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="With --micropython: empty the whole chip before, events included.")
    ] = False,
    format_damaged: Annotated[
        bool, typer.Option("--format-damaged", help="Empty a flash that does not mount; undelivered events are lost.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Put the firmware and a door's identity on a board over its serial port. Safe to interrupt and repeat."""
    console = Console(stderr=True)
    try:
        community = dataclasses.replace(read_community(config, broker, broker_name), settings=read_settings(settings))
        with _bar(console) as bar:
            task = bar.add_task("", total=None)

            def progress(stage: str, done: int, total: int) -> None:
                bar.update(task, description=STAGES[stage], completed=done, total=total or None)

            report = flash(
                port or _only_port(),
                community,
                build_bundle(),
                progress,
                new_identity=new_identity,
                micropython=micropython,
                erase=erase,
                format_damaged=format_damaged,
            )
    except KeyboardInterrupt:
        _fail(console, as_json, "interrupted", "the board keeps its old application; give the command again to go on")
    except (FlashError, ConfigError, BundleError, LedgerError) as error:
        _fail(console, as_json, getattr(error, "cause", "setup"), str(error))
    _show(console, as_json, report)
    if not report.ok:
        raise typer.Exit(1)


def read_community(config: Path, broker: str | None = None, broker_name: str | None = None) -> Community:
    """Site, broker, CA and ledger out of the controller's TOML file; `broker` is ADDRESS:PORT."""
    try:
        tables = tomllib.loads(config.read_text(encoding="utf-8"))
        host, port = tables["broker"]["host"], tables["broker"]["port"]
        ca_pem = (config.parent / tables["broker"]["ca"]).read_bytes()
        site, ledger = tables["site"]["id"], config.parent / tables["store"]["ledger"]
    except FileNotFoundError as error:
        raise ConfigError(f"no file {error.filename}. Next step: name the site file with --config.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{config}: {error}. Next step: correct that line.") from error
    except KeyError as error:
        raise ConfigError(f"{config}: {error} is missing in [site], [broker] or [store]. Next step: add it.") from error
    if broker is not None:
        host, _, digits = broker.rpartition(":")
        if not host or not digits.isdigit():
            raise ConfigError(f"--broker {broker!r} is not ADDRESS:PORT, such as 192.168.7.2:8883.")
        port = int(digits)
    try:
        address = str(ipaddress.IPv4Address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        raise ConfigError(
            f"doors reach the broker by its IPv4 address, and {host!r} is none (they look no names up). "
            f"Next step: --broker ADDRESS:{port} --broker-name {host}"
        ) from None
    return Community(site, BrokerAddress(address, port, broker_name or host), ca_pem, ledger)


def read_settings(file: Path | None) -> dict[str, object] | None:
    """The settings of one door; None without a file."""
    if file is None:
        return None
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}. Next step: give a JSON file, such as docs/OSDP.md shows.") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"{file} has to be one JSON object, such as docs/OSDP.md shows.")
    return settings


def _only_port() -> str:
    found = serial_ports()
    if len(found) == 1:
        return found[0][0]
    names = ", ".join(port for port, _ in found) or "none"
    raise ConfigError(f"which port? USB serial ports here: {names}. Next step: name one, as in EXAMPLES of --help.")


def _bar(console: Console) -> Progress:
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _show(console: Console, as_json: bool, report: FlashReport) -> None:
    if as_json:
        typer.echo(json.dumps({"ok": report.ok, **dataclasses.asdict(report)}))
        return
    console.print(
        f"door [bold]{report.device}[/] runs {report.firmware}: self-test {report.self_test} "
        f"({report.identity} identity, {report.files_written} files written, {report.seconds} s)",
        highlight=False,
    )


def _fail(console: Console, as_json: bool, cause: str, message: str) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"ok": False, "cause": cause, "message": message}))
    else:
        console.print(f"[bold red]{cause}[/]: {message}", highlight=False)
    raise typer.Exit(1)
