"""The panel (CP) of a bus: takes its readers in turn, one command at a time. Bytes and time in, bytes and news out."""

from doorlogic import osdp
from doorlogic.osdp_reader import News, Peripheral
from doorwire import vocabulary as words

_REPLY_MS = 200  # OSDP 2.2: a reply begins within that
_CHARACTER_MS = 20  # and has no longer gaps
_TRIES = 3
_LOOK_MS = 5  # between two looks at the line
_BUSY_MS = 3_000  # a reader that is BUSY for longer is away
_BITS = 10_000  # of a character, × ms in a second


class Panel:
    """`readers`: at least one. `window_ms`: commissioning is open until then (uptime), or until all are secure."""

    def __init__(self, readers: "list[Peripheral]", baud: int, window_ms: int = 0) -> None:
        self.readers = readers
        self._baud = baud
        self._window_ms = window_ms
        self._line = osdp.Line()
        self._asked: Peripheral | None = None
        self._frame = b""
        self._tries = 0
        self._busy_ms = 0
        self._until_ms = 0  # the reply has to have begun, or the command may be sent again
        self._heard_ms = 0

    def step(self, now_ms: int, received: bytes) -> bytes:
        """What to send now, or nothing. To be called again after `idle_ms`."""
        self._hear(received, now_ms)
        missing = False
        for reader in self.readers:
            reader.watch(now_ms)
            missing = missing or not reader.secure
        if not missing:
            self._window_ms = 0
        if self._asked is not None:
            return self._waiting(now_ms)
        first = self.readers[0]
        for reader in self.readers:
            if reader.due_ms < first.due_ms:
                first = reader
        # Two characters of silence before we speak.
        if now_ms < first.due_ms or now_ms - self._heard_ms <= 2 * _BITS // self._baud:
            return b""
        self._asked, self._tries, self._busy_ms = first, 0, now_ms
        self._frame = first.command(now_ms, now_ms < self._window_ms)
        return self._send(now_ms)

    def idle_ms(self, now_ms: int) -> int:
        """For how long there is nothing to do, unless the panel is told of something meanwhile."""
        if self._asked is not None:
            return _LOOK_MS
        return max(min([reader.due_ms for reader in self.readers]) - now_ms, _LOOK_MS)

    def news(self) -> "list[News]":
        """Since last asked."""
        found: list[News] = []
        for reader in self.readers:
            found += reader.news
            reader.news = []
        return found

    def _send(self, now_ms: int) -> bytes:
        self._tries += 1
        self._line.held = b""
        self._until_ms = now_ms + len(self._frame) * _BITS // self._baud + _REPLY_MS
        return self._frame

    def _waiting(self, now_ms: int) -> bytes:
        """No reply yet."""
        assert self._asked is not None
        if self._line.held:
            if now_ms - self._heard_ms <= _CHARACTER_MS:
                return b""
            self._line.held = b""
        if now_ms < self._until_ms:
            return b""
        # A reader not heard of yet is asked once a turn: the others' cards do not wait for it.
        if self._tries < (_TRIES if self._asked.secure else 1) and now_ms - self._busy_ms < _BUSY_MS:
            return self._send(now_ms)
        self._asked.failed(words.REASON_NONE, now_ms)
        self._asked = None
        return b""

    def _hear(self, received: bytes, now_ms: int) -> None:
        if received:
            self._heard_ms = now_ms
            self._line.feed(received)
        while True:
            reply = self._line.take()
            asked = self._asked
            if reply is None:
                break
            if asked is None or reply.address != asked.address:
                continue
            if reply.code == osdp.BUSY and not reply.scs:
                self._tries = 0
                self._until_ms = now_ms + _REPLY_MS
            elif reply.sequence == self._frame[4] & 3:
                self._asked = None
                asked.heard(reply, now_ms, now_ms < self._window_ms)
        if self._asked is None:
            self._line.held = b""
