"""The MQTT session's bytes, and what it refuses."""

import asyncio

from device.mqtt import PACKET_LIMIT, MqttError, Session

CONNACK = b"\x20\x02\x00\x00"


class Wire:
    """A stream whose other end is a script: what comes in is given, what goes out is kept."""

    def __init__(self, incoming: bytes) -> None:
        self.incoming = incoming
        self.out = b""
        self.closed = False

    async def readexactly(self, size: int) -> bytes:
        """EOFError at the script's end."""
        data, self.incoming = self.incoming[:size], self.incoming[size:]
        if len(data) < size:
            raise EOFError
        return data

    def write(self, data: bytes) -> None:
        """Kept."""
        self.out += data

    async def drain(self) -> None:
        """At once."""

    def close(self) -> None:
        """Noted."""
        self.closed = True


def run(incoming: bytes, story: str) -> "tuple[Wire, list[tuple[bytes, bytes]], str]":
    """(wire, what was heard, the error that ended it) of one session."""
    wire = Wire(incoming)
    heard: list[tuple[bytes, bytes]] = []
    session = Session(wire, lambda topic, payload: heard.append((topic, payload)))

    async def play() -> None:
        if "connect" in story:
            await session.connect("d", "u", b"p", "w", b"lost")
        if "subscribe" in story:
            await session.subscribe("t/down")
        if "publish" in story:
            await session.publish("t/up", b"x" * 200)
            await session.publish("t/link", b"here", retain=True)
        if "run" in story:
            await session.run()

    error = ""
    try:
        asyncio.run(play())
    except MqttError as refused:
        error = str(refused)
    return wire, heard, error


def test_connect_has_will_password_and_keepalive() -> None:
    wire, _, error = run(CONNACK, "connect")
    assert not error
    assert wire.out == (b"\x10\x1c\x00\x04MQTT\x04\xee\x00\x0a\x00\x01d\x00\x01w\x00\x04lost\x00\x01u\x00\x01p")


def test_connect_refused_says_why() -> None:
    assert "user name or password" in run(b"\x20\x02\x00\x04", "connect")[2]
    assert "no MQTT" in run(b"\x30\x02\x00\x00", "connect")[2]
    assert "closed" in run(b"", "connect")[2]


def test_subscribe_is_at_qos_1_and_a_refusal_is_told() -> None:
    wire, _, error = run(b"\x90\x03\x00\x01\x01", "subscribe")
    assert wire.out == b"\x82\x0b\x00\x01\x00\x06t/down\x01" and not error
    assert "ACL" in run(b"\x90\x03\x00\x01\x80", "subscribe")[2]


def test_subscribe_takes_what_comes_before_its_answer() -> None:
    early = b"\x32\x0a\x00\x03t/d\x00\x07abc" + b"\x31\x06\x00\x03t/dq"
    wire, heard, error = run(early + b"\x90\x03\x00\x01\x01", "subscribe")
    assert heard == [(b"t/d", b"abc")] and wire.out.endswith(b"\x40\x02\x00\x07") and not error


def test_publish_is_at_qos_1_with_long_lengths_and_its_own_id() -> None:
    wire, _, _ = run(b"", "publish")
    assert wire.out == b"\x32\xd0\x01\x00\x04t/up\x00\x01" + b"x" * 200 + b"\x33\x0e\x00\x06t/link\x00\x02here"


def test_run_hears_and_acknowledges() -> None:
    wire, heard, error = run(b"\x32\x0a\x00\x03t/d\x00\x07abc" + b"\x30\x06\x00\x03t/dq" + b"\xd0\x00", "run")
    assert heard == [(b"t/d", b"abc"), (b"t/d", b"q")]
    assert wire.out == b"\x40\x02\x00\x07" and "closed" in error


def test_run_does_not_hear_what_was_retained() -> None:
    wire, heard, _ = run(b"\x33\x0a\x00\x03t/d\x00\x07abc", "run")
    assert heard == [] and wire.out == b"\x40\x02\x00\x07"


def test_run_skips_a_packet_too_long_and_acknowledges_it() -> None:
    for size in (PACKET_LIMIT + 1, PACKET_LIMIT + 300, 100_000):
        long = b"\x32" + bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14]) + b"\x00\x01t\x00\x09"
        wire, heard, error = run(long + bytes(size - 5) + b"\x30\x04\x00\x01tx", "run")
        assert heard == [(b"t", b"x")] and wire.out == b"\x40\x02\x00\x09" and "closed" in error, size


def test_run_ends_at_a_malformed_packet() -> None:
    assert "length" in run(b"\x30\xff\xff\xff\xff\x7f", "run")[2]
    for packet in (b"\x32\x02\x00\x09", b"\x32\x01\x00", b"\x36\x05\x00\x01t\x00\x07", b"\x30\x00"):
        _, heard, error = run(packet, "run")
        assert error and heard == []
    assert "out of turn" in run(b"\x20\x02\x00\x00", "run")[2]
