"""Face templates: only here, under a key of the person's own; consent withdrawn is key destroyed."""

import base64
import os
import sqlite3
from dataclasses import dataclass

from controller.store.box import KEY_SIZE, Box
from controller.store.database import Database
from controller.store.errors import GalleryFullError

MOST_PEOPLE = 100_000  # a face index of more is no compound's any more


@dataclass(frozen=True, slots=True)
class Consent:
    """Given to a version of the text; `guardian` agreed for a child."""

    text_version: str
    recorded_by: str
    guardian: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Of templates: `embedder` is the net's digest, `source` "picture" or "camera:ID"."""

    embedder: str
    source: str


@dataclass(frozen=True, slots=True)
class Template:
    """One enrolled vector, opened: float32 bytes. `stricter`: how much nearer than the rule asks a face must be."""

    id: int
    person: int
    vector: bytes
    stricter: float

    def __repr__(self) -> str:
        return f"Template({self.id})"


class Templates:
    """The tables `person_keys`, `templates` and `consents`."""

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box

    async def add(self, person: int, vectors: list[bytes], consent: Consent, origin: Origin, now_unix: float) -> int:
        """Store a consent and the vectors it allows; how many the person has now.

        Those of another embedder give way, with what its distances said of the person. GalleryFullError when it would
        be one person too many.
        """

        def job(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT wrapped FROM person_keys WHERE person = ?", (person,)).fetchone()
            if row is None:
                if connection.execute("SELECT count(*) FROM person_keys").fetchone()[0] >= MOST_PEOPLE:
                    raise GalleryFullError(f"faces of {MOST_PEOPLE:,} people are enrolled; withdraw those who left")
                key = os.urandom(KEY_SIZE)
                connection.execute(
                    "INSERT INTO person_keys (person, wrapped) VALUES (?, ?)",
                    (person, self._box.seal(key, key_label(person))),
                )
            else:
                key = self._box.open(row["wrapped"], key_label(person))
            connection.execute(
                "INSERT INTO consents (person, text_version, given_unix, recorded_by, guardian) VALUES (?, ?, ?, ?, ?)",
                (person, consent.text_version, now_unix, consent.recorded_by, consent.guardian),
            )
            others = "DELETE FROM templates WHERE person = ? AND embedder != ?"
            if connection.execute(others, (person, origin.embedder)).rowcount:
                connection.execute("UPDATE person_keys SET stricter = 0 WHERE person = ?", (person,))
            own = Box(key)
            for vector in vectors:
                connection.execute(
                    "INSERT INTO templates (person, sealed, created_unix, embedder, source) VALUES (?, ?, ?, ?, ?)",
                    (person, own.seal(vector, "face template"), now_unix, origin.embedder, origin.source),
                )
            return int(connection.execute("SELECT count(*) FROM templates WHERE person = ?", (person,)).fetchone()[0])

        return await self._database.write(job)

    async def withdraw(self, person: int, now_unix: float) -> int:
        """Destroy a person's key, templates and kept captures, in the write-ahead log too; how many templates went."""

        def job(connection: sqlite3.Connection) -> int:
            gone = connection.execute("DELETE FROM templates WHERE person = ?", (person,)).rowcount
            connection.execute("DELETE FROM kept_captures WHERE person = ?", (person,))
            connection.execute("DELETE FROM person_keys WHERE person = ?", (person,))
            connection.execute(
                "UPDATE consents SET withdrawn_unix = ? WHERE person = ? AND withdrawn_unix = 0", (now_unix, person)
            )
            return gone

        gone = await self._database.write(job)
        await self._database.checkpoint()
        return gone

    async def gallery(self, embedder: str) -> list[Template]:
        """Templates that `embedder` made, of everyone who is on the list in force."""

        def query(connection: sqlite3.Connection) -> list[Template]:
            rows = connection.execute(
                "SELECT templates.id, templates.person, sealed, wrapped, stricter FROM templates"
                " JOIN person_keys USING (person) JOIN people ON people.id = templates.person"
                " WHERE embedder = ? ORDER BY templates.id",
                (embedder,),
            )
            keys: dict[int, Box] = {}
            found = []
            for row in rows:
                person = row["person"]
                if person not in keys:
                    keys[person] = Box(self._box.open(row["wrapped"], key_label(person)))
                vector = keys[person].open(row["sealed"], "face template")
                found.append(Template(row["id"], person, vector, row["stricter"]))
            return found

        return await self._database.read(query)

    async def counts(self, embedder: str) -> dict[int, int]:
        """Templates a person that can be compared with `embedder`'s; 0: enrolled with another one, to be done again."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT person, sum(embedder = ?) FROM templates GROUP BY person", (embedder,)
            ).fetchall()
        )
        return {row[0]: row[1] for row in rows}

    async def tighten(self, person: int, to: float) -> float:
        """Ask at least `to` more nearness of faces taken for this person; how much it is now, 0 without a template."""

        def job(connection: sqlite3.Connection) -> float:
            connection.execute("UPDATE person_keys SET stricter = max(stricter, ?) WHERE person = ?", (to, person))
            row = connection.execute("SELECT stricter FROM person_keys WHERE person = ?", (person,)).fetchone()
            return float(row[0]) if row else 0.0

        return await self._database.write(job)

    async def held(self, person: int) -> dict[str, list[dict[str, object]]]:
        """Everything that this table knows of a person, opened: for the person."""

        def query(connection: sqlite3.Connection) -> dict[str, list[dict[str, object]]]:
            consents = connection.execute(
                "SELECT text_version, given_unix, recorded_by, guardian, withdrawn_unix FROM consents"
                " WHERE person = ? ORDER BY id",
                (person,),
            ).fetchall()
            templates = connection.execute(
                "SELECT sealed, wrapped, created_unix, embedder, source FROM templates JOIN person_keys USING (person)"
                " WHERE person = ? ORDER BY id",
                (person,),
            ).fetchall()
            opened: list[dict[str, object]] = [
                {
                    "created_unix": row["created_unix"],
                    "embedder": row["embedder"],
                    "source": row["source"],
                    "vector_base64": base64.b64encode(
                        Box(self._box.open(row["wrapped"], key_label(person))).open(row["sealed"], "face template")
                    ).decode(),
                }
                for row in templates
            ]
            return {"consents": [dict(row) for row in consents], "templates": opened}

        return await self._database.read(query)

    async def left_before(self, unix: float) -> list[int]:
        """People with templates who have been on no list since before `unix`."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT person FROM person_keys WHERE left_unix > 0 AND left_unix < ?", (unix,)
            ).fetchall()
        )
        return [row[0] for row in rows]


def key_label(person: int) -> str:
    """As what a person's key is sealed with the box key."""
    return f"template key of person {person}"
