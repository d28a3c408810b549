"""One list on its way to one door, whole or as a delta: which messages to send next. Pure."""

import hashlib

from controller.store.doorlists import DoorList
from doorwire import listwriter
from doorwire.messages import CHUNK_LIMIT, ListBegin, ListChunk, ListCommit, Message

WINDOW = 8  # chunks beyond the last ListProgress
DELTA_LIMIT = 49_152  # bytes; a door has no room for a larger one beside list, merge, journal and both firmwares


class Transfer:
    """Begin; once the door has answered it, chunks in a window; Commit. So a door that refuses Begin says so once.

    `progress` goes back once for each offset that the door repeats. `base_version` 0: `data` is a whole list.
    """

    def __init__(self, version: int, data: bytes, base_version: int = 0) -> None:
        self.version = version
        self.base_version = base_version
        self.size = len(data)
        self._data = data
        self._digest = hashlib.sha256(data).digest()
        self._acknowledged = 0
        self._sent = 0
        self.committed = False
        self._repeated: int | None = None
        self._heard: int | None = None

    def begin(self) -> list[Message]:
        """What asks the door to take it."""
        return [ListBegin(version=self.version, base_version=self.base_version, size=self.size, digest=self._digest)]

    def progress(self, offset: int) -> list[Message]:
        """The door has `offset` bytes."""
        if not 0 <= offset <= self.size:
            return []
        if offset == self._heard:
            if self._repeated == offset:
                return []  # the rest of a burst that went past the same hole
            self._repeated = offset
            self._go_back(offset)
        self._heard = offset
        self._acknowledged = offset
        self._sent = max(self._sent, offset)
        return self._fill()

    def again(self) -> list[Message]:
        """Nothing was heard for too long: once more from where the door was."""
        if self._heard is None:
            return self.begin()
        self._go_back(self._acknowledged)
        self._repeated = None
        return self._fill()

    def _go_back(self, offset: int) -> None:
        self._sent = offset
        self.committed = False

    def _fill(self) -> list[Message]:
        messages: list[Message] = []
        end = min(self._acknowledged + WINDOW * CHUNK_LIMIT, self.size)
        while self._sent < end:
            data = self._data[self._sent : min(self._sent + CHUNK_LIMIT, end)]
            messages.append(ListChunk(version=self.version, offset=self._sent, data=data))
            self._sent += len(data)
        if self._sent == self.size and not self.committed:
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
