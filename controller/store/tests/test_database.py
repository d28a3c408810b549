"""The writer: order, groups, faults of one job, a full disk, other users of the file."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.store.database import Database
from controller.store.errors import DatabaseCorruptError, InUseError, NewerSchemaError, StoreFullError
from controller.store.migrate import FOLDER, migrate


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


def _put(number: int) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.execute("INSERT INTO outbox VALUES (?)", (number,)).rowcount


def test_write_then_read(tmp_path: Path) -> None:
    async def scene() -> None:
        database = Database(tmp_path / "a.db")
        await asyncio.gather(*[database.write(_put(number)) for number in range(3000)])
        assert await database.read(_count) == 3000
        await database.close()

    asyncio.run(scene())


def test_a_failing_job_undoes_only_itself(tmp_path: Path) -> None:
    async def scene() -> None:
        database = Database(tmp_path / "a.db")

        def half(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO outbox VALUES (2)")
            raise KeyError("half done")

        results = await asyncio.gather(
            database.write(_put(1)), database.write(half), database.write(_put(3)), return_exceptions=True
        )
        assert isinstance(results[1], KeyError)
        assert await database.read(_count) == 2
        await database.close()

    asyncio.run(scene())


def test_a_full_disk_stores_nothing_says_so_and_recovers(tmp_path: Path) -> None:
    async def scene() -> None:
        database = Database(tmp_path / "a.db")
        said: list[bool] = []
        database.on_full = said.append

        def fill(connection: sqlite3.Connection) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        await database.write(fill)
        big = "x" * 20_000

        def large(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO audit (at_unix, who, action, subject, detail) VALUES (0,'','','',?)", (big,)
            )

        results = await asyncio.gather(database.write(_put(1)), database.write(large), return_exceptions=True)
        assert isinstance(results[1], StoreFullError)
        assert said == [True]
        await database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchall())
        await database.write(large)
        assert said == [True, False]
        await database.close()

    asyncio.run(scene())


def test_a_second_controller_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        database = Database(tmp_path / "a.db")
        with pytest.raises(InUseError, match="another controller"):
            Database(tmp_path / "a.db")
        beside = Database(tmp_path / "a.db", alone=False)
        await beside.write(_put(7))
        await beside.close()
        assert await database.read(_count) == 1
        await database.close()
        await Database(tmp_path / "a.db").close()

    asyncio.run(scene())


def test_a_damaged_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"this is no database at all, but long enough to be looked at" * 40)
    with pytest.raises(DatabaseCorruptError, match="put the backup back"):
        Database(tmp_path / "a.db")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    with pytest.raises(NewerSchemaError, match="install the newer controller"):
        Database(tmp_path / "a.db")


def test_migration_is_all_or_nothing_and_runs_once(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_a.sql").write_text("CREATE TABLE a (x); -- one; with a semicolon in words\nCREATE TABLE b (y);")
    connection = sqlite3.connect(tmp_path / "m.db", isolation_level=None)
    assert migrate(connection, folder) == 1
    assert migrate(connection, folder) == 1
    (folder / "0002_bad.sql").write_text("CREATE TABLE c (z); CREATE TABLE a (again);")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, folder)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert tables == {"a", "b"}
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    connection.close()


def test_counts_of_the_first_schema_are_kept_by_every_later_one(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    for file in sorted(FOLDER.glob("*.sql"))[:1]:
        (first / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    connection = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    migrate(connection, first)
    connection.execute("INSERT INTO passages VALUES (7200, 'cars', 'vehicle', 'in', 5)")
    connection.execute("INSERT INTO people VALUES (7, '住户', '[]', '[]')")
    for _ in range(2):
        migrate(connection)
        assert connection.execute("SELECT * FROM flow").fetchall() == [(7200, "cars", "vehicle", "", "in", 0, 5, 0.0)]
        assert connection.execute("SELECT id, care_hours FROM people").fetchall() == [(7, 0)]
        assert connection.execute("SELECT vehicles FROM inside").fetchall() == [(0,)]
    connection.close()
