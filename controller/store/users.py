"""Guards and admins of the page, and their sessions."""

import asyncio
import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from controller.store.database import Database
from controller.store.errors import StoreError

ROLES = ("guard", "admin")
PASSWORD_MIN = 8

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may use the page."""

    id: int
    name: str
    role: str


class Users:
    """The tables `users` and `sessions`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._nobody: str | None = None

    async def add(self, name: str, role: str, password: str, now_unix: float) -> User:
        """A new user; StoreError when the name is taken, the role unknown or the password too short."""
        if role not in ROLES:
            raise StoreError(f'"{role}" is no role; write guard or admin')
        if len(password) < PASSWORD_MIN:
            raise StoreError(f"the password is too short; use at least {PASSWORD_MIN} characters")
        hashed = await asyncio.to_thread(_hasher.hash, password)

        def job(connection: sqlite3.Connection) -> int:
            cursor = connection.execute(
                "INSERT INTO users (name, role, password_hash, created_unix) VALUES (?, ?, ?, ?)",
                (name, role, hashed, now_unix),
            )
            return int(cursor.lastrowid or 0)

        try:
            return User(await self._database.write(job), name, role)
        except sqlite3.IntegrityError:
            raise StoreError(f'there is a user "{name}" already; choose another name') from None

    async def authenticate(self, name: str, password: str) -> User | None:
        """The user whose password this is; takes as long for a name that does not exist."""
        row = await self._database.read(lambda c: c.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone())
        if row is None:
            if self._nobody is None:
                self._nobody = await asyncio.to_thread(_hasher.hash, secrets.token_urlsafe())
            await asyncio.to_thread(_matches, self._nobody, password)
            return None
        if not await asyncio.to_thread(_matches, row["password_hash"], password):
            return None
        return User(row["id"], row["name"], row["role"])

    async def open_session(self, user: User, now_unix: float, lifetime_s: float) -> str:
        """A new session's token: the cookie's value. Only its digest is stored."""
        token = secrets.token_urlsafe(32)

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM sessions WHERE expires_unix <= ?", (now_unix,))
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?)", (_digest(token), user.id, now_unix + lifetime_s)
            )

        await self._database.write(job)
        return token

    async def session_user(self, token: str, now_unix: float) -> User | None:
        """Whose session this is, if it runs."""
        row = await self._database.read(
            lambda c: c.execute(
                "SELECT users.id, name, role FROM sessions JOIN users ON users.id = user"
                " WHERE token = ? AND expires_unix > ?",
                (_digest(token), now_unix),
            ).fetchone()
        )
        return None if row is None else User(row["id"], row["name"], row["role"])

    async def close_session(self, token: str) -> None:
        """End the session."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM sessions WHERE token = ?", (_digest(token),))

        await self._database.write(job)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False
