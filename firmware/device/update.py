"""A new firmware into the slot that is not in force, while the door serves; verified from flash before the switch.

The other slot's file goes first: until it is whole it is no firmware to the loader. The switch is one replaced
file, the record `slot`; the firmware then has to prove itself (`device.proof`).
"""

import hashlib

import loader
from device import flash
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from doorwire.messages import UpdateBegin

_PIECE = 1024


class Update:
    """`offset` bytes of the image that is arriving are in flash."""

    def __init__(self, slots: loader.Record, rollback: int, faults: int, folder: str = "") -> None:
        self._slots = slots
        self._rollback = rollback  # of the firmware that runs
        self._faults = faults
        self._folder = folder
        self._file: BinaryIO | None = None
        self._digest = b""
        self._size = 0
        self.offset = 0

    @property
    def whole(self) -> bool:
        """All of it has come."""
        return self._size > 0 and self.offset == self._size

    def begin(self, message: "UpdateBegin") -> int:
        """A firmware is to arrive, or to go on arriving: REASON_NONE, or why not."""
        if self._slots.trial:
            return words.REASON_UNSUPPORTED  # the other slot is the way back
        if message.rollback < self._lowest():
            return words.REASON_ROLLBACK
        if self._file is not None and (message.digest, message.size) == (self._digest, self._size):
            return words.REASON_NONE
        self.abandon()
        flash.remove(self._path())  # a full flash has no room for three
        try:
            self._file = open(self._path(), "wb")  # noqa: SIM115 (kept open between chunks)
        except OSError:
            return words.REASON_FLASH
        self._digest, self._size = message.digest, message.size
        return words.REASON_NONE

    def chunk(self, offset: int, data: bytes) -> int:
        """REASON_NONE: these bytes came next and are in flash, or they belong elsewhere (`offset` says where)."""
        if self._file is None:
            return words.REASON_UPDATE_DIGEST
        if offset != self.offset or offset + len(data) > self._size:
            return words.REASON_NONE
        try:
            self._file.write(data)
        except OSError:
            self.abandon()
            return words.REASON_FLASH
        self.offset += len(data)
        return words.REASON_NONE

    def commit(self, digest: bytes) -> "Iterator[int]":
        """Verify and switch, in steps so that badges are decided meanwhile: yields -1 until the REASON_*."""
        if self._slots.trial and digest == self._digest:
            yield words.REASON_NONE  # it is switched already, and the answer was lost
            return
        if self._file is None or digest != self._digest or self.offset != self._size:
            yield words.REASON_UPDATE_DIGEST
            return
        reason = words.REASON_FLASH
        try:
            self._file.close()
            self._file = None
            sha, trailer = hashlib.sha256(), b""
            with open(self._path(), "rb") as file:
                while data := file.read(_PIECE):
                    sha.update(data)
                    trailer = (trailer + data)[-loader.TRAILER_SIZE :]
                    yield -1
            reason = self._judge(sha.digest() == digest, trailer)
        except OSError:
            pass
        if reason:
            self.abandon()
        yield reason

    def abandon(self) -> None:
        """Forget the firmware that was arriving."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass
            self._file = None
        self.offset = self._size = 0
        self._digest = b""

    def _judge(self, whole: bool, trailer: bytes) -> int:
        """The switch, if the image in flash is what was announced and not older than what may run."""
        if not whole or len(trailer) < loader.TRAILER_SIZE:
            return words.REASON_UPDATE_DIGEST
        if int.from_bytes(trailer[: loader.ROLLBACK_SIZE], "little") < self._lowest():
            return words.REASON_ROLLBACK
        slots = self._slots
        slots.active ^= 1
        slots.trial, slots.passed, slots.faults = 1, 0, self._faults
        if slots.write():
            return words.REASON_NONE
        slots.undo(words.REASON_NONE)
        return words.REASON_FLASH

    def _lowest(self) -> int:
        """The lowest rollback number that may run."""
        return max(self._rollback, self._slots.floor)

    def _path(self) -> str:
        return self._folder + loader.image_name(self._slots.active ^ 1)
