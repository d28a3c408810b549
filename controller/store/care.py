"""Who asked to be looked after, their last sign of life, and the alert that was raised last."""

import sqlite3
from dataclasses import dataclass

from controller.store.database import Database

KIND = "care"
# The events are what a door journals when it lets somebody in: by card or PIN; by face or plate; under duress.
_CARED = """
SELECT person, care_hours,
    max(since_unix, coalesce((
        SELECT max(min(at_unix, received_unix)) FROM events
        WHERE events.person = care.person AND kind IN ('granted', 'command-done', 'Duress')
    ), 0)),
    coalesce(alerts.id, 0), coalesce(outcome, ''), iif(outcome IN ('confirmed', 'dismissed'), confirmed_unix, 0.0)
FROM care
JOIN people ON people.id = care.person
LEFT JOIN alerts ON alerts.id = (SELECT max(id) FROM alerts WHERE kind = ? AND subject = 'person:' || care.person)
ORDER BY person
"""


@dataclass(frozen=True, slots=True)
class Cared:
    """`sign_unix`: the last time that a door let the person in, or when this was asked for. The latest alert: `alert`
    its id or 0, `outcome` "" while it is open, `judged_unix` when a guard judged it.
    """

    person: int
    hours: int
    sign_unix: float
    alert: int
    outcome: str
    judged_unix: float


class CareRows:
    """The table `care`, beside `people`, `events` and `alerts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, now_unix: float) -> list[Cared]:
        """Those who ask for it in the list in force. A door's clock that is ahead makes no sign of the future."""

        def job(connection: sqlite3.Connection) -> list[Cared]:
            connection.execute("INSERT OR IGNORE INTO care SELECT id, ? FROM people WHERE care_hours > 0", (now_unix,))
            connection.execute("DELETE FROM care WHERE person NOT IN (SELECT id FROM people WHERE care_hours > 0)")
            rows = connection.execute(_CARED, (KIND,))
            return [Cared(*row) for row in rows]

        return await self._database.write(job)

    async def since(self, person: int) -> float | None:
        """Since when this person is looked after; None: not at all."""
        row = await self._database.read(
            lambda c: c.execute("SELECT since_unix FROM care WHERE person = ?", (person,)).fetchone()
        )
        return None if row is None else float(row["since_unix"])

    async def not_asked(self) -> list[int]:
        """Open alerts about people who do not ask for it any more."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT id FROM alerts WHERE kind = ? AND outcome = ''"
                " AND subject NOT IN (SELECT 'person:' || person FROM care)",
                (KIND,),
            ).fetchall()
        )
        return [int(row["id"]) for row in rows]
