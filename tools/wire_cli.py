"""`menshen wire dump`: frames as text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from doorwire.errors import WireError
from doorwire.frame import Frame, device_of
from tools.provision import ledger_read

app = typer.Typer(no_args_is_help=True, help="What goes over the wire.")


def frame_text(data: bytes, keys: dict[str, bytes]) -> dict[str, object]:
    """One sealed frame as plain values; `error` in words when it is none, or sealed under another key."""
    try:
        device = device_of(data).hex()
        if device not in keys:
            return {"device": device, "error": "this device is not in the ledger"}
        frame = Frame.from_bytes(keys[device], data)
    except WireError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    values = {name: getattr(frame.message, name) for name, _ in frame.message.FIELDS}
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}
    kind = type(frame.message).__name__
    head = {"device": device, "boot_id": frame.boot_id, "counter": frame.counter, "uptime_s": frame.uptime_s}
    return {**head, "message": kind, **plain}


@app.command(
    epilog="Example:  mosquitto_sub … -t 'menshen/+/door/+/up' -F %x | menshen wire dump --ledger ledger.jsonl"
)
def dump(
    ledger: Annotated[Path, typer.Option(help="Where the devices' keys are.")] = Path("ledger.jsonl"),
    file: Annotated[
        Path | None, typer.Argument(help="Frames in hexadecimal, one a line; standard input without it.")
    ] = None,
) -> None:
    """Frames in hexadecimal to JSON lines. Seals are checked; exit status 1 when any frame was refused."""
    if not ledger.exists():
        typer.echo(f"{ledger}: there is no such ledger; name it with --ledger", err=True)
        raise typer.Exit(2)
    keys = {device: row.key for device, row in ledger_read(ledger).items()}
    refused = False
    for line in file.open() if file else sys.stdin:
        try:
            text = frame_text(bytes.fromhex(line.strip()), keys)
        except ValueError:
            text = {"error": "not hexadecimal"}
        refused |= "error" in text
        typer.echo(json.dumps(text, ensure_ascii=False))
    raise typer.Exit(int(refused))
