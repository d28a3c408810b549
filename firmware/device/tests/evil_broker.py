"""A broker in the attacker's hands: it speaks MQTT as none should, and passes the hostile bus's frames on."""

import asyncio
import random

from device.mqtt import MqttError, Session
from device.tests.hostile_frames import Bus


class Wire:
    """A compromised broker's end of one connection: a script of bytes, and deaf."""

    def __init__(self, script: bytes) -> None:
        self._script = script
        self._at = 0

    async def readexactly(self, size: int) -> bytes:
        """EOFError at the script's end."""
        data = self._script[self._at : self._at + size]
        self._at += size
        if len(data) < size:
            raise EOFError
        return data

    def write(self, data: bytes) -> None:
        """Into nothing."""

    async def drain(self) -> None:
        """At once."""

    def close(self) -> None:
        """Nothing to free."""


class EvilBroker:
    """Sessions of MQTT 3.1.1 as no broker should speak it, with the bus's frames in them."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._clean = False
        self.heard = self.retained = self.retained_heard = self.sessions = self.established = 0
        self.errors: dict[str, int] = {}
        self.crashes = 0  # anything but an orderly end of the session

    def run(self, count: int) -> None:
        """Until so many of his messages have reached the door's gate."""
        while self.heard < count:
            self._bus.work()
            self.sessions += 1
            asyncio.run(self._session(self._script()))

    async def _session(self, script: bytes) -> None:
        session = Session(Wire(script), self._heard)
        try:
            await session.connect("d", "d", b"p", "t", b"lost")
            await session.subscribe("t")
            self.established += 1
            await session.run()
        except MqttError as error:
            word = " ".join([part for part in str(error).split()[:4] if not part.isdigit()])
            self.errors[word] = self.errors.get(word, 0) + 1
        except Exception as error:  # noqa: BLE001 (counted: the link knows no other)
            self.crashes += 1
            print("crash", repr(error))

    def _heard(self, topic: bytes, payload: bytes) -> None:
        self.heard += 1
        self.retained_heard += self._clean and topic == _RETAINED
        self._bus.attack("through MQTT", payload)

    def _script(self) -> bytes:
        """What he says from CONNACK on, twenty packets; every second time some of its bytes are wrong."""
        parts = [random.choice(_CONNACKS), random.choice(_SUBACKS)]
        for _ in range(20):
            parts.append(self._publish() if random.getrandbits(4) else random.choice(_STRANGE))
        script = b"".join(parts)
        self._clean = bool(random.getrandbits(1))
        if self._clean:
            return script
        changed = bytearray(script)
        for _ in range(1 + random.getrandbits(3)):
            changed[random.getrandbits(16) % len(changed)] = random.getrandbits(8)
        return bytes(changed[: random.getrandbits(16) % len(changed)] if random.getrandbits(1) else changed)

    def _publish(self) -> bytes:
        """PUBLISH of a hostile frame: any QoS, DUP, RETAIN and topic."""
        flags = random.choice(_FLAGS)
        self.retained += flags & 1
        topic = _RETAINED if flags & 1 else random.choice(_TOPICS)
        body = len(topic).to_bytes(2, "big") + topic + (b"\x00\x07" if flags & 6 else b"") + self._bus.message()[1]
        return bytes([0x30 | flags]) + _length(len(body)) + body


def _length(size: int) -> bytes:
    """MQTT's remaining length."""
    out = bytearray()
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)


_RETAINED = b"retained"  # what he says of a message that is
_TOPICS = (b"t", b"menshen/demo/door/02a1b2c3d4e5/down", b"", b"x" * 200)
_FLAGS = (0, 2, 10) * 16 + (1, 3, 11) * 4 + (4, 6)  # mostly what is allowed; then retained; then QoS 2 and 3
_GOOD_CONNACK = b"\x20\x02\x00\x00"
_GOOD_SUBACK = b"\x90\x03\x00\x01\x01"
_CONNACKS = (_GOOD_CONNACK,) * 12 + (b"\x20\x02\x00\x05", b"\x20\x03\x00\x00\x00", b"", b"\x20\x02\x01\x00")
_SUBACKS = (_GOOD_SUBACK,) * 12 + (b"\x90\x03\x00\x01\x80", b"\x90\x02\x00\x01", b"", b"\x90\x03\x00\x09\x02")
_STRANGE = (
    b"\xd0\x00",  # PINGRESP that nobody asked for
    b"\x40\x02\x00\x09",  # PUBACK of nothing
    b"\x90\x03\x00\x01\x01",
    b"\x20\x02\x00\x00",
    b"\x10\x00",
    b"\xe0\x00",
    b"\x62\x02\x00\x01",
    b"\x30\xff\xff\xff\x7f",
    b"\x30\xff\xff\xff\xff\x7f",
    b"\x30\x00",
    b"\x32\x01\x00",
    b"\x00\x00",
)
