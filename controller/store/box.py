"""Sealing of secrets in rows: AES-256-GCM, nonce first, what-it-is as associated data."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from controller.store.errors import BoxKeyError

KEY_SIZE = 32
_NONCE_SIZE = 12


class Box:
    """Seals and opens with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, label: str) -> bytes:
        """The sealed bytes; `label` says what they are and must be the same at `open`."""
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, secret, label.encode())

    def open(self, sealed: bytes, label: str) -> bytes:
        """What was sealed; BoxKeyError when key or label differ or a bit has changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], label.encode())
        except InvalidTag as error:
            raise BoxKeyError(
                "a secret in the database does not open with the box key; put the box key file back that belongs to it"
            ) from error


def load_or_make_key(path: Path, database_exists: bool) -> bytes:
    """The box key in `path` (0600). Made at the very first start only: a database without its key is refused."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        if database_exists:
            raise BoxKeyError(
                f"{path}: the box key is missing beside an existing database; put it back from the backup"
            ) from None
        return _make(path)
    except OSError as error:
        raise BoxKeyError(f"{path}: the box key cannot be read ({error.strerror}); mend its permissions") from error
    if len(key) != KEY_SIZE:
        raise BoxKeyError(f"{path}: is no box key ({len(key)} bytes instead of {KEY_SIZE}); put the right file back")
    return key


def _make(path: Path) -> bytes:
    key = os.urandom(KEY_SIZE)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, key)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(new, path)
    return key
