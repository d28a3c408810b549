"""Who a door is: its id and secrets, its flash image, its row in the ledger."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tools.authority import replace
from tools.bundle import Bundle
from tools.virtual_board import image as flash_image

DEVICE = re.compile(r"[0-9a-f]{12}")
KEY_SIZE = 32  # doorwire.frame.KEY_SIZE


class LedgerError(Exception):
    """A ledger that cannot be read or written; the message says where."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where doors find the broker; `name` is what its certificate answers to."""

    host: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that makes one board this door. Secrets stay out of its repr."""

    device: str
    site: str
    broker: BrokerAddress
    board: str
    key: bytes = field(repr=False)
    broker_password: str = field(repr=False)
    ca_pem: bytes = field(repr=False)
    settings: Mapping[str, object] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        """The files that carry it in flash, by path."""
        config = {
            "device": self.device,
            "site": self.site,
            "broker": {"host": self.broker.host, "port": self.broker.port, "name": self.broker.name},
            "board": self.board,
            **self.settings,
        }
        return {
            "config.json": json.dumps(config, ensure_ascii=False).encode(),
            "device.key": self.key,
            "broker.key": self.broker_password.encode(),
            "ca.pem": self.ca_pem,
        }


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the ledger."""

    device: str
    key: bytes = field(repr=False)
    broker_password: str = field(repr=False)
    board: str
    firmware: str
    at: str


def new_device(
    site: str,
    broker: BrokerAddress,
    ca_pem: bytes,
    board: str = "unix",
    device: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Identity:
    """A device with fresh secrets. `device` is the chip's own id when it has one; `settings` go into config.json."""
    if device is None:
        device = "02" + secrets.token_hex(5)  # locally administered: no chip's own MAC begins so
    if not DEVICE.fullmatch(device):
        raise ValueError(f"device id {device!r}: 12 hexadecimal digits, small letters")
    return Identity(
        device, site, broker, board, secrets.token_bytes(KEY_SIZE), secrets.token_urlsafe(24), ca_pem, settings or {}
    )


def known_device(
    row: LedgerRow, site: str, broker: BrokerAddress, ca_pem: bytes, settings: Mapping[str, object]
) -> Identity:
    """The identity that the ledger remembers, for a board that is flashed again."""
    return Identity(row.device, site, broker, row.board, row.key, row.broker_password, ca_pem, settings)


def write_image(image: Path, identity: Identity, bundle: Bundle) -> None:
    """A LittleFS flash image (mode 0600) with the application and the identity."""
    replace(image, flash_image.pack({**bundle.files, **identity.files()}), 0o600)


def ledger_append(path: Path, identity: Identity, firmware: str = "") -> None:
    """Add the device: one write, synced, under a lock, mode 0600. A last line that a crash tore is closed first."""
    row = {
        "device": identity.device,
        "key": identity.key.hex(),
        "broker_password": identity.broker_password,
        "board": identity.board,
        "firmware": firmware,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    line = json.dumps(row).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with open(descriptor, "r+b", buffering=0) as ledger:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.fchmod(descriptor, 0o600)
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            ledger.write(b"\n" + line if torn else line)
            os.fsync(descriptor)
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}; free space or fix its permissions, then flash again") from error


def ledger_read(path: Path) -> dict[str, LedgerRow]:
    """The newest row of each device. A line torn by a crash is skipped when it is no longer followed by its own end."""
    rows: dict[str, LedgerRow] = {}
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            values = json.loads(line)
            row = LedgerRow(
                values["device"],
                bytes.fromhex(values["key"]),
                values["broker_password"],
                values["board"],
                values["firmware"],
                values["at"],
            )
        except (ValueError, KeyError, TypeError):
            continue
        rows[row.device] = row
    return rows
