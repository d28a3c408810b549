"""Kept captures: sealed under the key of the person who agreed, a stranger's under the box key; gone with either."""

import sqlite3
from dataclasses import dataclass, fields

from controller.store.box import Box
from controller.store.database import Database
from controller.store.templates import key_label

MOST = 20_000  # pictures, about 15 kB each; beyond it the oldest give way
_LABEL = "kept capture "


@dataclass(frozen=True, slots=True)
class KeptCapture:
    """A picture that is kept. `kind`: "resident" or "stranger", who has no `person`."""

    id: str
    camera: str
    kind: str
    at_unix: float
    outcome: str
    person: int | None
    keep_until_unix: float


class Kept:
    """The table `kept_captures`."""

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box

    async def keep(self, capture: KeptCapture, jpeg: bytes, statement: str, consent: str) -> bool:
        """Store it; False for a person whose standing consent is to another text than `consent`, or who has none."""

        def job(connection: sqlite3.Connection) -> bool:
            box = self._box
            if capture.person is not None:
                agreed = connection.execute(
                    "SELECT text_version, wrapped FROM consents JOIN person_keys USING (person)"
                    " WHERE person = ? AND withdrawn_unix = 0 ORDER BY id DESC LIMIT 1",
                    (capture.person,),
                ).fetchone()
                if agreed is None or agreed["text_version"] != consent:
                    return False
                box = Box(self._box.open(agreed["wrapped"], key_label(capture.person)))
            connection.execute(
                "INSERT INTO kept_captures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    capture.id,
                    capture.camera,
                    capture.kind,
                    capture.at_unix,
                    capture.outcome,
                    capture.person,
                    statement,
                    capture.keep_until_unix,
                    box.seal(jpeg, _LABEL + capture.id),
                ),
            )
            connection.execute(
                "DELETE FROM kept_captures WHERE rowid IN"
                " (SELECT rowid FROM kept_captures ORDER BY at_unix DESC LIMIT -1 OFFSET ?)",
                (MOST,),
            )
            return True

        return await self._database.write(job)

    async def latest(self, limit: int) -> list[KeptCapture]:
        """The newest, newest first."""
        rows = await self._database.read(
            lambda c: c.execute("SELECT * FROM kept_captures ORDER BY at_unix DESC LIMIT ?", (limit,)).fetchall()
        )
        return [_capture(row) for row in rows]

    async def of_person(self, person: int, limit: int) -> list[tuple[KeptCapture, bytes]]:
        """The person's newest with their pictures, for the person."""

        def query(connection: sqlite3.Connection) -> list[tuple[KeptCapture, bytes]]:
            rows = connection.execute(
                "SELECT * FROM kept_captures WHERE person = ? ORDER BY at_unix DESC LIMIT ?", (person, limit)
            ).fetchall()
            return [(_capture(row), self._unsealed(connection, row)) for row in rows]

        return await self._database.read(query)

    async def jpeg(self, capture_id: str) -> bytes | None:
        """The picture."""

        def query(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute("SELECT * FROM kept_captures WHERE id = ?", (capture_id,)).fetchone()
            return None if row is None else self._unsealed(connection, row)

        return await self._database.read(query)

    async def drop(self, capture_id: str) -> bool:
        """Destroy one; whether there was one."""
        return await self._delete("DELETE FROM kept_captures WHERE id = ?", capture_id) > 0

    async def drop_due(self, now_unix: float) -> int:
        """Destroy those whose retention date has come; how many."""
        return await self._delete("DELETE FROM kept_captures WHERE keep_until_unix <= ?", now_unix)

    async def drop_other(self, statement: str) -> int:
        """Destroy those that were kept under another statement; how many."""
        return await self._delete("DELETE FROM kept_captures WHERE statement != ?", statement)

    async def _delete(self, words: str, value: object) -> int:
        gone = await self._database.write(lambda connection: connection.execute(words, (value,)).rowcount)
        if gone:
            await self._database.checkpoint()
        return gone

    def _unsealed(self, connection: sqlite3.Connection, row: sqlite3.Row) -> bytes:
        box = self._box
        if row["person"] is not None:
            key = connection.execute("SELECT wrapped FROM person_keys WHERE person = ?", (row["person"],)).fetchone()
            box = Box(self._box.open(key["wrapped"], key_label(row["person"])))
        return box.open(row["sealed"], _LABEL + row["id"])


def _capture(row: sqlite3.Row) -> KeptCapture:
    return KeptCapture(*(row[field.name] for field in fields(KeptCapture)))
