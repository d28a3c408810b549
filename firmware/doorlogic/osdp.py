"""OSDP 2.2 frames (IEC 60839-11-5; field values as libosdp has them): bytes to replies, commands to bytes.

0x53 | address, bit 7 in a reply | length, little-endian | control: bits 0–1 sequence, 2 CRC, 3 security block
| [block: its length, type, data] | code | data | [MAC, 4 bytes] | CRC-16, little-endian
"""

POLL = 0x60
ID = 0x61
CAP = 0x62
LSTAT = 0x64
LED = 0x69
BUZ = 0x6A
KEYSET = 0x75
CHLNG = 0x76
SCRYPT = 0x77

ACK = 0x40
NAK = 0x41
PDID = 0x45
PDCAP = 0x46
LSTATR = 0x48
RAW = 0x50
KEYPAD = 0x53
CCRYPT = 0x76
RMAC_I = 0x78
BUSY = 0x79

# Types of security block: the handshake, then a MAC (15 command, 16 reply), then a MAC and ciphertext (17, 18).
SCS_11 = 0x11
SCS_12 = 0x12
SCS_13 = 0x13
SCS_14 = 0x14
SCS_15 = 0x15
SCS_16 = 0x16
SCS_17 = 0x17
SCS_18 = 0x18

LONGEST = 256  # bytes of a reply that are taken
MAC_SIZE = 4
_SOM = b"\x53"
_HEAD = 5  # SOM, address, length, control
_CRC = 2
_WITH_CRC = 4
_WITH_BLOCK = 8
_REPLY = 0x80


class Reply:
    """What a reader said, its CRC right. `block`: type and data of the security block, empty without one; `scs`: its
    type, 0 = sent in the clear. `body`: what the MAC covers. `payload`: the data, as they are on the line.
    """

    def __init__(self, raw: bytes) -> None:
        self.address = raw[1] & 0x7F
        self.sequence = raw[4] & 3
        at, end = _HEAD, len(raw) - _CRC
        self.block = b""
        if raw[4] & _WITH_BLOCK:
            self.block = raw[at + 1 : at + raw[at]]
            at += raw[at]
        self.scs = self.block[0] if self.block else 0
        self.body = self.mac = b""
        if self.scs >= SCS_15:
            end -= MAC_SIZE
            self.body, self.mac = raw[:end], raw[end : end + MAC_SIZE]
        self.code = raw[at]
        self.payload = raw[at + 1 : end]


class Line:
    """Collects what comes in. `held`: what of it is no whole frame yet, at most LONGEST bytes."""

    def __init__(self) -> None:
        self.held = b""

    def feed(self, data: bytes) -> None:
        """More bytes; those before LONGEST are dropped."""
        self.held = (self.held + data)[-LONGEST:]

    def take(self) -> "Reply | None":
        """The next reply; what is none is skipped."""
        while True:
            at = self.held.find(_SOM)
            self.held = self.held[at:] if at >= 0 else b""
            if len(self.held) < _HEAD:
                return None
            size = self.held[2] | self.held[3] << 8
            if not _HEAD + 1 + _CRC <= size <= LONGEST:
                self.held = self.held[1:]
                continue
            if len(self.held) < size:
                return None
            raw = self.held[:size]
            if _whole(raw):
                self.held = self.held[size:]
                return Reply(raw)
            self.held = self.held[1:]


def head(address: int, sequence: int, block: bytes, code: int, data: bytes, mac_size: int = 0) -> bytes:
    """A command without its MAC (of `mac_size` bytes) and its CRC. `block`: type and data."""
    if block:
        block = bytes([len(block) + 1]) + block
    size = _HEAD + len(block) + 1 + len(data) + mac_size + _CRC
    control = sequence | _WITH_CRC | (_WITH_BLOCK if block else 0)
    return _SOM + bytes([address, size & 0xFF, size >> 8, control]) + block + bytes([code]) + data


def closed(raw: bytes) -> bytes:
    """With its CRC."""
    return raw + crc16(raw).to_bytes(2, "little")


def crc16(data: bytes) -> int:
    """CRC-16-CCITT, beginning with 0x1D0F."""
    crc = 0x1D0F
    for byte in data:
        x = crc >> 8 ^ byte
        x ^= x >> 4
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xFFFF
    return crc


def _whole(raw: bytes) -> bool:
    """Whether this is a reply, with its CRC right and its security block inside it."""
    if not raw[1] & _REPLY or not raw[4] & _WITH_CRC or crc16(raw[:-_CRC]).to_bytes(2, "little") != raw[-_CRC:]:
        return False
    if not raw[4] & _WITH_BLOCK:
        return True
    block = raw[_HEAD]
    tail = 1 + _CRC + (MAC_SIZE if block >= 2 and raw[_HEAD + 1] >= SCS_15 else 0)  # the code and what follows it
    return block >= 2 and _HEAD + block + tail <= len(raw)
