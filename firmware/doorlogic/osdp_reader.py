"""One OSDP reader (PD) as the panel sees it: what to say next, and what its reply means. Start at `Peripheral`.

It is asked who it is and what it can, in the clear; then the secure channel stands, or nothing that it says counts.
Any error ends the session, and a new one is tried soon: a reader that was plugged in again is back within two seconds.
"""

from collections import namedtuple

from doorlogic import osdp
from doorlogic.keypad import CLEAR, ENTER, Keypad
from doorlogic.osdp_secure import CHALLENGE_SIZE, KEY_SIZE, SCBK_D, Session
from doorlogic.wiegand import LONGEST_FRAME, Frame, decode
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from doorlogic.osdp_secure import Aes

_POLL_MS = 100
_AGAIN_MS = 100  # after a session's end; then _RETRY_MS
_RETRY_MS = 1_000
_AWAY_MS = 2_000  # away for less is not told
_TELL_AGAIN_MS = 60_000  # between two tellings that it is lost: a loose contact does not fill the journal
_FLASH_UNIT_MS = 100
_GREEN = 2
_TONE = 2  # the reader's own

# Where the handshake stands.
_ID = 0
_CAP = 1
_CHALLENGE = 2
_CRYPT = 3
_KEYSET = 4
_SECURE = 5

_CAP_SECURITY = 9  # function code of communication security; compliance bit 0: AES-128
_NAK_SEQUENCE = 4  # the reader wants a new beginning; and 6: it has no session

# News. `kind` 0: something was read: `reason`, CREDENTIAL_* and value, as a Wiegand reader has them; NEW_KEY: to be
# kept before anything else is sent; SECURE: its session begins; else EVENT_* and its reason.
News = namedtuple("News", ("address", "kind", "reason", "credential", "value"))
NEW_KEY = -1
SECURE = -2


class Peripheral:
    """`key`: the reader's SCBK, None = it was never commissioned. `random`: so many random bytes."""

    def __init__(
        self,
        address: int,
        key: "bytes | None",
        formats: "tuple[int, ...]",
        aes: "Aes",
        random: "Callable[[int], bytes]",
        now_ms: int,
    ) -> None:
        self.address = address
        self.key = key
        self.due_ms = now_ms
        self.news: list[News] = []
        self._formats = formats
        self._aes = aes
        self._random = random
        self._keypad = Keypad()
        self._step = _ID
        self._sequence = 0
        self._session: Session | None = None
        self._answer = b""  # our proof, for SCRYPT
        self._default = False  # this handshake is on SCBK_D
        self._failures = 0
        self._why = words.REASON_TIMEOUT
        self._away_ms = self._since_ms = now_ms
        self._lost = False
        self._lost_told = False
        self._tell_ms = now_ms
        self._told: list[int] = []  # reasons, since a session last stood for a while
        self._asked = False  # its local status, in this session
        self._light_ms = self._sound_ms = 0
        self._tamper = self._power = 0

    @property
    def secure(self) -> bool:
        """Its secure channel stands, under its own key."""
        return self._step == _SECURE

    @property
    def alarms(self) -> int:
        """ALARM_READER while it is away or not to be trusted, ALARM_TAMPER from its own word until its own word."""
        return (words.ALARM_READER if self._lost else 0) | (words.ALARM_TAMPER if self._tamper else 0)

    def signal(self, light_ms: int, sound_ms: int) -> None:
        """Light and sound for the person there, at the next turn; the newest wins. Nothing while it is away."""
        if self.secure:
            self._light_ms = light_ms or self._light_ms
            self._sound_ms = sound_ms or self._sound_ms

    def command(self, now_ms: int, window: bool) -> bytes:
        """The next frame for it. `window`: commissioning is open."""
        if self._step == _ID:
            self._sequence = 0
            self._default = self._default and window
            return self._clear(osdp.ID, b"\x00")
        self._sequence = self._sequence % 3 + 1
        if self._step == _CAP:
            return self._clear(osdp.CAP, b"\x00")
        if self._step == _CHALLENGE:
            challenge = self._random(CHALLENGE_SIZE)
            key = SCBK_D if self._default or self.key is None else self.key
            self._session = Session(self._aes, key, challenge)
            return self._clear(osdp.CHLNG, challenge, osdp.SCS_11)
        if self._step == _CRYPT:
            return self._clear(osdp.SCRYPT, self._answer, osdp.SCS_13)
        return self._secured(now_ms)

    def heard(self, reply: osdp.Reply, now_ms: int, window: bool) -> None:
        """The reply to the last command: of this address and sequence."""
        if self._session is not None and self._step >= _KEYSET:
            self._in_session(reply, now_ms)
        elif reply.scs > osdp.SCS_14:
            self.failed(words.REASON_NONE, now_ms)
        elif reply.code == osdp.NAK:
            self._refused(reply, now_ms, window)
        elif self._step == _ID and reply.code == osdp.PDID:
            self._to(_CAP, now_ms)
        elif self._step == _CAP and reply.code == osdp.PDCAP:
            self._can(reply.payload, now_ms, window)
        elif self._step == _CHALLENGE and reply.code == osdp.CCRYPT:
            self._challenged(reply, now_ms, window)
        elif self._step == _CRYPT and reply.code == osdp.RMAC_I:
            self._accepted(reply, now_ms, window)
        else:  # a card, a key, anything: it speaks in the clear
            self.failed(words.REASON_NOT_SECURE, now_ms)

    def failed(self, reason: int, now_ms: int) -> None:
        """No session, or none any more. REASON_NONE: it does not answer, or there is nothing to say about it yet."""
        self._why = reason or (words.REASON_TIMEOUT if self.secure else self._why)
        self._failures += 1
        self._end(_AGAIN_MS if self._failures == 1 else _RETRY_MS, now_ms)
        if reason and reason not in self._told:
            self._told.append(reason)
            broken = reason == words.REASON_SEAL or reason == words.REASON_WRONG_KEY and self.key is None
            self._tell(words.EVENT_READER_ERROR if broken else words.EVENT_TAMPER, reason)

    def watch(self, now_ms: int) -> None:
        """What time alone brings."""
        if self.secure:
            if self._told and now_ms - self._since_ms >= _TELL_AGAIN_MS:
                self._told = []
        elif not self._lost and now_ms - self._away_ms >= _AWAY_MS:
            self._lost = True
            self._lost_told = now_ms >= self._tell_ms
            if self._lost_told:
                self._tell_ms = now_ms + _TELL_AGAIN_MS
                self._tell(words.EVENT_READER_LOST, self._why)

    def _clear(self, code: int, data: bytes, scs: int = 0) -> bytes:
        """A frame of the time before the session."""
        block = bytes([scs, 0 if self._default else 1]) if scs else b""
        return osdp.closed(osdp.head(self.address, self._sequence, block, code, data))

    def _to(self, step: int, now_ms: int) -> None:
        self._step = step
        self.due_ms = now_ms

    def _can(self, capabilities: bytes, now_ms: int, window: bool) -> None:
        """Its capabilities: three bytes each."""
        able = False
        for i in range(0, len(capabilities) - 2, 3):
            able = able or capabilities[i] == _CAP_SECURITY and capabilities[i + 1] & 1 > 0
        if not able:
            self.failed(words.REASON_NOT_SECURE, now_ms)
        elif self.key is None and not window:
            self.failed(words.REASON_WRONG_KEY, now_ms)
        else:
            self._default = self._default or self.key is None
            self._to(_CHALLENGE, now_ms)

    def _refused(self, reply: osdp.Reply, now_ms: int, window: bool) -> None:
        """NAK in the clear, to a step of the handshake."""
        if self._step < _CHALLENGE or reply.payload[:1] == bytes([_NAK_SEQUENCE]):
            self.failed(words.REASON_NONE, now_ms)
        else:
            self._mistrusted(
                words.REASON_NOT_SECURE if self._step == _CHALLENGE else words.REASON_WRONG_KEY, now_ms, window
            )

    def _challenged(self, reply: osdp.Reply, now_ms: int, window: bool) -> None:
        """CCRYPT: the key it uses, and its proof."""
        answer = None
        if reply.block != bytes([osdp.SCS_12, 0 if self._default else 1]):
            self._mistrusted(words.REASON_NOT_SECURE, now_ms, window)
            return
        if self._session is not None:
            answer = self._session.answer(reply.payload)
        if answer is None:
            self._mistrusted(words.REASON_WRONG_KEY, now_ms, window)
            return
        self._answer = answer
        self._to(_CRYPT, now_ms)

    def _accepted(self, reply: osdp.Reply, now_ms: int, window: bool) -> None:
        """RMAC_I: it took our proof, or not."""
        if self._session is None or reply.block[:1] != bytes([osdp.SCS_14]) or not self._session.begun(reply.payload):
            self._mistrusted(words.REASON_WRONG_KEY, now_ms, window)
        elif self._default:
            self._to(_KEYSET, now_ms)
        else:
            self._to(_SECURE, now_ms)
            self._failures = 0
            self._asked = False
            self._since_ms = now_ms
            self._tell(SECURE, words.REASON_NONE)
            if self._lost and self._lost_told:
                self._tell(words.EVENT_READER_FOUND, words.REASON_NONE)
            self._lost = False

    def _secured(self, now_ms: int) -> bytes:
        """A command inside the session."""
        assert self._session is not None
        code, data = osdp.POLL, b""
        if self._step == _KEYSET:
            self.key = self._random(KEY_SIZE)
            self.news.append(News(self.address, NEW_KEY, 0, 0, 0))
            code, data = osdp.KEYSET, bytes([1, KEY_SIZE]) + self.key
        elif not self._asked:
            self._asked = True
            code = osdp.LSTAT
        elif self._light_ms:
            units = min(max(self._light_ms // _FLASH_UNIT_MS, 1), 255)
            code, data = osdp.LED, bytes([0, 0, 2, units, 0, _GREEN, 0, units, 0, 0, 0, 0, 0, 0])
            self._light_ms = 0
        elif self._sound_ms:
            units = min(max(self._sound_ms // _FLASH_UNIT_MS, 1), 255)
            code, data = osdp.BUZ, bytes([0, _TONE, units, 0, 1])
            self._sound_ms = 0
        return self._session.command(self.address, self._sequence, code, data)

    def _in_session(self, reply: osdp.Reply, now_ms: int) -> None:
        """A reply while the session stands."""
        assert self._session is not None
        if not reply.scs:  # a reader that was reset says NAK; anything else in the clear is not its own doing
            clear = reply.code != osdp.NAK
            self.failed(words.REASON_NOT_SECURE if clear else words.REASON_NONE, now_ms)
            return
        data = self._session.open(reply)
        if data is None:
            self.failed(words.REASON_SEAL, now_ms)
        elif self._step == _KEYSET:
            self._default = False
            self._end(_AGAIN_MS, now_ms)  # anew, on its own key if it took it
        else:
            self.due_ms = now_ms if self._light_ms or self._sound_ms else now_ms + _POLL_MS
            if reply.code in (osdp.RAW, osdp.KEYPAD) and reply.scs != osdp.SCS_18:
                self.failed(words.REASON_NOT_SECURE, now_ms)
            else:
                self._read(reply.code, data, now_ms)

    def _read(self, code: int, data: bytes, now_ms: int) -> None:
        """What it has to tell, for sure."""
        if code == osdp.RAW:
            reason, card = _card(data, self._formats)
            self.news.append(News(self.address, 0, reason, words.CREDENTIAL_CARD, card))
        elif code == osdp.KEYPAD:
            for digit in data[2 : 2 + data[1]] if len(data) > 2 else b"":
                key = _key(digit)
                pin = self._keypad.press(key, now_ms) if key >= 0 else 0
                if pin:
                    self.news.append(News(self.address, 0, words.REASON_NONE, words.CREDENTIAL_PIN, pin))
        elif code == osdp.LSTATR and len(data) == 2:
            if data[0] > self._tamper:
                self.news.append(News(self.address, words.EVENT_TAMPER, words.REASON_NONE, 0, 0))
            if data[1] > self._power:
                self.news.append(News(self.address, words.EVENT_READER_ERROR, words.REASON_POWER, 0, 0))
            self._tamper, self._power = data[0], data[1]

    def _mistrusted(self, reason: int, now_ms: int, window: bool) -> None:
        """It does not have this key. In the window the other one is tried: its own, the public one."""
        if window:
            self._default = not self._default
            self.failed(words.REASON_NONE, now_ms)
        else:
            self.failed(reason, now_ms)

    def _end(self, pause_ms: int, now_ms: int) -> None:
        if self.secure:
            self._away_ms = now_ms
        self._step = _ID
        self._session = None
        self._keypad.clear()
        self._light_ms = self._sound_ms = 0
        self.due_ms = now_ms + pause_ms

    def _tell(self, kind: int, reason: int) -> None:
        self.news.append(News(self.address, kind, reason, 0, 0))


def _card(data: bytes, formats: "tuple[int, ...]") -> "tuple[int, int]":
    """(reason, card) of RAW: reader, format (0 as read, 1 Wiegand with parity), bits (2 bytes), bits from the left."""
    count = data[2] | data[3] << 8 if len(data) > 4 else 0
    if not 0 < count <= LONGEST_FRAME or len(data) != 4 + (count + 7) // 8 or data[1] > 1:
        return words.REASON_FORMAT, 0
    bits = int.from_bytes(data[4:], "big") >> (-count % 8)
    return decode(Frame(count, bits, False), formats)


def _key(digit: int) -> int:
    """A key as ASCII; DEL and CR are what keypads send for * and #. -1: none that we know."""
    if digit in (0x7F, 0x2A):
        return CLEAR
    if digit in (0x0D, 0x23):
        return ENTER
    return digit - 0x30 if 0x30 <= digit <= 0x39 else -1
