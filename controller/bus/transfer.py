"""One list on its way to one door, whole or as a delta: which messages to send next. Pure."""

import hashlib

from controller.bus.window import Window
from controller.store.doorlists import DoorList
from doorwire import listwriter
from doorwire.doorlist import DELTA_LIMIT
from doorwire.messages import ListBegin, ListChunk, ListCommit, Message


class Transfer:
    """Begin; once the door has answered it, chunks in a window; Commit. So a door that refuses Begin says so once.

    `base_version` 0: `data` is a whole list.
    """

    def __init__(self, version: int, data: bytes, base_version: int = 0) -> None:
        self.version = version
        self.base_version = base_version
        self.committed = False
        self._window = Window(data)
        self._digest = hashlib.sha256(data).digest()

    @property
    def size(self) -> int:
        return self._window.size

    def begin(self) -> list[Message]:
        """What asks the door to take it."""
        return [ListBegin(version=self.version, base_version=self.base_version, size=self.size, digest=self._digest)]

    def progress(self, offset: int) -> list[Message]:
        """The door has `offset` bytes."""
        return self._messages(self._window.progress(offset))

    def again(self) -> list[Message]:
        """Nothing was heard for too long."""
        if self._window.heard is None:
            return self.begin()
        self.committed = False
        return self._messages(self._window.again())

    def _messages(self, chunks: list[tuple[int, bytes]]) -> list[Message]:
        """Chunks, and Commit behind the last one."""
        messages: list[Message] = [ListChunk(version=self.version, offset=at, data=data) for at, data in chunks]
        if chunks:
            self.committed = False
        if self._window.all_sent and not self.committed:
            self.committed = True
            messages.append(ListCommit(version=self.version, digest=self._digest))
        return messages


def transfer_to(desired: DoorList, installed: DoorList | None, key: bytes) -> Transfer:
    """How a door comes to its desired list: by a delta from what it has where that is less than half the bytes."""
    if installed is not None:
        delta = listwriter.encode_delta(key, installed.data, desired.data)
        if len(delta) <= min(DELTA_LIMIT, len(desired.data) // 2):
            return Transfer(desired.version, delta, installed.version)
    return Transfer(desired.version, desired.data)
