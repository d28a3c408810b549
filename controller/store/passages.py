"""Counts of passages an hour: numbers, never identities."""

import sqlite3
from dataclasses import dataclass

from controller.store.database import Database


@dataclass(frozen=True, slots=True)
class PassageCount:
    """`what`: "person" or "vehicle"; `direction`: "in", "out" or ""; `hour_unix`: the hour's first second."""

    hour_unix: int
    camera: str
    what: str
    direction: str
    count: int


class Passages:
    """The table `passages`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: list[PassageCount]) -> None:
        """Add these numbers to those of the same hour."""

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
                [(row.hour_unix, row.camera, row.what, row.direction, row.count) for row in counts],
            )

        await self._database.write(job)

    async def since(self, unix: float) -> list[PassageCount]:
        """The hours that begin at or after `unix`."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT * FROM passages WHERE hour_unix >= ? ORDER BY hour_unix, camera, what, direction", (unix,)
            ).fetchall()
        )
        return [PassageCount(*row) for row in rows]
