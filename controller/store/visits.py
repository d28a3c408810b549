"""How often vehicles with a limited number of uses were let in."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from controller.store.database import Database


class Visit(NamedTuple):
    """What is counted: a plate within one window."""

    plate: str
    not_before: int
    not_after: int


class VisitCounts:
    """The table `visits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[Visit, int]:
        """Every count."""
        rows = await self._database.read(lambda c: c.execute("SELECT * FROM visits").fetchall())
        return {Visit(row["plate"], row["not_before"], row["not_after"]): row["used"] for row in rows}

    async def put(self, visit: Visit, used: int) -> None:
        """From now on it is this many."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO visits VALUES (?, ?, ?, ?)", (*visit, used))

        await self._database.write(job)

    async def forget(self, visits: Iterable[Visit]) -> None:
        """Their counts go."""
        rows = list(visits)

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM visits WHERE plate = ? AND not_before = ? AND not_after = ?", rows)

        await self._database.write(job)
