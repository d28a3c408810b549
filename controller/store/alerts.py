"""Alerts, their evidence pictures, and the audit of what people did."""

import sqlite3
from dataclasses import dataclass

from controller.store.box import Box
from controller.store.database import Database

_LABEL = "evidence "


@dataclass(frozen=True, slots=True)
class NewAlert:
    """Something a person must see. `place` is a door, gate or camera id, or "" for the site."""

    kind: str
    level: str
    subject: str
    place: str
    at_unix: float
    words: str
    capture: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A stored alert; `outcome` is "" while it is open, then "confirmed" or "dismissed" by a guard, or "ended"."""

    id: int
    kind: str
    level: str
    subject: str
    place: str
    at_unix: float
    words: str
    capture: str | None
    outcome: str
    confirmed_by: str
    confirmed_unix: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A picture that is kept until its retention date, because an alert needs it."""

    id: str
    camera: str
    kind: str
    at_unix: float
    keep_until_unix: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act of a person."""

    at_unix: float
    who: str
    action: str
    subject: str
    detail: str


class Alerts:
    """The tables `alerts`, `captures` and `audit`."""

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box

    async def add(self, alert: NewAlert, evidence: Evidence | None = None) -> Alert:
        """Store the alert and its picture together."""

        def job(connection: sqlite3.Connection) -> Alert:
            if evidence is not None:
                connection.execute(
                    "INSERT INTO captures VALUES (?, ?, ?, ?, ?, ?, 1)",
                    (
                        evidence.id,
                        evidence.camera,
                        evidence.kind,
                        evidence.at_unix,
                        evidence.keep_until_unix,
                        self._box.seal(evidence.jpeg, _LABEL + evidence.id),
                    ),
                )
            cursor = connection.execute(
                "INSERT INTO alerts (kind, level, subject, place, at_unix, words, capture)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (alert.kind, alert.level, alert.subject, alert.place, alert.at_unix, alert.words, alert.capture),
            )
            return _one(connection, int(cursor.lastrowid or 0))

        return await self._database.write(job)

    async def latest(self, limit: int) -> list[Alert]:
        """The newest alerts, newest first."""
        rows = await self._database.read(
            lambda c: c.execute("SELECT * FROM alerts ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
        )
        return [Alert(*row) for row in rows]

    async def judge(self, alert_id: int, outcome: str, who: str, now_unix: float) -> Alert | None:
        """Write a guard's judgement down, once; the alert as it stands then, None when there is none."""

        def job(connection: sqlite3.Connection) -> Alert | None:
            connection.execute(
                "UPDATE alerts SET outcome = ?, confirmed_by = ?, confirmed_unix = ? WHERE id = ? AND outcome = ''",
                (outcome, who, now_unix, alert_id),
            )
            row = connection.execute("SELECT * FROM alerts WHERE id = ?", (alert_id,)).fetchone()
            return None if row is None else Alert(*row)

        return await self._database.write(job)

    async def evidence(self, capture_id: str) -> Evidence | None:
        """A kept picture."""
        row = await self._database.read(
            lambda c: c.execute("SELECT * FROM captures WHERE id = ?", (capture_id,)).fetchone()
        )
        if row is None:
            return None
        jpeg = self._box.open(row["jpeg"], _LABEL + capture_id) if row["sealed"] else row["jpeg"]
        return Evidence(row["id"], row["camera"], row["kind"], row["at_unix"], row["keep_until_unix"], jpeg)

    async def drop_due_evidence(self, now_unix: float) -> int:
        """Delete pictures whose retention date has come; how many."""

        def job(connection: sqlite3.Connection) -> int:
            return connection.execute("DELETE FROM captures WHERE keep_until_unix <= ?", (now_unix,)).rowcount

        return await self._database.write(job)

    async def audit(self, row: AuditRow) -> None:
        """Write down who did what."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO audit (at_unix, who, action, subject, detail) VALUES (?, ?, ?, ?, ?)",
                (row.at_unix, row.who, row.action, row.subject, row.detail),
            )

        await self._database.write(job)

    async def audited(self, limit: int, subject: str = "") -> list[AuditRow]:
        """The newest acts, newest first; only those about `subject` if one is named."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT at_unix, who, action, subject, detail FROM audit"
                " WHERE ? IN ('', subject) ORDER BY id DESC LIMIT ?",
                (subject, limit),
            ).fetchall()
        )
        return [AuditRow(*row) for row in rows]


def _one(connection: sqlite3.Connection, alert_id: int) -> Alert:
    return Alert(*connection.execute("SELECT * FROM alerts WHERE id = ?", (alert_id,)).fetchone())
