"""The door's list in flash: the one in force, searched in place, and the one arriving."""

import hashlib
import os

from device import flash
from doorlogic import schedule, search
from doorwire import vocabulary as words
from doorwire.doorlist import HEADER_SIZE, Header, Record, credential_digest, digest_key
from doorwire.errors import MalformedError
from doorwire.frame import SEAL_SIZE, Hmac, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_PIECE = 512  # bytes read at once while verifying: badges are decided between two pieces
NO_DIGEST = bytes(8)


class Verified:
    """What reading a whole list showed: its header, or None and why; SHA-256 over all of it."""

    def __init__(self, header: "Header | None", reason: int, digest: bytes) -> None:
        self.header = header
        self.reason = reason
        self.digest = digest


class ListStore:
    """`header` is None while there is no list that may be trusted; then `reason` says why, if there was a file."""

    def __init__(self, folder: str, key: bytes, device: bytes) -> None:
        self._path = folder + "list.bin"
        self._new = folder + "list.new"
        self._key = key
        self._device = device
        self._digest_key = digest_key(key)
        self._file: BinaryIO | None = None
        self._incoming: BinaryIO | None = None
        self.header: Header | None = None
        self.digest = NO_DIGEST
        self.reason = words.REASON_NONE
        self.version = 0
        self.incoming_version = 0
        self.incoming_digest = b""
        self.incoming_size = 0
        self.offset = 0
        self.reads = 0

    def open(self) -> None:
        """Put the list in flash in force, if it is whole and this door's."""
        flash.remove(self._new)
        for verified in self._verify(self._path):
            if verified is not None:
                self._put_in_force(verified)

    def lookup(self, header: Header, kind: int, value: int, person: int = 0) -> "tuple[Record | None, Record | None]":
        """What the list says of a credential. OSError when flash does not answer."""
        return search.find(self._read, header, credential_digest(self._digest_key, kind, value, person))

    def grants(self, digest: bytes) -> bool:
        """Whether the list has a grant record with this digest. OSError when flash does not answer."""
        return self.header is not None and search.find(self._read, self.header, digest)[1] is not None

    def is_open(self, number: int, now_unix: int) -> bool:
        """Whether the list's schedule of this number is open. OSError when flash does not answer."""
        return self.header is not None and schedule.is_open(self._read, self.header, number, now_unix)

    def begin(self, version: int, base_version: int, size: int, digest: bytes) -> int:
        """A list is to arrive: REASON_NONE, or why not."""
        self.abandon()
        if base_version:
            return words.REASON_LIST_BASE
        if version <= self.version:
            return words.REASON_LIST_OLDER
        try:
            self._incoming = open(self._new, "wb")  # noqa: SIM115 (kept open between chunks)
        except OSError:
            return words.REASON_FLASH
        self.incoming_version, self.incoming_digest, self.incoming_size = version, digest, size
        return words.REASON_NONE

    def chunk(self, version: int, offset: int, data: bytes) -> bool:
        """Whether these were the bytes that come next, and flash has them."""
        if self._incoming is None or version != self.incoming_version or offset != self.offset:
            return False
        if offset + len(data) > self.incoming_size:
            return False
        try:
            self._incoming.write(data)
        except OSError:
            self.abandon()
            return False
        self.offset += len(data)
        return True

    def commit(self, version: int, digest: bytes) -> "Iterator[int]":
        """Verify and switch, in steps so that badges are decided meanwhile: yields -1 until the REASON_*."""
        if self._incoming is None or version != self.incoming_version or digest != self.incoming_digest:
            yield words.REASON_LIST_DIGEST
            return
        try:
            self._incoming.flush()
            self._incoming.close()
        except OSError:
            self.abandon()
            yield words.REASON_FLASH
            return
        self._incoming = None
        reason = words.REASON_LIST_DIGEST
        for verified in self._verify(self._new):
            if verified is None:
                yield -1
            else:
                reason = self._accept(verified, version, digest)
        self.abandon()
        yield reason

    def _accept(self, verified: Verified, version: int, digest: bytes) -> int:
        """Switch to it if it is what was announced."""
        if verified.reason:
            return verified.reason
        if verified.digest != digest or verified.header is None or verified.header.version != version:
            return words.REASON_LIST_DIGEST
        return self._switch(verified)

    def abandon(self) -> None:
        """Forget the list that was arriving."""
        if self._incoming is not None:
            self._incoming.close()
            self._incoming = None
        flash.remove(self._new)
        self.incoming_version = self.incoming_size = self.offset = 0

    def close(self) -> None:
        """No list is in force any more."""
        self.abandon()
        if self._file is not None:
            self._file.close()
            self._file = None
        self.header = None

    def _switch(self, verified: Verified) -> int:
        if self._file is not None:
            self._file.close()
            self._file = None
        try:
            os.rename(self._new, self._path)
        except OSError:
            self._reopen()
            return words.REASON_FLASH
        self._put_in_force(verified)
        return words.REASON_NONE

    def _put_in_force(self, verified: Verified) -> None:
        self.header = verified.header
        self.reason = verified.reason
        self.version = verified.header.version if verified.header else 0
        self.digest = verified.digest[:8] if verified.header else NO_DIGEST
        self._reopen()

    def _reopen(self) -> None:
        if self.header is not None:
            try:
                self._file = open(self._path, "rb")  # noqa: SIM115 (kept open between badges)
            except OSError:
                self.header, self.version, self.digest, self.reason = None, 0, NO_DIGEST, words.REASON_FLASH

    def _read(self, offset: int, size: int) -> bytes:
        self.reads += 1
        if self._file is None:
            raise OSError("list")
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) != size:
            raise OSError("list")
        return data

    def _verify(self, path: str) -> "Iterator[Verified | None]":
        """Read the whole file once: None after each piece, then what it is; nothing at all when there is no file."""
        try:
            with open(path, "rb") as file:
                size = file.seek(0, 2)
                file.seek(0)
                mac, sha = Hmac(self._key), hashlib.sha256()
                first = b""
                left = max(size - SEAL_SIZE, 0)
                while left:
                    data = file.read(min(_PIECE, left))
                    if not data:
                        raise OSError("list")
                    first = first or data[:HEADER_SIZE]
                    mac.update(data)
                    sha.update(data)
                    left -= len(data)
                    yield None
                seal = file.read(SEAL_SIZE)
                sha.update(seal)
        except OSError as error:
            if error.errno != 2:  # ENOENT
                yield Verified(None, words.REASON_FLASH, b"")
            return
        yield self._judge(first, size, same(mac.digest()[:SEAL_SIZE], seal), sha.digest())

    def _judge(self, first: bytes, size: int, sealed: bool, digest: bytes) -> Verified:
        try:
            header = Header.from_bytes(first)
        except MalformedError:
            return Verified(None, words.REASON_LIST_DIGEST, digest)
        if not sealed or header.size() != size:
            return Verified(None, words.REASON_LIST_DIGEST, digest)
        if self._device and header.device != self._device:
            return Verified(None, words.REASON_OTHER_DEVICE, digest)
        return Verified(header, words.REASON_NONE, digest)
