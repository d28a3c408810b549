"""Numbered schema files, each applied once, in order, in one transaction."""

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from controller.store.errors import NewerSchemaError

FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: sqlite3.Connection, folder: Path = FOLDER) -> int:
    """Bring the schema up to the newest file; the number reached. NewerSchemaError when the database is beyond it."""
    files = {int(path.name[:4]): path for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))}
    newest = max(files)
    current = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if current > newest:
        raise NewerSchemaError(
            f"the database has schema {current}, this controller knows {newest}; install the newer controller again"
        )
    for number in range(current + 1, newest + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _statements(files[number].read_text(encoding="utf-8")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return newest


def _statements(script: str) -> Iterable[str]:
    text = re.sub(r"--[^\n]*", "", script)
    pending = ""
    for part in text.split(";"):
        pending += part + ";"
        if sqlite3.complete_statement(pending) and pending.strip(" \n;"):
            yield pending
            pending = ""
