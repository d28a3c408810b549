"""An OSDP reader (PD) and its line for tests of the panel, in a time of their own. Its secure channel is checked, like
the panel's, against libosdp's bytes: both sides share the session that `test_osdp` proves.
"""

from doorlogic import osdp
from doorlogic.osdp_panel import Panel
from doorlogic.osdp_reader import News, Peripheral
from doorlogic.osdp_secure import SCBK_D, Session, _inverted, _padded
from doorlogic.tests import aes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEY = bytes(range(16))
BAUD = 9600
_CHARACTER_BITS = 10_000
_ANSWER_MS = 3
_NONCE = bytes(range(100, 108))


class Device:
    """`key` None: its delivery state, where it takes the public key and a new one. `secures`: it says it has AES."""

    def __init__(self, address: int, key: "bytes | None" = KEY) -> None:
        self.address = address
        self.key = key
        self.secures = True
        self.plugged = True
        self.busy = 0  # so many commands are answered BUSY
        self.tamper = self.power = 0
        self.events: list[tuple[int, bytes]] = []  # codes and data that it has to tell, one a poll
        self.commands: list[tuple[int, bytes]] = []
        self.session: Session | None = None
        self.secure = False
        self._last = b""
        self._answered = b""

    def plug(self) -> None:
        """With power again: it knows no session."""
        self.plugged = True
        self.session, self.secure, self._last = None, False, b""

    def answer(self, raw: bytes) -> bytes:
        """What it says to a frame; nothing when that is for somebody else."""
        command = osdp.Reply(raw)
        if not self.plugged or command.address != self.address:
            return b""
        if self.busy:
            self.busy -= 1
            return osdp.closed(osdp.head(self.address | 0x80, 0, b"", osdp.BUSY, b""))
        if raw == self._last and command.sequence:
            return self._answered
        self._last = raw
        self._answered = self._secured(command) if command.scs >= osdp.SCS_15 else self._clear(command)
        return self._answered

    def _say(self, command: osdp.Reply, code: int, data: bytes, block: bytes = b"") -> bytes:
        return osdp.closed(osdp.head(self.address | 0x80, command.sequence, block, code, data))

    def _clear(self, command: osdp.Reply) -> bytes:
        self.secure = False
        if command.code == osdp.ID:
            return self._say(command, osdp.PDID, bytes(12))
        if command.code == osdp.CAP:
            return self._say(command, osdp.PDCAP, bytes([4, 1, 1, 9, 1 if self.secures else 0, 0]))
        if command.code == osdp.CHLNG and self.secures:
            default = command.block[1] == 0
            key = SCBK_D if self.key is None else self.key
            if default != (self.key is None):
                return self._say(command, osdp.NAK, b"\x05")
            session = self.session = Session(aes, key, command.payload)
            proof = aes.encrypt(session._enc, bytes(16), command.payload + _NONCE)
            block = bytes([osdp.SCS_12, 0 if default else 1])
            return self._say(command, osdp.CCRYPT, bytes(8) + _NONCE + proof, block)
        if command.code == osdp.SCRYPT and self.session is not None:
            session = self.session
            session._theirs = aes.encrypt(
                session._mac2, bytes(16), aes.encrypt(session._mac1, bytes(16), command.payload)
            )
            self.secure = True
            return self._say(command, osdp.RMAC_I, session._theirs, bytes([osdp.SCS_14, 1]))
        return self._say(command, osdp.NAK, b"\x06")

    def _secured(self, command: osdp.Reply) -> bytes:
        session = self.session
        if session is None or not self.secure:
            return self._say(command, osdp.NAK, b"\x06")
        mac = session._mac(command.body, session._theirs)
        if mac[: osdp.MAC_SIZE] != command.mac:
            self.secure = False
            return self._say(command, osdp.NAK, b"\x06")
        data = command.payload
        if command.scs == osdp.SCS_17:
            data = aes.decrypt(session._enc, _inverted(session._theirs), data).rstrip(b"\x00")[:-1]
        session._ours = mac
        return self.seal(command.sequence, *self._obey(command.code, data))

    def seal(self, sequence: int, code: int, data: bytes) -> bytes:
        """A reply inside the session."""
        session = self.session
        assert session is not None
        if data:
            data = aes.encrypt(session._enc, _inverted(session._ours), _padded(data + b"\x80"))
        block = bytes([osdp.SCS_18 if data else osdp.SCS_16])
        raw = osdp.head(self.address | 0x80, sequence, block, code, data, osdp.MAC_SIZE)
        session._theirs = session._mac(raw, session._ours)
        return osdp.closed(raw + session._theirs[: osdp.MAC_SIZE])

    def _obey(self, code: int, data: bytes) -> "tuple[int, bytes]":
        if code == osdp.POLL:
            return self.events.pop(0) if self.events else (osdp.ACK, b"")
        self.commands.append((code, data))
        if code == osdp.LSTAT:
            return osdp.LSTATR, bytes([self.tamper, self.power])
        if code == osdp.KEYSET and self.key is None:
            self.key = data[2:]
        return osdp.ACK, b""


class House:
    """A panel and devices on one line, from time 0. `meddle`: what becomes of a reply on its way; `slow_ms`: the panel
    looks no more often than that while it waits.
    """

    def __init__(
        self, devices: "list[Device]", keys: "dict[int, bytes]", window_ms: int = 0, formats: "tuple[int, ...]" = (26,)
    ) -> None:
        self.devices = devices
        self.now_ms = 0
        self.slow_ms = 0
        self.news: list[tuple[int, News]] = []
        self.sent: list[bytes] = []
        self.meddle: Callable[[bytes], bytes] = lambda said: said
        self._nonce = 0
        readers = [
            Peripheral(device.address, keys.get(device.address), formats, aes, self._random, 0) for device in devices
        ]
        self.panel = Panel(readers, BAUD, window_ms)
        self._coming: list[tuple[int, bytes]] = []

    def _random(self, size: int) -> bytes:
        self._nonce += 1
        return bytes([self._nonce * 7 + i & 0xFF for i in range(size)])

    def run(self, ms: int) -> None:
        """So much time passes."""
        until_ms = self.now_ms + ms
        while self.now_ms < until_ms:
            self.turn()

    def run_until(self, what: "Callable[[], bool]", most_ms: int) -> int:
        """After how long it is so; AssertionError when it does not come to that."""
        began_ms = self.now_ms
        while not what():
            assert self.now_ms - began_ms <= most_ms, "too late"
            self.turn()
        return self.now_ms - began_ms

    def turn(self) -> None:
        """One look of the panel at its line, when it next wants one."""
        self.now_ms += max(self.panel.idle_ms(self.now_ms), self.slow_ms)
        received = b""
        while self._coming and self._coming[0][0] <= self.now_ms:
            received += self._coming.pop(0)[1]
        frame = self.panel.step(self.now_ms, received)
        self.news += [(self.now_ms, news) for news in self.panel.news()]
        if frame:
            self.sent.append(frame)
            for device in self.devices:
                said = device.answer(frame)
                said = self.meddle(said) if said else b""
                if said:
                    at_ms = self.now_ms + _ANSWER_MS + (len(frame) + len(said)) * _CHARACTER_BITS // BAUD
                    self._coming.append((at_ms, said))

    def told(self, kind: int, reason: int = -1) -> int:
        """How often there was such news."""
        return len([1 for _, news in self.news if news.kind == kind and reason in (-1, news.reason)])


def card(bits: str) -> "tuple[int, bytes]":
    """An event: a card of these bits."""
    data = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")
    return osdp.RAW, bytes([0, 1, len(bits), 0]) + data


def keys(pressed: str) -> "tuple[int, bytes]":
    """An event: these keys."""
    return osdp.KEYPAD, bytes([0, len(pressed)]) + pressed.encode().replace(b"*", b"\x7f").replace(b"#", b"\r")
