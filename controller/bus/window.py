"""Bytes on their way to a door in chunks, at most WINDOW beyond what the door has confirmed; go-back-N. Pure."""

CHUNK = 512  # bytes, half of what the wire allows: a door must find the room for a frame in one piece of a full heap
WINDOW = 8  # chunks beyond the offset that the door last said


class Window:
    """`heard`: the offset that the door last said, None before that."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._sent = 0
        self._repeated: int | None = None
        self.heard: int | None = None

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def all_sent(self) -> bool:
        """Nothing is left to send, unless the door asks again."""
        return self._sent == self.size

    def progress(self, offset: int) -> list[tuple[int, bytes]]:
        """The door has `offset` bytes: the chunks to send now. Goes back once for each offset that it repeats."""
        if not 0 <= offset <= self.size:
            return []
        if offset == self.heard:
            if self._repeated == offset:
                return []  # the rest of a burst that went past the same hole
            self._repeated = self._sent = offset
        self.heard = offset
        self._sent = max(self._sent, offset)
        return self._fill()

    def again(self) -> list[tuple[int, bytes]]:
        """Nothing was heard for too long: once more from where the door was."""
        self._sent = self.heard or 0
        self._repeated = None
        return self._fill()

    def forget(self) -> None:
        """The door is asked anew where it is."""
        self.heard = self._repeated = None
        self._sent = 0

    def _fill(self) -> list[tuple[int, bytes]]:
        end = min((self.heard or 0) + WINDOW * CHUNK, self.size)
        starts = range(self._sent, end, CHUNK)
        self._sent = max(self._sent, end)
        return [(at, self._data[at : min(at + CHUNK, end)]) for at in starts]
