"""Face templates: only here, under a key of the person's own; consent withdrawn is key destroyed."""

import os
import sqlite3
from dataclasses import dataclass

from controller.store.box import KEY_SIZE, Box
from controller.store.database import Database


@dataclass(frozen=True, slots=True)
class Template:
    """One enrolled vector, opened: float32 bytes."""

    id: int
    person: int
    vector: bytes

    def __repr__(self) -> str:
        return f"Template({self.id})"


class Templates:
    """The tables `person_keys`, `templates` and `consents`."""

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box

    async def add(self, person: int, vectors: list[bytes], consent: str, who: str, now_unix: float) -> int:
        """Store a consent (the version of its text) and the vectors it allows; how many the person has now."""

        def job(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT wrapped FROM person_keys WHERE person = ?", (person,)).fetchone()
            if row is None:
                key = os.urandom(KEY_SIZE)
                connection.execute(
                    "INSERT INTO person_keys (person, wrapped) VALUES (?, ?)",
                    (person, self._box.seal(key, _label(person))),
                )
            else:
                key = self._box.open(row["wrapped"], _label(person))
            connection.execute(
                "INSERT INTO consents (person, text_version, given_unix, recorded_by) VALUES (?, ?, ?, ?)",
                (person, consent, now_unix, who),
            )
            own = Box(key)
            for vector in vectors:
                connection.execute(
                    "INSERT INTO templates (person, sealed, created_unix) VALUES (?, ?, ?)",
                    (person, own.seal(vector, "face template"), now_unix),
                )
            return int(connection.execute("SELECT count(*) FROM templates WHERE person = ?", (person,)).fetchone()[0])

        return await self._database.write(job)

    async def withdraw(self, person: int, now_unix: float) -> int:
        """Destroy the person's key and templates, also in the write-ahead log; how many templates went."""

        def job(connection: sqlite3.Connection) -> int:
            gone = connection.execute("DELETE FROM templates WHERE person = ?", (person,)).rowcount
            connection.execute("DELETE FROM person_keys WHERE person = ?", (person,))
            connection.execute(
                "UPDATE consents SET withdrawn_unix = ? WHERE person = ? AND withdrawn_unix = 0", (now_unix, person)
            )
            return gone

        gone = await self._database.write(job)
        await self._database.checkpoint()
        return gone

    async def gallery(self) -> list[Template]:
        """Templates of everyone who is on the list in force."""

        def query(connection: sqlite3.Connection) -> list[Template]:
            rows = connection.execute(
                "SELECT templates.id, templates.person, sealed, wrapped FROM templates"
                " JOIN person_keys USING (person) JOIN people ON people.id = templates.person ORDER BY templates.id"
            )
            keys: dict[int, Box] = {}
            found = []
            for row in rows:
                person = row["person"]
                if person not in keys:
                    keys[person] = Box(self._box.open(row["wrapped"], _label(person)))
                found.append(Template(row["id"], person, keys[person].open(row["sealed"], "face template")))
            return found

        return await self._database.read(query)

    async def counts(self) -> dict[int, int]:
        """Templates a person."""
        rows = await self._database.read(
            lambda c: c.execute("SELECT person, count(*) FROM templates GROUP BY person").fetchall()
        )
        return {row[0]: row[1] for row in rows}

    async def left_before(self, unix: float) -> list[int]:
        """People with templates who have been on no list since before `unix`."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT person FROM person_keys WHERE left_unix > 0 AND left_unix < ?", (unix,)
            ).fetchall()
        )
        return [row[0] for row in rows]


def _label(person: int) -> str:
    return f"template key of person {person}"
