"""A door of real firmware on a bus that belongs to an attacker: Mosquitto with his password, or a broker of his own.

`attack_through_broker` is the siege that the bench counts. The attacker has the controller's broker password, sees and
may hold back every frame, and has no door's key.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from tools.live_door import AT_ONCE, LiveDoor, live_door, until

_HONEST_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Siege:
    """`edges`: how often the relay rose; `authorised`: how often a fresh sealed command or a listed card asked."""

    messages: int
    authorised: int
    edges: int
    took_s: float


async def attack_through_broker(count: int, seed: int = 1) -> Siege:
    """`count` hostile messages through Mosquitto, a genuine open after every thousand, a power cut at the end."""
    chance = random.Random(seed)  # noqa: S311 (an attack that can be repeated)
    with tempfile.TemporaryDirectory() as folder:
        async with live_door(Path(folder)) as door, door.client("controller") as client:
            await door.board.start()
            await until(lambda: door.hellos > 0)
            began = time.monotonic()
            for done in range(0, count, _HONEST_EVERY):
                last = await door.open(client)  # in order: all that was sent before has arrived
                await until(lambda: not door.board.level("relay"))  # what opens it again makes an edge
                await _barrage(door, client, chance, min(_HONEST_EVERY, count - done))
            await door.open(client)
            took_s = time.monotonic() - began
            await client.publish(f"{door.topic}/down", last, qos=1, retain=True)
            edges = door.edges
            await door.board.cut_power()
            await door.board.start()  # forgets the edges of the boot before
            await until(lambda: door.hellos > 1)
            await door.open(client)
            return Siege(count, door.authorised, edges + door.edges, took_s)


async def _barrage(door: LiveDoor, client: aiomqtt.Client, chance: random.Random, count: int) -> None:
    """So many hostile messages to the door's own topic, some of them retained."""
    for done in range(0, count, AT_ONCE):
        mail = [hostile(door.captured, chance) for _ in range(min(AT_ONCE, count - done))]
        await asyncio.gather(
            *[client.publish(f"{door.topic}/down", data, qos=1, retain=chance.random() < 0.1) for data in mail]
        )


def hostile(captured: list[bytes], chance: random.Random) -> bytes:
    """A genuine frame again, or made into something else."""
    data = bytearray(chance.choice(captured[-200:]))
    kind = chance.randrange(6)
    if kind == 1:
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        del data[chance.randrange(len(data)) :]
    elif kind == 3:
        data += data[: chance.randint(1, 64)] * chance.randint(1, 40)
    elif kind == 4:
        data[12:20] = chance.randbytes(4) + b"\xff\xff\xff\x7f"  # another counter, and a life that does not end
    elif kind == 5:
        other = chance.choice(captured[-200:])
        data[20:] = other[20:] if other[20:] != bytes(data[20:]) else b""
    return bytes(data)


class EvilBroker:
    """A broker of the attacker's own, with the community's certificate; each guest meets the next of his manners."""

    def __init__(self, door: LiveDoor, seed: int = 1) -> None:
        self._door = door
        self._chance = random.Random(seed)  # noqa: S311 (an attack that can be repeated)
        self._server: asyncio.Server | None = None
        self._guests: set[asyncio.Task[None]] = set()
        self.met: list[str] = []
        self.messages = 0

    async def start(self) -> None:
        """In the place of the real one, which has stopped."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = self._door.broker.folder
        context.load_cert_chain(folder / "broker.pem", folder / "broker.key")
        self._server = await asyncio.start_server(self._guest, "127.0.0.1", self._door.broker.port, ssl=context)

    async def stop(self) -> None:
        """He is gone, in the middle of a word."""
        assert self._server is not None
        self._server.close()
        for guest in self._guests:
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)

    async def _guest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)
        manners = (self._flood, self._refuse, self._babble, self._flood, self._oversize, self._vanish)
        manner = manners[len(self.met) % len(manners)]
        self.met.append(manner.__name__.strip("_"))
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(2)
            await manner(reader, writer)
        writer.transport.abort()

    async def _flood(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Logs it in, sends hostile frames as fast as they go, and never reads an answer."""
        writer.write(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01")
        for _ in range(3_000):
            payload = hostile(self._door.captured, self._chance)
            flags = self._chance.choice((0, 1, 2, 3, 10))
            body = b"\x00\x01t" + (b"\x00\x07" if flags & 2 else b"") + payload
            if len(body) <= 1_400:
                writer.write(bytes([0x30 | flags]) + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body)
                self.messages += 1
            await writer.drain()

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Not this door."""
        writer.write(b"\x20\x02\x00\x05")
        await writer.drain()

    async def _babble(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes that are no MQTT."""
        writer.write(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01" + self._chance.randbytes(4_000))
        await writer.drain()

    async def _oversize(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A packet of 2 MB announced."""
        writer.write(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01" + b"\x30\xff\xff\x7f" + bytes(100_000))
        await writer.drain()

    async def _vanish(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Says nothing at all, for longer than the door waits."""
        await asyncio.sleep(30)
