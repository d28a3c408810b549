"""Doors' boards: keys from the ledger, boots, counters."""

import json
import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from controller.store.box import Box
from controller.store.database import Database
from controller.store.errors import StoreError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Device:
    """One board: who it is and what it last said of its boot."""

    device: str
    key: bytes
    board: str
    firmware: str
    boot_id: int
    boot_count: int
    boot_unix: float
    hello_unix: float
    counter_reserved: int

    def __repr__(self) -> str:
        return f"Device({self.device})"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What of a ledger line the controller needs."""

    device: str
    key: bytes
    board: str

    def __repr__(self) -> str:
        return f"LedgerRow({self.device})"


class Devices:
    """The table `devices`."""

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box

    async def import_ledger(self, rows: list[LedgerRow]) -> int:
        """Take the ledger's rows; how many are new or have a new key. The last row of a device counts."""
        known = {device.device: device for device in await self.all()}
        latest = {row.device: row for row in rows}
        fresh = [row for row in latest.values() if row.device not in known or known[row.device].key != row.key]
        sealed = [(row.device, self._box.seal(row.key, _label(row.device)), row.board) for row in fresh]

        def job(connection: sqlite3.Connection) -> int:
            connection.executemany(
                "INSERT INTO devices (device, key, board) VALUES (?, ?, ?) ON CONFLICT (device) DO UPDATE SET"
                " key = excluded.key, board = excluded.board, boot_id = 0, boot_count = 0, boot_unix = 0",
                sealed,
            )
            return len(sealed)

        return await self._database.write(job) if sealed else 0

    async def all(self) -> list[Device]:
        """Every board, its key opened."""
        rows = await self._database.read(lambda c: c.execute("SELECT * FROM devices ORDER BY device").fetchall())
        return [
            Device(
                row["device"],
                self._box.open(row["key"], _label(row["device"])),
                row["board"],
                row["firmware"],
                row["boot_id"],
                row["boot_count"],
                row["boot_unix"],
                row["hello_unix"],
                row["counter_reserved"],
            )
            for row in rows
        ]

    async def note_hello(
        self, device: str, boot_id: int, boot_count: int, boot_unix: float, hello_unix: float, firmware: str
    ) -> None:
        """Remember the boot that a Hello spoke of."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE devices SET boot_id = ?, boot_count = ?, boot_unix = ?, hello_unix = ?, firmware = ?"
                " WHERE device = ?",
                (boot_id, boot_count, boot_unix, hello_unix, firmware, device),
            )

        await self._database.write(job)

    async def reserve_counters(self, device: str, above: int, count: int) -> range:
        """Counters for frames down, above `above`, that nobody has used or will use, durable before they are used.

        They rise over all boots of the door, so a controller that restarts never falls behind what it sent before.
        """

        def job(connection: sqlite3.Connection) -> range:
            row = connection.execute(
                "UPDATE devices SET counter_reserved = max(counter_reserved, ?) + ? WHERE device = ?"
                " RETURNING counter_reserved",
                (above, count, device),
            ).fetchone()
            return range(row[0] - count + 1, row[0] + 1)

        return await self._database.write(job)


def read_ledger(path: Path) -> list[LedgerRow]:
    """The ledger's rows; none when there is no file yet. A line torn by a crash is named and skipped."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: the ledger cannot be read; mend the file or its permissions") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            rows.append(LedgerRow(str(row["device"]), bytes.fromhex(row["key"]), str(row.get("board", ""))))
        except (ValueError, KeyError, TypeError):
            _log.warning("%s: line %d is no row of the ledger; remove it and provision that board again", path, number)
    return rows


def _label(device: str) -> str:
    return f"device key {device}"
