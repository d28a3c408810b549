"""The server's SQLite file. Every method is one transaction; safe to call from several threads."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.community.errors import ConflictError, SetupError, UnknownError
from tools.community.plates import need_other_plate
from tools.community.rows import (
    CalendarBody,
    Credential,
    Event,
    Person,
    Schedule,
    StoredEvent,
    Vehicle,
    WatchlistEntry,
)
from tools.community.version import ListRow

KEPT_PAYLOADS = 20  # a controller that was away only needs the newest; the rest is for looking things up
_BUSY_S = 10.0
_TEXT, _FLAG = "TEXT NOT NULL DEFAULT ''", "INTEGER NOT NULL DEFAULT 0"
_LATER = {  # columns that came after the first version
    "people": {"schedule": _TEXT, "extended": _FLAG, "first_person": _FLAG, "toggle": _FLAG, "care_hours": _FLAG},
    "credentials": {"schedule": _TEXT, "uses": _FLAG, "factor": "TEXT NOT NULL DEFAULT 'alone'", "duress": _FLAG},
    "vehicles": {"uses": _FLAG, "body_colour": _TEXT, "vehicle_class": _TEXT},
}
_EVENT_COLUMNS = (
    "device, epoch, seq, kind, reason, at_unix, clock_known, credential_kind, person, list_version, list_age_s"
)


class Database:
    """People, credentials, vehicles, watchlist, signed lists and events of one site."""

    def __init__(self, file: Path, site: str) -> None:
        try:
            self._connection = sqlite3.connect(file, timeout=_BUSY_S, check_same_thread=False, isolation_level=None)
        except sqlite3.Error as error:
            raise _unusable(file, error) from error
        try:
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.executescript((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
            _add_columns(self._connection)
        except sqlite3.Error as error:
            self._connection.close()
            raise _unusable(file, error) from error
        self._lock = threading.Lock()
        with self.transaction() as connection:
            row = connection.execute("SELECT id FROM site").fetchone()
            if row is None:
                connection.execute("INSERT INTO site VALUES (?)", (site,))
        if row is not None and row["id"] != site:
            self.close()
            raise SetupError(f'{file}: holds the lists of "{row["id"]}", not "{site}"; name another --data folder')

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    # -- rows ---------------------------------------------------------------------------------------------------------

    def put_person(self, person: Person) -> None:
        """Add or change."""
        with self.transaction() as connection:
            _need_schedule(connection, person.schedule)
            connection.execute(
                "INSERT INTO people (id, name, doors, gates, schedule, extended, first_person, toggle, care_hours)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
                " doors = excluded.doors, gates = excluded.gates, schedule = excluded.schedule,"
                " extended = excluded.extended, first_person = excluded.first_person, toggle = excluded.toggle,"
                " care_hours = excluded.care_hours",
                (
                    person.id,
                    person.name,
                    json.dumps(person.doors),
                    json.dumps(person.gates),
                    person.schedule,
                    int(person.extended),
                    int(person.first_person),
                    int(person.toggle),
                    person.care_hours,
                ),
            )

    def put_credentials(self, credentials: Sequence[Credential]) -> int:
        """Add or change all of them or none. A card moves to the person who is named last."""
        with self.transaction() as connection:
            for row in credentials:
                _need_person(connection, row.person)
                _need_schedule(connection, row.schedule)
                connection.execute(
                    "INSERT OR REPLACE INTO credentials (person, kind, value, not_before, not_after, revoked,"
                    " schedule, uses, factor, duress) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        row.person,
                        row.kind,
                        str(row.value),
                        row.not_before,
                        row.not_after,
                        int(row.revoked),
                        row.schedule,
                        row.uses,
                        row.factor,
                        int(row.duress),
                    ),
                )
        return len(credentials)

    def put_vehicle(self, vehicle: Vehicle) -> None:
        """Add or change."""
        with self.transaction() as connection:
            _need_person(connection, vehicle.person)
            need_other_plate(connection, vehicle.plate)
            connection.execute(
                "INSERT OR REPLACE INTO vehicles (plate, person, gates, not_before, not_after, uses, body_colour,"
                " vehicle_class) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    vehicle.plate,
                    vehicle.person,
                    json.dumps(vehicle.gates),
                    vehicle.not_before,
                    vehicle.not_after,
                    vehicle.uses,
                    vehicle.body_colour,
                    vehicle.vehicle_class,
                ),
            )

    def put_watchlist(self, entry: WatchlistEntry) -> None:
        """Add or change."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO watchlist VALUES (?, ?, ?, ?)",
                (entry.id, entry.kind, entry.value, entry.reason),
            )

    def put_schedule(self, schedule: Schedule) -> None:
        """Add or change."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO schedules VALUES (?, ?)", (schedule.id, schedule.model_dump_json())
            )

    def put_calendar(self, calendar_: CalendarBody) -> None:
        """In place of the one before."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO calendar VALUES (1, ?)", (calendar_.model_dump_json(),))

    def remove_schedule(self, schedule: str) -> int:
        """One schedule that nobody goes by any more."""
        with self.transaction() as connection:
            for table in ("people", "credentials"):
                query = f"SELECT 1 FROM {table} WHERE schedule = ? LIMIT 1"  # noqa: S608 - own constants
                if connection.execute(query, (schedule,)).fetchone():
                    raise ConflictError(f"{table} go by schedule {schedule}; give them another first")
        return self._remove("DELETE FROM schedules WHERE id = ?", schedule, "schedule")

    def schedules(self) -> list[Schedule]:
        """All, by id."""
        with self.transaction() as connection:
            return schedules(connection)

    def calendar(self) -> CalendarBody:
        """Holidays and UTC offset."""
        with self.transaction() as connection:
            return calendar(connection)

    def remove_person(self, person: int) -> int:
        """The person, and with it all credentials and vehicles."""
        return self._remove("DELETE FROM people WHERE id = ?", person, "person")

    def remove_credentials(self, person: int) -> int:
        """All credentials of a person."""
        return self._remove("DELETE FROM credentials WHERE person = ?", person, "credential of person")

    def remove_card(self, value: int) -> int:
        """One card. To make doors refuse it by name, put it with `revoked` instead."""
        return self._remove("DELETE FROM credentials WHERE kind = 'card' AND value = ?", str(value), "such card")

    def remove_vehicle(self, plate: str) -> int:
        """One vehicle."""
        return self._remove("DELETE FROM vehicles WHERE plate = ?", plate, "vehicle")

    def remove_watchlist(self, entry: int) -> int:
        """One entry."""
        return self._remove("DELETE FROM watchlist WHERE id = ?", entry, "watchlist entry")

    def people(self) -> list[Person]:
        """All, by id."""
        with self.transaction() as connection:
            return people(connection)

    def credentials(self, person: int) -> list[Credential]:
        """One person's."""
        with self.transaction() as connection:
            return credentials(connection, person)

    def vehicles(self) -> list[Vehicle]:
        """All, by plate."""
        with self.transaction() as connection:
            return vehicles(connection)

    def watchlist(self) -> list[WatchlistEntry]:
        """All, by id."""
        with self.transaction() as connection:
            return watchlist(connection)

    # -- lists --------------------------------------------------------------------------------------------------------

    def newest_list(self) -> ListRow | None:
        """The list to give to a site."""
        return self._list("ORDER BY version DESC LIMIT 1", ())

    def newest_version(self) -> int:
        """Its number; 0 when there is none."""
        with self.transaction() as connection:
            return int(connection.execute("SELECT coalesce(max(version), 0) FROM lists").fetchone()[0])

    def list_version(self, version: int) -> ListRow | None:
        """One of the lists whose payload is still kept."""
        return self._list("WHERE version = ? AND payload IS NOT NULL", (version,))

    def _list(self, tail: str, values: tuple[int, ...]) -> ListRow | None:
        with self.transaction() as connection:
            row = connection.execute(f"SELECT * FROM lists {tail}", values).fetchone()  # noqa: S608 - two own constants
        return None if row is None else ListRow(*row)

    # -- events -------------------------------------------------------------------------------------------------------

    def take_events(self, events: Sequence[Event], now_unix: float) -> int:
        """Store those that are not there yet; how many. What is there stays as it is."""
        with self.transaction() as connection:
            next_id = int(connection.execute("SELECT coalesce(max(id), 0) + 1 FROM events").fetchone()[0])
            stored = 0
            for event in events:
                cursor = connection.execute(
                    f"INSERT INTO events (id, {_EVENT_COLUMNS}, received_unix)"  # noqa: S608 - own constant
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, epoch, seq) DO NOTHING",
                    (next_id + stored, *_event_values(event), now_unix),
                )
                stored += cursor.rowcount
        return stored

    def events_after(self, event_id: int, limit: int) -> list[StoredEvent]:
        """Events that came in after row `event_id`, oldest first."""
        with self.transaction() as connection:
            rows = connection.execute("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?", (event_id, limit))
            return [StoredEvent(**{**dict(row), "clock_known": bool(row["clock_known"])}) for row in rows]

    def _remove(self, statement: str, key: object, what: str) -> int:
        with self.transaction() as connection:
            removed = connection.execute(statement, (key,)).rowcount
        if not removed:
            raise UnknownError(f"there is no {what} {key}")
        return removed


def people(connection: sqlite3.Connection) -> list[Person]:
    """All, by id."""
    rows = connection.execute("SELECT * FROM people ORDER BY id")
    return [
        Person(
            id=row["id"],
            name=row["name"],
            doors=json.loads(row["doors"]),
            gates=json.loads(row["gates"]),
            schedule=row["schedule"],
            extended=bool(row["extended"]),
            first_person=bool(row["first_person"]),
            toggle=bool(row["toggle"]),
            care_hours=row["care_hours"],
        )
        for row in rows
    ]


def credentials(connection: sqlite3.Connection, person: int | None = None) -> list[Credential]:
    """All, or one person's."""
    rows = connection.execute(
        "SELECT * FROM credentials WHERE ? IS NULL OR person = ? ORDER BY person, kind, value", (person, person)
    )
    return [
        Credential(
            person=row["person"],
            kind=row["kind"],
            value=int(row["value"]) if row["kind"] == "card" else row["value"],
            not_before=row["not_before"],
            not_after=row["not_after"],
            revoked=bool(row["revoked"]),
            schedule=row["schedule"],
            uses=row["uses"],
            factor=row["factor"],
            duress=bool(row["duress"]),
        )
        for row in rows
    ]


def vehicles(connection: sqlite3.Connection) -> list[Vehicle]:
    """All, by plate."""
    rows = connection.execute("SELECT * FROM vehicles ORDER BY plate")
    return [Vehicle(**{**dict(row), "gates": json.loads(row["gates"])}) for row in rows]


def watchlist(connection: sqlite3.Connection) -> list[WatchlistEntry]:
    """All, by id."""
    return [WatchlistEntry(**dict(row)) for row in connection.execute("SELECT * FROM watchlist ORDER BY id")]


def schedules(connection: sqlite3.Connection) -> list[Schedule]:
    """All, by id."""
    return [
        Schedule.model_validate_json(row["body"]) for row in connection.execute("SELECT * FROM schedules ORDER BY id")
    ]


def calendar(connection: sqlite3.Connection) -> CalendarBody:
    """Holidays and UTC offset."""
    row = connection.execute("SELECT body FROM calendar").fetchone()
    return CalendarBody() if row is None else CalendarBody.model_validate_json(row["body"])


def newest(connection: sqlite3.Connection) -> ListRow | None:
    """The newest list."""
    row = connection.execute("SELECT * FROM lists ORDER BY version DESC LIMIT 1").fetchone()
    return None if row is None else ListRow(*row)


def add_list(connection: sqlite3.Connection, row: ListRow) -> None:
    """Write a version, once; drop the payload of the oldest one kept."""
    connection.execute(
        "INSERT INTO lists VALUES (?, ?, ?, ?, ?, ?)",
        (row.version, row.digest, row.issued_unix, row.expires_unix, row.payload, row.signature),
    )
    connection.execute(
        "UPDATE lists SET payload = NULL, signature = NULL WHERE version <= ? AND payload IS NOT NULL",
        (row.version - KEPT_PAYLOADS,),
    )


def _need_schedule(connection: sqlite3.Connection, schedule: str) -> None:
    if schedule and connection.execute("SELECT 1 FROM schedules WHERE id = ?", (schedule,)).fetchone() is None:
        raise ConflictError(f"there is no schedule {schedule}; put /v1/schedules/{schedule} first")


def _add_columns(connection: sqlite3.Connection) -> None:
    """What tables of an older server lack."""
    for table, columns in _LATER.items():
        present = {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
        for column, kind in columns.items():
            if column not in present:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")


def _need_person(connection: sqlite3.Connection, person: int) -> None:
    if connection.execute("SELECT 1 FROM people WHERE id = ?", (person,)).fetchone() is None:
        raise ConflictError(f"there is no person {person}; put /v1/people/{person} first")


def _event_values(event: Event) -> tuple[object, ...]:
    return (
        event.device,
        event.epoch,
        event.seq,
        event.kind,
        event.reason,
        event.at_unix,
        int(event.clock_known),
        event.credential_kind,
        event.person,
        event.list_version,
        event.list_age_s,
    )


def _unusable(file: Path, error: sqlite3.Error) -> SetupError:
    return SetupError(f"{file}: cannot be used as database ({error}); put the backup of it back")
