"""The door's list in flash: the one in force, searched in place, and the one arriving.

In force is `list.bin`, or that and the delta `delta.bin` on it. A delta is merged into the whole list when the door is
idle, or when another one comes. Each file is written beside, verified, renamed: a power cut leaves the old list or the
new one. A delta whose base is not the list.bin beside it was merged or replaced already, and goes.
"""

import hashlib
import os

from device import flash
from doorlogic import schedule, search
from doorwire import vocabulary as words
from doorwire.doorlist import (
    DELTA_LIMIT,
    DIGEST_SIZE,
    GOAL_SIZE,
    HEADER_SIZE,
    WHOLE_LIMIT,
    Goal,
    Header,
    Record,
    credential_digest,
    digest_key,
)
from doorwire.errors import MalformedError
from doorwire.frame import SEAL_SIZE, Hmac, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_PIECE = 512  # bytes read at once while verifying: badges are decided between two pieces
NO_DIGEST = bytes(DIGEST_SIZE)


class _Judged:
    """What reading a whole file showed: its header, or None and why; SHA-256 over all of it; a delta's goal."""

    def __init__(self, reason: int, digest: bytes = b"", header: "Header | None" = None, goal: "Goal | None" = None):
        self.reason = reason
        self.digest = digest
        self.header = header
        self.goal = goal


class Part:
    """A file that is in force."""

    def __init__(self, path: str, header: Header) -> None:
        self.header = header
        self._file = open(path, "rb")  # noqa: SIM115 (kept open between badges)

    def read(self, offset: int, size: int) -> bytes:
        """These bytes. OSError when flash does not answer."""
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) != size:
            raise OSError("list")
        return data

    def close(self) -> None:
        """Before its file is replaced."""
        self._file.close()


class ListStore:
    """`parts` are the delta in force, if there is one, and the whole list; empty while there is no list that may be
    trusted: then `reason` says why, if there was a file.
    """

    def __init__(self, folder: str, key: bytes, device: bytes) -> None:
        self._path = folder + "list.bin"
        self._delta_path = folder + "delta.bin"
        self._new = folder + "list.new"
        self._merged = folder + "merge.new"
        self._key = key
        self._device = device
        self._digest_key = digest_key(key)
        self._incoming: BinaryIO | None = None
        self._whole: _Judged | None = None  # in force
        self._delta: _Judged | None = None  # in force on it
        self._merges = True  # worth a try
        self.parts: list[Part] = []
        self.reason = words.REASON_NONE
        self.incoming_version = 0
        self.incoming_digest = b""
        self.incoming_size = 0
        self.offset = 0
        self._arrivals = 0  # lists that began or ended to arrive

    @property
    def header(self) -> "Header | None":
        """What the list in force says of itself."""
        return self.parts[0].header if self.parts else None

    @property
    def version(self) -> int:
        """0: there is none."""
        return self.parts[0].header.version if self.parts else 0

    @property
    def digest(self) -> bytes:
        """First 8 bytes of the SHA-256 of the whole list in force, be it in one file or in two."""
        if self._delta is not None and self._delta.goal is not None:
            return self._delta.goal.digest[:DIGEST_SIZE]
        return self._whole.digest[:DIGEST_SIZE] if self._whole is not None else NO_DIGEST

    @property
    def to_merge(self) -> bool:
        """Whether there is a delta to be merged, and nothing arrives meanwhile."""
        return self._delta is not None and self._merges and self._incoming is None

    def open(self) -> None:
        """Put the list in flash in force, if it is whole and this door's."""
        flash.remove(self._new)
        flash.remove(self._merged)
        whole = self._judged(self._path)
        if whole is None:
            return
        self.reason = whole.reason
        if whole.reason:
            return
        self._search(whole, None)
        delta = self._judged(self._delta_path)
        if delta is None:
            return
        if delta.reason:
            self.reason = delta.reason  # the older list stays in force, and the controller is told
        elif self._leads_on(delta):
            self._search(whole, delta)
        else:
            flash.remove(self._delta_path)

    def lookup(self, kind: int, value: int, person: int = 0) -> "tuple[Record | None, Record | None]":
        """What the list says of a credential. OSError when flash does not answer."""
        return search.find(self.parts, credential_digest(self._digest_key, kind, value, person))

    def grants(self, digest: bytes) -> bool:
        """Whether the list has a grant record with this digest. OSError when flash does not answer."""
        return search.find(self.parts, digest)[1] is not None

    def is_open(self, number: int, now_unix: int) -> bool:
        """Whether the list's schedule of this number is open. OSError when flash does not answer."""
        if not self.parts:
            return False
        return schedule.is_open(self.parts[0].read, self.parts[0].header, number, now_unix)

    def begin(self, version: int, base_version: int, size: int, digest: bytes) -> int:
        """A list or a delta is to arrive: REASON_NONE, or why not."""
        self.abandon()
        if version <= self.version:
            return words.REASON_LIST_OLDER
        if base_version and (base_version != self.version or size > DELTA_LIMIT):
            return words.REASON_LIST_BASE
        if size > WHOLE_LIMIT:
            return words.REASON_FLASH
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
        """Verify and switch, in steps so that badges are decided meanwhile: yields -1 until the REASON_*.

        Without one when another list begins to arrive in between: that one is wanted, and this one's file is gone.
        """
        if self._incoming is None or version != self.incoming_version or digest != self.incoming_digest:
            yield words.REASON_LIST_DIGEST
            return
        incoming, self._incoming = self._incoming, None
        try:
            incoming.flush()
            incoming.close()
        except OSError:
            self.abandon()
            yield words.REASON_FLASH
            return
        arrivals = self._arrivals
        found = None
        for found in self._verify(self._new):
            if arrivals != self._arrivals:
                return
            if found is None:
                yield -1
        if found is not None and not found.reason and found.goal is not None and self._delta is not None:
            for _ in self.merge():  # another delta: the one before goes into its base
                if arrivals != self._arrivals:
                    return
                yield -1
        reason = words.REASON_LIST_DIGEST if found is None else self._accept(found, version, digest)
        self.abandon()
        yield reason

    def merge(self) -> "Iterator[int]":
        """Write base and delta as one list, in steps: yields -1 until the REASON_*, without one when another list
        begins to arrive in between. A result that is not what the delta promised drops the delta.
        """
        from doorlogic.merge import merge, whole_header

        whole, changes, arrivals = self._whole, self._delta, self._arrivals
        if whole is None or changes is None or changes.header is None or changes.goal is None:
            return
        delta, base = self.parts
        mac, sha = Hmac(self._key), hashlib.sha256()
        reason = words.REASON_NONE
        try:
            with open(self._merged, "wb") as file:
                for piece in merge(base, delta, changes.goal):
                    mac.update(piece)
                    sha.update(piece)
                    file.write(piece)
                    yield -1
                    if arrivals != self._arrivals:
                        break
                seal = mac.digest()[:SEAL_SIZE]
                sha.update(seal)
                file.write(seal)
        except OSError:
            reason = words.REASON_FLASH
        if arrivals != self._arrivals:
            flash.remove(self._merged)
            return
        digest = sha.digest()
        if not reason and digest == changes.goal.digest:
            merged = _Judged(words.REASON_NONE, digest, whole_header(changes.header, changes.goal))
            reason = self._switch(self._merged, self._path, merged, None)
        elif not reason:
            reason = words.REASON_LIST_DIGEST
            self._search(whole, None)
            flash.remove(self._delta_path)
        if reason:
            flash.remove(self._merged)
            self._merges = False  # flash is full or worn: not before another list
        yield reason

    def abandon(self) -> None:
        """Forget the list that was arriving."""
        if self._incoming is not None:
            self._incoming.close()
            self._incoming = None
        flash.remove(self._new)
        self._arrivals += 1
        self.incoming_version = self.incoming_size = self.offset = 0

    def close(self) -> None:
        """No list is in force any more."""
        self.abandon()
        self._search(None, None)

    def _accept(self, found: _Judged, version: int, digest: bytes) -> int:
        """Switch to it if it is what was announced."""
        if found.reason:
            return found.reason
        if found.digest != digest or found.header is None or found.header.version != version:
            return words.REASON_LIST_DIGEST
        if found.goal is None:
            return self._switch(self._new, self._path, found, None)
        if not self._leads_on(found):
            return words.REASON_LIST_BASE
        return self._switch(self._new, self._delta_path, self._whole, found)

    def _leads_on(self, found: _Judged) -> bool:
        """Whether this is a delta on the whole list in force."""
        if found.header is None or found.goal is None or self._whole is None or self._delta is not None:
            return False
        return found.header.base_version == self.version and found.goal.base_digest == self.digest

    def _switch(self, new: str, path: str, whole: "_Judged | None", delta: "_Judged | None") -> int:
        """Rename, and search these from now on. When flash refuses, what is in force stays. No step in between."""
        before = self._whole, self._delta
        self._search(None, None)
        try:
            os.rename(new, path)
        except OSError:
            self._search(before[0], before[1])
            return words.REASON_FLASH
        self._merges, self.reason = True, words.REASON_NONE
        self._search(whole, delta)
        if delta is None:
            flash.remove(self._delta_path)
        return self.reason

    def _search(self, whole: "_Judged | None", delta: "_Judged | None") -> None:
        """Put these in force."""
        for part in self.parts:
            part.close()
        self.parts, self._whole, self._delta = [], whole, delta
        try:
            if whole is not None and whole.header is not None:
                self.parts.append(Part(self._path, whole.header))
            if delta is not None and delta.header is not None:
                self.parts.insert(0, Part(self._delta_path, delta.header))
        except OSError:
            self.parts, self._whole, self._delta, self.reason = [], None, None, words.REASON_FLASH

    def _judged(self, path: str) -> "_Judged | None":
        """The file, read to its end in one go; None when there is none."""
        found = None
        for found in self._verify(path):
            pass
        return found

    def _verify(self, path: str) -> "Iterator[_Judged | None]":
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
                    first = first or data[: HEADER_SIZE + GOAL_SIZE]
                    mac.update(data)
                    sha.update(data)
                    left -= len(data)
                    yield None
                seal = file.read(SEAL_SIZE)
                sha.update(seal)
        except OSError as error:
            if error.errno != 2:  # ENOENT
                yield _Judged(words.REASON_FLASH)
            return
        yield self._judge(first, size, same(mac.digest()[:SEAL_SIZE], seal), sha.digest())

    def _judge(self, first: bytes, size: int, sealed: bool, digest: bytes) -> _Judged:
        try:
            header = Header.from_bytes(first)
            goal = Goal.from_bytes(first[HEADER_SIZE:]) if header.base_version else None
        except MalformedError:
            return _Judged(words.REASON_LIST_DIGEST)
        if not sealed or header.size() != size:
            return _Judged(words.REASON_LIST_DIGEST)
        if self._device and header.device != self._device:
            return _Judged(words.REASON_OTHER_DEVICE)
        return _Judged(words.REASON_NONE, digest, header, goal)
