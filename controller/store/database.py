"""One SQLite file: a writer thread with group commit, and a few reader threads."""

import asyncio
import fcntl
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from controller.store.errors import DatabaseCorruptError, InUseError, StoreBusyError, StoreFullError
from controller.store.migrate import migrate

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

QUEUE_LIMIT = 20_000
GROUP_LIMIT = 1_000  # jobs of one commit: bounds how long the first one waits
READERS = 2

_log = logging.getLogger(__name__)
_DISK_CODES = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_CORRUPT_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(slots=True)
class _Ticket:
    job: Job[Any]
    future: "asyncio.Future[Any]"
    value: Any = None
    error: BaseException | None = None


class Database:
    """`write` runs jobs in order on the only writing connection; `read` runs beside it. Both are awaitable.

    A full or failing disk fails the whole group with StoreFullError; `on_full(bool)` tells when that begins and ends.
    """

    def __init__(self, path: Path, alone: bool = True) -> None:
        self.path = path
        self.full = False
        self.on_full: Callable[[bool], None] = lambda full: None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(path) if alone else None
        try:
            self._writer = _open(path)
        except BaseException:
            self._unlock()
            raise
        self._queue: queue.Queue[_Ticket | None] = queue.Queue(QUEUE_LIMIT)
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._reader_connections: list[sqlite3.Connection] = []
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> "asyncio.Future[T]":
        """Queue `job`; the future is done after its commit. StoreBusyError when the queue is full."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Ticket(job, future))
        except queue.Full:
            raise StoreBusyError("the database does not keep up; the sender tries again") from None
        return future

    async def write(self, job: Job[T]) -> T:
        """`submit`, waited for. The job is carried out even if the waiter is cancelled."""
        return await asyncio.shield(self.submit(job))

    async def read(self, query: Job[T]) -> T:
        """The result of `query` on a read-only connection."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query)

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the file and empty it, so that deleted secrets are in neither."""
        await asyncio.to_thread(self._checkpoint)

    async def close(self) -> None:
        """Commit what is queued, then let go of the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if not self._thread.is_alive():
            return
        self._queue.put(None)
        self._thread.join()
        self._readers.shutdown()
        for connection in self._reader_connections:
            connection.close()
        self._writer.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)

    def _checkpoint(self) -> None:
        connection = _connect(self.path)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def _read(self, query: Job[T]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self.path)
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
            self._reader_connections.append(connection)
        return query(cast(sqlite3.Connection, connection))

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            if group:
                try:
                    self._commit(group)
                except Exception as error:  # noqa: BLE001 - the writer thread must outlive any job
                    _fail(group, error)
                    self._judge(error)
                else:
                    self._set_full(False)
                _resolve(group)

    def _next_group(self) -> tuple[list[_Ticket], bool]:
        group: list[_Ticket] = []
        ticket = self._queue.get()
        while ticket is not None:
            group.append(ticket)
            if len(group) >= GROUP_LIMIT:
                return group, False
            try:
                ticket = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Ticket]) -> None:
        """All jobs in one transaction. A job that raises undoes only itself; a failing disk undoes all."""
        writer = self._writer
        if writer.in_transaction:
            writer.execute("ROLLBACK")
        writer.execute("BEGIN IMMEDIATE")
        for ticket in group:
            writer.execute("SAVEPOINT job")
            try:
                ticket.value = ticket.job(writer)
            except Exception as error:
                if not writer.in_transaction or _is_disk(error):
                    raise
                writer.execute("ROLLBACK TO job")
                ticket.error = error
            writer.execute("RELEASE job")
        writer.execute("COMMIT")

    def _judge(self, error: Exception) -> None:
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            _log.exception("the database could not be rolled back")
        if _is_disk(error):
            self._set_full(True, str(error))
        else:
            _log.error("the database refused a commit: %s", error)

    def _set_full(self, full: bool, why: str = "") -> None:
        if full == self.full:
            return
        self.full = full
        if full:
            _log.error("the disk under %s takes nothing (%s); free some space: doors keep their events", self.path, why)
        else:
            _log.warning("the disk under %s takes data again", self.path)
        self.on_full(full)


def _lock(path: Path) -> int:
    handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise InUseError(f"{path}: another controller has this database open; stop that one first") from None
    return handle


def _open(path: Path) -> sqlite3.Connection:
    """The writing connection, its schema up to date."""
    try:
        connection = _connect(path)
        try:
            migrate(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        raise _opening_error(path, error) from error
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    connection.row_factory = sqlite3.Row
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _opening_error(path: Path, error: sqlite3.DatabaseError) -> Exception:
    if _code(error) in _CORRUPT_CODES:
        return DatabaseCorruptError(f"{path}: is damaged or no database ({error}); put the backup back or move it away")
    if _is_disk(error):
        return StoreFullError(f"{path}: cannot be opened ({error}); mend the disk, its space or the permissions")
    return error


def _code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_disk(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and _code(error) in _DISK_CODES


def _fail(group: list[_Ticket], error: Exception) -> None:
    failure: Exception = error
    if _is_disk(error):
        failure = StoreFullError("the disk is full or fails; nothing was stored")
    for ticket in group:
        ticket.error = failure


def _resolve(group: list[_Ticket]) -> None:
    loops: dict[asyncio.AbstractEventLoop, list[_Ticket]] = {}
    for ticket in group:
        loops.setdefault(ticket.future.get_loop(), []).append(ticket)
    for loop, tickets in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, tickets)
        except RuntimeError:
            _log.warning("%d writes were committed after their loop had closed", len(tickets))


def _settle(tickets: list[_Ticket]) -> None:
    for ticket in tickets:
        if ticket.future.done():
            continue
        if ticket.error is None:
            ticket.future.set_result(ticket.value)
        else:
            ticket.future.set_exception(ticket.error)
            ticket.future.exception()  # a caller that went away is no fault
