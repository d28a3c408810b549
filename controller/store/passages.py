"""Traffic in numbers: passages an hour, different vehicles a day, vehicles in the compound. Never who."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from controller.flow.hours import Counts, Kind, Tally
from controller.store.database import Database

_JUMPED_S = 7 * 86_400  # nothing was counted for so long: more likely the clock is wrong than the gates were shut
_AT_ONCE_S = 2 * 86_400  # a clock that stays wrong costs so much a day, and a site that was shut catches up


@dataclass(frozen=True, slots=True)
class Inside:
    """Vehicles in the compound; `counted_unix`: when a guard last set the number, 0 never."""

    vehicles: int
    counted_unix: float


class Passages:
    """The tables `flow`, `flow_days` and `inside`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Counts, inside: int, days: Mapping[int, int]) -> None:
        """Add these numbers: to their hours, to the vehicles in the compound, to the different vehicles of each day."""

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET count = count + excluded.count, spent_s = spent_s + excluded.spent_s",
                [
                    (kind.hour_unix, kind.camera, kind.what, kind.type, kind.direction, kind.lane, *_values(tally))
                    for kind, tally in counts.items()
                ],
            )
            connection.execute("UPDATE inside SET vehicles = max(0, vehicles + ?)", (inside,))
            connection.executemany(
                "INSERT INTO flow_days VALUES (?, ?) ON CONFLICT DO UPDATE SET vehicles = vehicles + excluded.vehicles",
                days.items(),
            )

        await self._database.write(job)

    async def between(self, first_unix: float, end_unix: float, camera: str = "") -> Counts:
        """The hours that begin from `first_unix` on and before `end_unix`, of one camera or of all, in order."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT * FROM flow WHERE hour_unix >= ? AND hour_unix < ? AND ? IN ('', camera)"
                " ORDER BY hour_unix, camera, what, type, direction, lane",
                (first_unix, end_unix, camera),
            ).fetchall()
        )
        return {Kind(*row[:6]): Tally(row["count"], row["spent_s"]) for row in rows}

    async def days(self, first_unix: float, end_unix: float) -> dict[int, int]:
        """Different vehicles by the first second of the day."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT * FROM flow_days WHERE day_unix >= ? AND day_unix < ? ORDER BY day_unix", (first_unix, end_unix)
            ).fetchall()
        )
        return {row["day_unix"]: row["vehicles"] for row in rows}

    async def inside(self) -> Inside:
        """Vehicles in the compound now."""
        row = await self._database.read(lambda c: c.execute("SELECT vehicles, counted_unix FROM inside").fetchone())
        return Inside(*row)

    async def set_inside(self, vehicles: int, now_unix: float) -> None:
        """Somebody has counted them."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE inside SET vehicles = ?, counted_unix = ?", (vehicles, now_unix))

        await self._database.write(job)

    async def drop_old(self, today_unix: float, keep_s: float) -> None:
        """Forget what is older, two days' counts at once and no more; nothing when the clock has jumped."""

        def job(connection: sqlite3.Connection) -> None:
            first, last = connection.execute("SELECT min(hour_unix), max(hour_unix) FROM flow").fetchone()
            if last is None or today_unix - last > _JUMPED_S:
                return
            before = min(today_unix - keep_s, first + _AT_ONCE_S)
            connection.execute("DELETE FROM flow WHERE hour_unix < ?", (before,))
            connection.execute("DELETE FROM flow_days WHERE day_unix < ?", (before,))

        await self._database.write(job)


def _values(tally: Tally) -> tuple[int, float]:
    return tally.count, tally.spent_s
