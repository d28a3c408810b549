"""Doors' events: stored once, in order, with every hole named."""

import asyncio
import sqlite3
from dataclasses import dataclass

from controller.store.database import Database


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as a door reported it. `at_unix`: the door's clock or, where unknown, reckoned from its uptime."""

    device: str
    epoch: int
    seq: int
    kind: str
    reason: str
    at_unix: int
    clock_known: bool
    received_unix: float
    credential_kind: str
    credential: str
    person: int
    list_version: int
    list_age_s: int

    def __repr__(self) -> str:
        return f"NewEvent({self.device}, {self.epoch}, {self.seq}, {self.kind})"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its row id, which rises in the order of storing."""

    id: int
    event: NewEvent


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of an event: `highest_seq` is stored up to there; `id` is None unless this call stored it."""

    highest_seq: int
    id: int | None


class Journal:
    """The tables `events`, `journals`, `gaps` and `outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, event: NewEvent) -> "asyncio.Future[Appended]":
        """Queue the event. Stored only as the next after the journal's highest; then it is in the outbox too."""
        return self._database.submit(lambda connection: _append(connection, event))

    async def highest_seq(self, device: str, epoch: int) -> int | None:
        """Stored up to there; None for an epoch never heard of."""

        def query(connection: sqlite3.Connection) -> int | None:
            return _highest(connection, device, epoch)

        return await self._database.read(query)

    async def epochs(self) -> dict[str, set[int]]:
        """The journal epochs ever heard of, by device."""
        found: dict[str, set[int]] = {}
        rows = await self._database.read(lambda c: c.execute("SELECT device, epoch FROM journals").fetchall())
        for row in rows:
            found.setdefault(row["device"], set()).add(row["epoch"])
        return found

    def open_epoch(self, device: str, epoch: int, first_seq: int, now_unix: float) -> "asyncio.Future[range]":
        """The door holds `epoch` from `first_seq` on: note it; the seqs thereby known to be lost (often none)."""
        return self._database.submit(lambda connection: _open_epoch(connection, device, epoch, first_seq, now_unix))

    async def after(self, event_id: int, limit: int) -> list[StoredEvent]:
        """Events stored after row `event_id`, oldest first."""
        return await self._select("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?", (event_id, limit))

    async def latest(self, limit: int) -> list[StoredEvent]:
        """The newest events, newest first."""
        return await self._select("SELECT * FROM events ORDER BY id DESC LIMIT ?", (limit,))

    async def of_person(self, person: int) -> list[StoredEvent]:
        """The last thousand about one person, newest first."""
        return await self._select("SELECT * FROM events WHERE person = ? ORDER BY id DESC LIMIT 1000", (person,))

    async def outbox(self, limit: int) -> list[StoredEvent]:
        """Events that the community server has not taken, oldest first."""
        return await self._select(
            "SELECT events.* FROM events JOIN outbox ON event_id = id ORDER BY id LIMIT ?", (limit,)
        )

    async def sent(self, ids: list[int]) -> None:
        """Take these out of the outbox."""

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM outbox WHERE event_id = ?", [(event_id,) for event_id in ids])

        await self._database.write(job)

    async def _select(self, statement: str, values: tuple[object, ...]) -> list[StoredEvent]:
        def query(connection: sqlite3.Connection) -> list[StoredEvent]:
            return [_stored(row) for row in connection.execute(statement, values)]

        return await self._database.read(query)


def _highest(connection: sqlite3.Connection, device: str, epoch: int) -> int | None:
    row = connection.execute(
        "SELECT highest_seq FROM journals WHERE device = ? AND epoch = ?", (device, epoch)
    ).fetchone()
    return None if row is None else int(row[0])


def _append(connection: sqlite3.Connection, event: NewEvent) -> Appended:
    highest = _highest(connection, event.device, event.epoch) or 0
    if event.seq != highest + 1:
        return Appended(highest, None)
    _set_highest(connection, event.device, event.epoch, event.seq)
    cursor = connection.execute(
        "INSERT INTO events (device, epoch, seq, kind, reason, at_unix, clock_known, received_unix, credential_kind,"
        " credential, person, list_version, list_age_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.device,
            event.epoch,
            event.seq,
            event.kind,
            event.reason,
            event.at_unix,
            int(event.clock_known),
            event.received_unix,
            event.credential_kind,
            event.credential,
            event.person,
            event.list_version,
            event.list_age_s,
        ),
    )
    connection.execute("INSERT INTO outbox VALUES (?)", (cursor.lastrowid,))
    return Appended(event.seq, cursor.lastrowid)


def _open_epoch(connection: sqlite3.Connection, device: str, epoch: int, first_seq: int, now_unix: float) -> range:
    highest = _highest(connection, device, epoch) or 0
    lost = range(highest + 1, first_seq)
    if lost:
        connection.execute(
            "INSERT INTO gaps VALUES (?, ?, ?, ?, ?)", (device, epoch, lost.start, lost.stop - 1, now_unix)
        )
    _set_highest(connection, device, epoch, max(highest, first_seq - 1, 0))
    return lost


def _set_highest(connection: sqlite3.Connection, device: str, epoch: int, seq: int) -> None:
    connection.execute(
        "INSERT INTO journals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET highest_seq = excluded.highest_seq",
        (device, epoch, seq),
    )


def _stored(row: sqlite3.Row) -> StoredEvent:
    return StoredEvent(
        row["id"],
        NewEvent(
            row["device"],
            row["epoch"],
            row["seq"],
            row["kind"],
            row["reason"],
            row["at_unix"],
            bool(row["clock_known"]),
            row["received_unix"],
            row["credential_kind"],
            row["credential"],
            row["person"],
            row["list_version"],
            row["list_age_s"],
        ),
    )
