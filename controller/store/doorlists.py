"""Each door's compiled list: desired by us, reported by the door."""

import sqlite3
from dataclasses import dataclass

from controller.store.database import Database


@dataclass(frozen=True, slots=True)
class DoorList:
    """A compiled list. `digest`: SHA-256 of `data`; `content_digest`: of its records alone."""

    device: str
    version: int
    digest: bytes
    content_digest: bytes
    data: bytes

    def __repr__(self) -> str:
        return f"DoorList({self.device}, version={self.version}, {len(self.data)} bytes)"


class DoorLists:
    """The table `door_lists`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, DoorList]:
        """Every door's desired list, by device."""
        rows = await self._database.read(
            lambda c: c.execute("SELECT device, version, digest, content_digest, data FROM door_lists").fetchall()
        )
        return {row["device"]: DoorList(*row) for row in rows}

    async def put(self, lists: list[DoorList], now_unix: float) -> None:
        """Make these the desired ones."""

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO door_lists (device, version, digest, content_digest, data, compiled_unix)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET version = excluded.version,"
                " digest = excluded.digest, content_digest = excluded.content_digest, data = excluded.data,"
                " compiled_unix = excluded.compiled_unix",
                [(row.device, row.version, row.digest, row.content_digest, row.data, now_unix) for row in lists],
            )

        await self._database.write(job)

    async def report(self, device: str, version: int, digest: bytes, now_unix: float) -> None:
        """Write down what the door says that it has (digest: the first 8 bytes)."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE door_lists SET reported_version = ?, reported_digest = ?, reported_unix = ? WHERE device = ?",
                (version, digest, now_unix, device),
            )

        await self._database.write(job)
