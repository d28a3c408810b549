"""Spoilt replies of OSDP readers, 100,000 with `--whole`: no card or PIN is read that the reader did not tell."""

import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from doorlogic import osdp
from doorlogic.tests.osdp_device import KEY, Device, House, card, keys
from doorwire import doorlist
from doorwire import vocabulary as words

FRAMES = 100_000
PANELS = 4
SHARE = 0.5  # of the replies: sessions have to come about in between
SLOW_MS = 25  # spares the test time that the panel only waits
CARD = "00001100000000001001000001"
TOLD = {
    (words.CREDENTIAL_CARD, 24 << 16 | 288),
    (words.CREDENTIAL_PIN, doorlist.pin_value("4711")),
}
CODES = (osdp.ACK, osdp.NAK, osdp.RAW, osdp.KEYPAD, osdp.LSTATR, osdp.CCRYPT, osdp.RMAC_I, osdp.PDID, osdp.BUSY)


class Noise:
    """Spoils replies in every way we could think of; most of them end with a right CRC, in the right turn."""

    def __init__(self, seed: int) -> None:
        self.spoilt = 0
        self.cards = 0  # genuine ones that were let through
        self._random = random.Random(seed)
        self._old = [bytes(14)]
        self._ways: tuple[Callable[[bytes], bytes], ...] = (
            self._flip, self._cut, self._grow, self._replay, self._splice, self._recode, self._forge, self._bare,
        )  # fmt: skip

    def __call__(self, said: bytes) -> bytes:
        heard = said
        if self._random.random() < SHARE:
            self.spoilt += 1
            heard = self._random.choice(self._ways)(said)
            if self._random.random() < 0.7 and len(heard) > 7:
                heard = osdp.closed(heard[:2] + len(heard).to_bytes(2, "little") + heard[4:-2])
        if osdp.Reply(said).code in (osdp.RAW, osdp.KEYPAD):
            self.cards += said in heard
            self._old = [*self._old[-30:], said]
        return heard

    def _flip(self, said: bytes) -> bytes:
        data = bytearray(said)
        for _ in range(self._random.choice((1, 1, 2, 8))):
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return bytes(data)

    def _cut(self, said: bytes) -> bytes:
        return said[: self._random.randrange(len(said))]

    def _grow(self, said: bytes) -> bytes:
        at = self._random.randrange(len(said))
        return said[:at] + self._random.randbytes(self._random.randrange(1, 40)) + said[at:]

    def _replay(self, said: bytes) -> bytes:
        old = self._random.choice(self._old)
        return old[:4] + bytes([old[4] & ~3 | said[4] & 3]) + old[5:]

    def _splice(self, said: bytes) -> bytes:
        at = self._random.randrange(5, len(said))
        return said[:at] + self._random.choice(self._old)[at:]

    def _recode(self, said: bytes) -> bytes:
        at = 5 + (said[5] if said[4] & 8 else 0)
        return said[:at] + bytes([self._random.choice(CODES)]) + said[at + 1 :]

    def _forge(self, said: bytes) -> bytes:
        """A card of the attacker's, under a security block or none."""
        block = self._random.choice((b"", b"\x02\x16", b"\x02\x18", b"\x03\x12\x01", b"\x03\x14\x01"))
        code, data = self._random.choice((card(CARD[::-1]), keys("1234#")))
        control = said[4] & 3 | 4 | (8 if block else 0)
        return said[:4] + bytes([control]) + block + bytes([code]) + data + self._random.randbytes(6)

    def _bare(self, said: bytes) -> bytes:
        return said + self._random.choice(self._old)  # two replies in one breath


def play(seed: int, frames: int) -> tuple[int, int, list[tuple[int, int]]]:
    """(replies spoilt, cards and PINs that came through whole, what the panel read); there is always more to tell."""
    devices = [Device(0), Device(1)]
    house = House(devices, {0: KEY, 1: KEY})
    noise = house.meddle = Noise(seed)
    house.slow_ms = SLOW_MS
    while noise.spoilt < frames:
        for device in devices:
            if len(device.events) < 2:
                device.events += [card(CARD), keys("4711#")]
        house.turn()
    read = [(news.credential, news.value) for _, news in house.news if news.kind == 0 and not news.reason]
    return noise.spoilt, noise.cards, read


def test_spoilt_replies_never_become_a_credential(divisor: int) -> None:
    frames = FRAMES // PANELS // divisor
    with ProcessPoolExecutor(2) as pool:
        for spoilt, whole, read in pool.map(play, range(PANELS), [frames] * PANELS):
            assert spoilt == frames
            assert set(read) <= TOLD
            assert frames // 25 < len(read) <= whole  # none twice, and the readers did work in between
