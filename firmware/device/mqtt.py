"""An MQTT 3.1.1 session over a stream: QoS 1 both ways, last will. One connection; `link.py` makes the next one.

Memory is bounded: of a packet longer than PACKET_LIMIT only the beginning is kept, to acknowledge it. A peer that says
nothing for SILENCE_S is gone: pings go out every PING_MS, so a half-open connection is noticed in at most SILENCE_S and
a ping: < 15 s.
"""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Stream(Protocol):
        """What a session needs of a connection."""

        async def readexactly(self, size: int) -> bytes: ...
        def write(self, data: bytes) -> None: ...
        async def drain(self) -> None: ...
        def close(self) -> None: ...


KEEPALIVE_S = 10
PING_MS = 4_000
SILENCE_S = 10
PACKET_LIMIT = 1400  # a frame of 1,200 bytes, its topic, and room
_SKIP = 256

_CONNECT = 0x10
_CONNACK = 0x20
_PUBLISH = 0x30
_PUBACK = 0x40
_SUBSCRIBE = 0x82
_SUBACK = 0x90
_PINGREQ = b"\xc0\x00"
_PINGRESP = 0xD0
_REFUSALS = {
    1: "protocol version",
    2: "client id",
    3: "broker not available",
    4: "user name or password",
    5: "not authorised",
}


class MqttError(Exception):
    """The session is over; the message says why."""


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _packet(kind: int, body: bytes) -> bytes:
    """MQTT 3.1.1 §2.2: kind, remaining length in groups of seven bits, body."""
    size = len(body)
    head = bytearray([kind])
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


class Session:
    """Over a stream; `heard(topic, payload)` gets what comes in and may not wait."""

    def __init__(
        self,
        stream: "Stream",
        heard: "Callable[[bytes, bytes], None]",
    ) -> None:
        self._stream = stream
        self._heard = heard
        self._lock = asyncio.Lock()
        self._last_id = 0

    async def connect(self, client: str, user: str, password: bytes, will_topic: str, will: bytes) -> None:
        """Log in with a retained QoS 1 last will; MqttError when refused."""
        flags = 0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02  # user, password, will retained at QoS 1, clean session
        body = (
            _field(b"MQTT")
            + bytes([4, flags])
            + KEEPALIVE_S.to_bytes(2, "big")
            + _field(client.encode())
            + _field(will_topic.encode())
            + _field(will)
            + _field(user.encode())
            + _field(password)
        )
        await self._send(_packet(_CONNECT, body))
        kind, answer = await self._receive()
        if kind != _CONNACK or len(answer) != 2:
            raise MqttError("the broker speaks no MQTT 3.1.1")
        if answer[1]:
            raise MqttError("the broker refused: " + _REFUSALS.get(answer[1], "unknown reason"))

    async def subscribe(self, topic: str) -> None:
        """At QoS 1; MqttError when refused."""
        await self._send(_packet(_SUBSCRIBE, self._next_id() + _field(topic.encode()) + b"\x01"))
        kind, answer = await self._receive()
        while kind & 0xF0 == _PUBLISH:  # MQTT 3.1.1 §3.8.4: a broker may begin before it has said so
            await self._published(kind, answer)
            kind, answer = await self._receive()
        if kind != _SUBACK or len(answer) != 3 or answer[2] > 2:
            raise MqttError(f"the broker refused the subscription to {topic}: check its ACL")

    async def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """At QoS 1. Returns when written: delivery is the application's business (Ack), not PUBACK's."""
        kind = _PUBLISH | 0x02 | int(retain)
        await self._send(_packet(kind, _field(topic.encode()) + self._next_id() + payload))

    async def ping(self) -> None:
        """Make the peer say something."""
        await self._send(_PINGREQ)

    async def run(self) -> None:
        """Read until the session ends, which it says by raising MqttError or OSError."""
        while True:
            kind, body = await self._receive()
            if kind & 0xF0 == _PUBLISH:
                await self._published(kind, body)
            elif kind not in (_PUBACK, _PINGRESP, _SUBACK):
                raise MqttError(f"packet type {kind >> 4} out of turn")
            await asyncio.sleep(0)  # a flood of packets may not keep the door from its turn

    def close(self) -> None:
        """Drop the connection, so that the broker publishes the last will."""
        self._stream.close()

    async def _published(self, kind: int, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2], "big")
        qos = kind >> 1 & 3
        start = end + (2 if qos else 0)
        if start > len(body) or qos > 1:
            raise MqttError("malformed PUBLISH")
        if not kind & 1 and len(body) <= PACKET_LIMIT:  # a retained message is old: nothing for a door
            self._heard(body[2:end], memoryview(body)[start:])  # the frame is copied nowhere
        if qos:
            await self._send(_packet(_PUBACK, body[end:start]))

    async def _send(self, packet: bytes) -> None:
        async with self._lock:
            self._stream.write(packet)
            await asyncio.wait_for(self._stream.drain(), SILENCE_S)

    async def _receive(self) -> "tuple[int, bytes]":
        """(first byte, body) of the next packet."""
        try:
            return await asyncio.wait_for(self._read_packet(), SILENCE_S)
        except asyncio.TimeoutError:
            raise MqttError(f"the broker said nothing for {SILENCE_S} s") from None
        except EOFError:
            raise MqttError("the broker closed the connection") from None

    async def _read_packet(self) -> "tuple[int, bytes]":
        kind = (await self._stream.readexactly(1))[0]
        size = shift = 0
        while True:
            byte = (await self._stream.readexactly(1))[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
            if shift > 14:
                raise MqttError("malformed length")
        body = await self._stream.readexactly(min(size, PACKET_LIMIT + 1)) if size else b""
        left = size - len(body)
        while left:  # whoever may publish here could otherwise throw the door out
            left -= len(await self._stream.readexactly(min(left, _SKIP)))
        return kind, body

    def _next_id(self) -> bytes:
        self._last_id = self._last_id % 0xFFFF + 1
        return self._last_id.to_bytes(2, "big")
