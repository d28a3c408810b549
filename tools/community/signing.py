"""The key that lists are signed with, and the exact bytes that are signed."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tools.authority import write_private
from tools.community.errors import SetupError
from tools.community.rows import Payload


class Signer:
    """An Ed25519 key in a file of mode 0600, made at first use."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            write_private(file, _pem(Ed25519PrivateKey.generate()))
        check_private(file)
        try:
            key = serialization.load_pem_private_key(file.read_bytes(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SetupError(f"{file}: is no key; put the backup of this file back") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SetupError(f"{file}: is no Ed25519 key; put the backup of this file back")
        self._key = key

    @property
    def public_key(self) -> str:
        """Base64 of its 32 bytes: [server] public_key of a site's settings."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, payload: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(payload)


def canonical(payload: Payload) -> bytes:
    """The bytes that are signed: sorted keys, no spaces, UTF-8; what has its default is left out."""
    return json.dumps(
        payload.model_dump(exclude_defaults=True), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def digest(payload: bytes) -> str:
    """What the next version calls `previous`."""
    return hashlib.sha256(payload).hexdigest()


def check_private(file: Path) -> None:
    """SetupError when others than the owner may read the secret in `file`."""
    try:
        mode = file.stat().st_mode & 0o777
    except OSError as error:
        raise SetupError(f"{file}: cannot be read ({error.strerror}); mend its permissions") from error
    if mode & 0o077:
        raise SetupError(f"{file}: others may read this secret (mode {mode:04o}); run: chmod 600 {file}")


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
