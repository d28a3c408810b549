"""The other end of a soaking door's link: broker and controller in one, kind, forgetful, and sometimes gone."""

import asyncio
import hashlib
import random

from doorwire import listwriter, messages
from doorwire import vocabulary as words
from doorwire.doorlist import Record, credential_digest, digest_key
from doorwire.frame import Frame

DEVICE = bytes.fromhex("02a1b2c3d4e5")
KEY = bytes(range(100, 132))
_START_UNIX = 1_760_000_000
_FORGOTTEN = 12  # of 256 acknowledgements that never arrive
_CHUNK = 1024


class Line:
    """One connection, as a stream for the door."""

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._in = b"\x20\x02\x00\x00"
        self._more = asyncio.Event()
        self.broken = self.silent = False

    def say(self, data: bytes) -> None:
        """Bytes to the door."""
        if not self.silent:
            self._in += data
            self._more.set()

    def break_off(self) -> None:
        """Gone."""
        self.broken = True
        self._more.set()

    async def readexactly(self, size: int) -> bytes:
        """EOFError when it is gone."""
        while len(self._in) < size:
            if self.broken:
                raise EOFError
            self._more.clear()
            await self._more.wait()
        data, self._in = self._in[:size], self._in[size:]
        return data

    def write(self, data: bytes) -> None:
        """A packet of the door: one write is one packet."""
        if self.broken:
            raise OSError(104)
        if self.silent:
            return
        kind, body = data[0], data[2:] if data[1] < 0x80 else data[3:]
        if kind == 0x82:
            self.say(b"\x90\x03" + body[:2] + b"\x01")
        elif kind == 0xC0:
            self.say(b"\xd0\x00")
        elif kind & 0xF0 == 0x30:
            end = 2 + int.from_bytes(body[:2], "big")
            self.say(b"\x40\x02" + body[end : end + 2])
            if body[:end].endswith(b"/up"):
                self._controller.heard(Frame.from_bytes(KEY, body[end + 2 :]))

    async def drain(self) -> None:
        """At once."""

    def close(self) -> None:
        """The door hangs up."""
        self.broken = True


class Controller:
    """`events` are stored once each, `again` came once more; `gaps`: events that came before the ones they follow."""

    def __init__(self, now_ms: object, residents: int) -> None:
        self._now_ms = now_ms
        self._digests = digest_key(KEY)
        self._residents = residents
        self._version = 1
        self._line: Line | None = None
        self._boot_id = self._counter = 0
        self._uptime_s = self._heard_ms = 0
        self._epoch = self._highest = 0
        self._last = b""
        self.door = None
        self.reachable = True
        self.events = self.again = self.gaps = self.connections = self.lists = self.hostiles = 0
        self._list = self.whole_list()
        self._installed = bytearray(self._list)

    def whole_list(self) -> bytes:
        """Every resident, and one card more or less each time."""
        cards = list(range(1, self._residents + 1)) + [0x10000 + self._version % 7]
        records = [Record(credential_digest(self._digests, words.CREDENTIAL_CARD, card), card) for card in cards]
        return listwriter.encode(KEY, DEVICE, self._version, self._unix(), 0, [], records)

    async def dial(self) -> Line:
        """What the door's dialler does."""
        await asyncio.sleep_ms(20)
        if not self.reachable:
            raise OSError(113)
        self.connections += 1
        self._line = Line(self)
        return self._line

    def hang_up(self) -> None:
        """The connection breaks."""
        if self._line is not None:
            self._line.break_off()
            self._line = None

    def fall_silent(self) -> None:
        """The connection stands and nothing passes any more."""
        if self._line is not None:
            self._line.silent = True

    def heard(self, frame: Frame) -> None:
        """A frame of the door."""
        message = frame.message
        self._uptime_s, self._heard_ms = frame.uptime_s, self._now_ms()
        if isinstance(message, messages.Hello):
            if frame.boot_id != self._boot_id:
                self._boot_id, self._counter = frame.boot_id, 0
            self._greet(message)
        elif isinstance(message, messages.Event):
            self._store(message)
        elif isinstance(message, messages.ListInstalled):
            self._take(message)

    def new_list(self) -> None:
        """A list more: the changes to the one that the door has."""
        if self._line is not None and self._list == self._installed:
            self._version += 1
            self._list = self.whole_list()
            self._send_list(listwriter.encode_delta(KEY, self._installed, self._list), self._version - 1)

    def open(self) -> int:
        """A guard opens: whether the door can have heard it."""
        if self._line is None or self._line.silent or self._line.broken or not self._boot_id:
            return 0
        self._send(messages.Command(op=words.OP_OPEN, argument=0, reason=words.REASON_GUARD, person=0))
        return 1

    def hostile(self, count: int) -> None:
        """The last frame again, and broken."""
        for _ in range(count):
            data = bytearray(self._last or b"nothing")
            if random.getrandbits(1):
                data[random.getrandbits(10) % len(data)] ^= 1 << random.getrandbits(3)
            self._publish(bytes(data))
            self.hostiles += 1

    def missing(self) -> int:
        """Events in the door's journal that never came here."""
        return self.door._journal.next_seq - 1 - self._highest

    def _greet(self, hello: messages.Hello) -> None:
        now_ms = self._now_ms()
        self._send(messages.Time(unix=self._unix(), millis=now_ms % 1000))
        if hello.epoch != self._epoch:
            self._epoch, self._highest = hello.epoch, 0
        if hello.first_seq > self._highest + 1:
            self.gaps += 1
            self._highest = hello.first_seq - 1
        if self._highest:
            self._send(messages.Ack(epoch=self._epoch, seq=self._highest))
        if hello.list_digest != hashlib.sha256(self._list).digest()[:8]:
            self._send_list(self._list, 0)
        else:
            self._installed = bytearray(self._list)  # always a copy: the heap is looked at

    def _store(self, event: messages.Event) -> None:
        if event.seq == self._highest + 1:
            self._highest = event.seq
            self.events += 1
        elif event.seq > self._highest:
            self.gaps += 1
        else:
            self.again += 1
        if random.getrandbits(8) >= _FORGOTTEN:
            self._send(messages.Ack(epoch=self._epoch, seq=self._highest))

    def _take(self, installed: messages.ListInstalled) -> None:
        if installed.digest == hashlib.sha256(self._list).digest()[:8]:
            self._installed = bytearray(self._list)  # always a copy: the heap is looked at
            self.lists += 1
        elif installed.reason in (words.REASON_LIST_BASE, words.REASON_LIST_DIGEST):
            self._send_list(self._list, 0)

    def _send_list(self, data: bytes, base_version: int) -> None:
        digest = hashlib.sha256(data).digest()
        begin = messages.ListBegin(version=self._version, base_version=base_version, size=len(data), digest=digest)
        self._send(begin)
        for at in range(0, len(data), _CHUNK):
            self._send(messages.ListChunk(version=self._version, offset=at, data=data[at : at + _CHUNK]))
        self._send(messages.ListCommit(version=self._version, digest=digest))

    def _send(self, message: messages.Message) -> None:
        self._counter += 1
        not_after_s = self._uptime_s + (self._now_ms() - self._heard_ms) // 1000 + 30
        self._last = Frame(DEVICE, self._boot_id, self._counter, not_after_s, message).to_bytes(KEY)
        self._publish(self._last)

    def _publish(self, payload: bytes) -> None:
        if self._line is not None:
            size = 5 + len(payload)
            self._line.say(bytes([0x32, size & 0x7F | 0x80, size >> 7]) + b"\x00\x01d\x00\x07" + payload)

    def _unix(self) -> int:
        return _START_UNIX + self._now_ms() // 1000
