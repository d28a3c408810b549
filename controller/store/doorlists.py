"""Each door's compiled lists: the one it should have, and the one it said it has."""

import hashlib
import sqlite3
from dataclasses import dataclass

from controller.access.compile import Compiled
from controller.store.database import Database


@dataclass(frozen=True, slots=True)
class DoorList:
    """A compiled list. `digest`: SHA-256 of `data`; `content_digest`: of its records alone."""

    device: str
    version: int
    digest: bytes
    content_digest: bytes
    data: bytes

    @classmethod
    def of(cls, compiled: Compiled) -> "DoorList":
        """A list that was just compiled."""
        digest = hashlib.sha256(compiled.data).digest()
        return cls(compiled.device, compiled.version, digest, compiled.content_digest, compiled.data)

    def __repr__(self) -> str:
        return f"DoorList({self.device}, version={self.version}, {len(self.data)} bytes)"

    def is_reported(self, version: int, digest: bytes) -> bool:
        """Whether a door that reports this version and these first 8 bytes of the digest has this list."""
        return self.version == version and self.digest[:8] == digest


class DoorLists:
    """The tables `door_lists` (desired, and what was reported) and `installed_lists` (the bytes of that)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, DoorList]:
        """Every door's desired list, by device."""
        return await self._lists("SELECT device, version, digest, content_digest, data FROM door_lists")

    async def installed(self) -> dict[str, DoorList]:
        """The list that each door last said it has, by device, of those whose bytes we have."""
        return await self._lists("SELECT device, version, digest, content_digest, data FROM installed_lists")

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

    async def report(
        self, device: str, version: int, digest: bytes, now_unix: float, installed: DoorList | None
    ) -> None:
        """Write down what the door says that it has (digest: the first 8 bytes), and its bytes if we know them."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE door_lists SET reported_version = ?, reported_digest = ?, reported_unix = ? WHERE device = ?",
                (version, digest, now_unix, device),
            )
            if (
                installed is not None
                and not connection.execute(
                    "SELECT 1 FROM installed_lists WHERE device = ? AND version = ? AND digest = ?",
                    (device, installed.version, installed.digest),
                ).fetchone()
            ):
                connection.execute(
                    "INSERT OR REPLACE INTO installed_lists (device, version, digest, content_digest, data)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (device, installed.version, installed.digest, installed.content_digest, installed.data),
                )

        await self._database.write(job)

    async def _lists(self, query: str) -> dict[str, DoorList]:
        rows = await self._database.read(lambda connection: connection.execute(query).fetchall())
        return {row["device"]: DoorList(*row) for row in rows}
