"""One list on its way to one door: which messages to send next. Pure."""

from doorwire.messages import CHUNK_LIMIT, ListBegin, ListChunk, ListCommit, Message

WINDOW = 8  # chunks beyond the last ListProgress


class Transfer:
    """Begin, chunks in a window, Commit. `offset` jumps back once for each offset that the door repeats."""

    def __init__(self, version: int, digest: bytes, data: bytes) -> None:
        self.version = version
        self.digest = digest
        self._data = data
        self._acknowledged = 0
        self._sent = 0
        self._committed = False
        self._repeated: int | None = None
        self._heard: int | None = None

    def start(self) -> list[Message]:
        """From the very beginning."""
        self._acknowledged = self._sent = 0
        self._committed = False
        self._heard = self._repeated = None
        begin = ListBegin(version=self.version, base_version=0, size=len(self._data), digest=self.digest)
        return [begin, *self._fill()]

    def progress(self, offset: int) -> list[Message]:
        """The door has `offset` bytes."""
        if not 0 <= offset <= len(self._data):
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
        self._go_back(self._acknowledged)
        self._repeated = None
        return self._fill()

    def _go_back(self, offset: int) -> None:
        self._sent = offset
        self._committed = False

    def _fill(self) -> list[Message]:
        messages: list[Message] = []
        end = min(self._acknowledged + WINDOW * CHUNK_LIMIT, len(self._data))
        while self._sent < end:
            data = self._data[self._sent : min(self._sent + CHUNK_LIMIT, end)]
            messages.append(ListChunk(version=self.version, offset=self._sent, data=data))
            self._sent += len(data)
        if self._sent == len(self._data) and not self._committed:
            self._committed = True
            messages.append(ListCommit(version=self.version, digest=self.digest))
        return messages
