"""OSDP's secure channel (2.2 annex D): proof of the key on both sides, session keys, MAC chain, ciphertext.

`Aes` is handed in: `encrypt(key, iv, data)` and `decrypt(key, iv, data)`, AES-128 in CBC mode. MACs are chained: each
is begun with the one of the other direction, so no frame can be told twice, and none left out.
"""

from doorlogic import osdp
from doorwire.frame import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Aes(Protocol):
        """AES-128-CBC; whole blocks."""

        def encrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes: ...
        def decrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes: ...


KEY_SIZE = 16
SCBK_D = bytes(range(0x30, 0x40))  # known to everybody: good for commissioning only
CHALLENGE_SIZE = 8
_ZERO = bytes(16)
_CCRYPT_SIZE = 32  # the reader's id, its challenge, its proof


class Session:
    """One secure channel. `challenge`: 8 random bytes, new each time."""

    def __init__(self, aes: "Aes", scbk: bytes, challenge: bytes) -> None:
        self._aes = aes
        self._challenge = challenge
        self._enc, self._mac1, self._mac2 = [
            aes.encrypt(scbk, _ZERO, bytes([1, kind]) + challenge[:6] + bytes(8)) for kind in (0x82, 0x01, 0x02)
        ]
        self._ours = self._theirs = _ZERO

    def answer(self, ccrypt: bytes) -> "bytes | None":
        """Our proof for the reader's CCRYPT, or None when its own is wrong: it has another key."""
        if len(ccrypt) != _CCRYPT_SIZE:
            return None
        theirs = ccrypt[8:16]
        if not same(self._aes.encrypt(self._enc, _ZERO, self._challenge + theirs), ccrypt[16:]):
            return None
        ours = self._aes.encrypt(self._enc, _ZERO, theirs + self._challenge)
        self._theirs = self._aes.encrypt(self._mac2, _ZERO, self._aes.encrypt(self._mac1, _ZERO, ours))
        return ours

    def begun(self, rmac_i: bytes) -> bool:
        """Whether the reader's RMAC_I proves that it took our answer."""
        return same(self._theirs, rmac_i)

    def command(self, address: int, sequence: int, code: int, data: bytes) -> bytes:
        """The frame of a command; MACs move on, so the same frame is sent again when it has to be."""
        block = osdp.SCS_15
        if data:
            block = osdp.SCS_17
            data = self._aes.encrypt(self._enc, _inverted(self._theirs), _padded(data + b"\x80"))
        raw = osdp.head(address, sequence, bytes([block]), code, data, osdp.MAC_SIZE)
        self._ours = self._mac(raw, self._theirs)
        return osdp.closed(raw + self._ours[: osdp.MAC_SIZE])

    def open(self, reply: osdp.Reply) -> "bytes | None":
        """The data of the reply to the last command; None when that is not the reader's: the session is over."""
        if reply.scs not in (osdp.SCS_16, osdp.SCS_18):
            return None
        mac = self._mac(reply.body, self._ours)
        if not same(mac[: osdp.MAC_SIZE], reply.mac):
            return None
        self._theirs = mac
        if reply.scs == osdp.SCS_16 or not reply.payload:
            return reply.payload
        if len(reply.payload) % 16:
            return None
        data = self._aes.decrypt(self._enc, _inverted(self._ours), reply.payload).rstrip(b"\x00")
        return data[:-1] if data[-1:] == b"\x80" else None

    def _mac(self, data: bytes, iv: bytes) -> bytes:
        if len(data) % 16:
            data = _padded(data + b"\x80")
        if len(data) > 16:
            iv = self._aes.encrypt(self._mac1, iv, data[:-16])[-16:]
        return self._aes.encrypt(self._mac2, iv, data[-16:])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def _inverted(data: bytes) -> bytes:
    return bytes([byte ^ 0xFF for byte in data])
