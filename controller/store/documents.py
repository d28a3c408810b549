"""The lists of the community server: the signed document, and its rows for looking things up."""

import json
import sqlite3
from dataclasses import dataclass

from controller.access.document import Document, Person
from controller.store.database import Database


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A verified document, its exact bytes and their SHA-256."""

    document: Document
    payload: bytes
    signature: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Belongings:
    """A person's card numbers, how many PINs, and plates."""

    cards: tuple[str, ...]
    pins: int
    plates: tuple[str, ...]


class Documents:
    """The tables `list_documents`, `people`, `credentials`, `vehicles` and `watchlist`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(self, signed: SignedDocument, now_unix: float) -> None:
        """Put the document in force: all of its rows and itself, in one transaction."""

        def job(connection: sqlite3.Connection) -> None:
            _replace_rows(connection, signed.document)
            connection.execute("DELETE FROM list_documents")
            connection.execute(
                "INSERT INTO list_documents VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    signed.document.version,
                    signed.digest,
                    signed.document.issued_unix,
                    signed.document.expires_unix,
                    signed.payload,
                    signed.signature,
                    now_unix,
                ),
            )
            connection.execute("UPDATE person_keys SET left_unix = 0 WHERE person IN (SELECT id FROM people)")
            connection.execute(
                "UPDATE person_keys SET left_unix = ? WHERE left_unix = 0 AND person NOT IN (SELECT id FROM people)",
                (now_unix,),
            )

        await self._database.write(job)

    async def in_force(self) -> SignedDocument | None:
        """The document in force."""
        row = await self._database.read(
            lambda c: c.execute("SELECT * FROM list_documents ORDER BY version DESC LIMIT 1").fetchone()
        )
        if row is None:
            return None
        document = Document.model_validate_json(row["payload"])
        return SignedDocument(document, row["payload"], row["signature"], row["digest"])

    async def people(self) -> list[Person]:
        """Everyone on the list in force, by id."""
        rows = await self._database.read(lambda c: c.execute("SELECT * FROM people ORDER BY id").fetchall())
        return [_person(row) for row in rows]

    async def person(self, person_id: int) -> Person | None:
        """One of them."""
        row = await self._database.read(
            lambda c: c.execute("SELECT * FROM people WHERE id = ?", (person_id,)).fetchone()
        )
        return None if row is None else _person(row)

    async def search_people(self, text: str, limit: int) -> list[Person]:
        """People whose name contains `text` or whose id it is, by id; everyone for ""."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT * FROM people WHERE instr(lower(name), lower(?)) OR CAST(id AS TEXT) = ? ORDER BY id LIMIT ?",
                (text, text, limit),
            ).fetchall()
        )
        return [_person(row) for row in rows]

    async def belongings(self, person_id: int) -> Belongings:
        """What the list in force gives a person; of a PIN only that there is one."""

        def query(connection: sqlite3.Connection) -> Belongings:
            credentials = connection.execute(
                "SELECT kind, value FROM credentials WHERE person = ? ORDER BY rowid", (person_id,)
            ).fetchall()
            plates = connection.execute("SELECT plate FROM vehicles WHERE person = ? ORDER BY plate", (person_id,))
            cards = tuple(str(row["value"]) for row in credentials if row["kind"] == "card")
            return Belongings(cards, len(credentials) - len(cards), tuple(row["plate"] for row in plates))

        return await self._database.read(query)

    async def watchlist_value(self, entry: int) -> str | None:
        """What an entry of the watchlist looks for."""
        row = await self._database.read(
            lambda c: c.execute("SELECT value FROM watchlist WHERE id = ?", (entry,)).fetchone()
        )
        return None if row is None else str(row["value"])


def _person(row: sqlite3.Row) -> Person:
    return Person(
        id=row["id"],
        name=row["name"],
        doors=json.loads(row["doors"]),
        gates=json.loads(row["gates"]),
        care_hours=row["care_hours"],
    )


def _replace_rows(connection: sqlite3.Connection, document: Document) -> None:
    connection.execute("DELETE FROM people")
    connection.execute("DELETE FROM credentials")
    connection.execute("DELETE FROM vehicles")
    connection.execute("DELETE FROM watchlist")
    connection.executemany(
        "INSERT INTO people VALUES (?, ?, ?, ?, ?)",
        [(row.id, row.name, json.dumps(row.doors), json.dumps(row.gates), row.care_hours) for row in document.people],
    )
    connection.executemany(
        "INSERT INTO credentials VALUES (?, ?, ?, ?, ?, ?)",
        [
            (row.person, row.kind, str(row.value), row.not_before, row.not_after, int(row.revoked))
            for row in document.credentials
        ],
    )
    connection.executemany(
        "INSERT INTO vehicles VALUES (?, ?, ?, ?, ?) ON CONFLICT (plate) DO NOTHING",
        [(row.plate, row.person, json.dumps(row.gates), row.not_before, row.not_after) for row in document.vehicles],
    )
    connection.executemany(
        "INSERT INTO watchlist VALUES (?, ?, ?, ?)",
        [(row.id, row.kind, row.value, row.reason) for row in document.watchlist],
    )
