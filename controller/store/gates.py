"""What guards have switched gates to."""

import sqlite3

from controller.store.database import Database


class GateModes:
    """The table `gate_modes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, str]:
        """Gate → mode, of those that were ever switched."""
        rows = await self._database.read(lambda c: c.execute("SELECT gate, mode FROM gate_modes").fetchall())
        return {row["gate"]: row["mode"] for row in rows}

    async def put(self, gate: str, mode: str) -> None:
        """From now on."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO gate_modes VALUES (?, ?)", (gate, mode))

        await self._database.write(job)
