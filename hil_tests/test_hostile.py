"""Hostile messages, a million with `--whole`, a hostile broker, a wire that dies: the relay rises as often as it was
rightly asked, no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiomqtt

from tools.bench_hostile import MESSAGES, THROUGH_BROKER, THROUGH_MQTT, storm
from tools.broker import free_port
from tools.hostile_bus import EvilBroker, attack_through_broker
from tools.live_door import LiveDoor, live_door, until

LIMIT_S = 90.0


def play(folder: Path, story: Callable[[LiveDoor], Awaitable[None]], port: int = 0) -> None:
    """On a fresh door and broker, within a time limit."""

    async def whole() -> None:
        async with asyncio.timeout(LIMIT_S), live_door(folder, port) as door:
            await story(door)

    asyncio.run(whole())


def test_hostile_messages_make_no_edge(divisor: int) -> None:
    messages = MESSAGES // divisor
    found = storm(messages, THROUGH_MQTT // divisor)
    assert isinstance(found["messages"], int) and found["messages"] >= messages
    assert (found["unauthorised_edges"], found["missing_edges"], found["not_refused"]) == (0, 0, 0)
    assert (
        found["authorised_edges"] == found["edges"]
        and isinstance(found["edges"], int)
        and found["edges"] > messages // 200
    )
    assert (found["mqtt_crashes"], found["mqtt_retained_heard"], found["clock_errors"]) == (0, 0, 0)
    assert isinstance(found["heap_growth_bytes"], int) and found["heap_growth_bytes"] <= 512
    kinds = found["kinds"]
    assert isinstance(kinds, dict) and len(kinds) >= 17 and min(kinds.values()) > messages // 1_000, kinds


def test_hostile_messages_through_mosquitto_make_no_edge(divisor: int) -> None:
    messages = THROUGH_BROKER // divisor
    siege = asyncio.run(attack_through_broker(messages))
    assert (siege.messages, siege.edges) == (messages, siege.authorised) and siege.authorised > messages // 1_000


def test_a_broker_in_the_attackers_hands_opens_nothing_and_stops_no_resident(tmp_path: Path) -> None:
    async def story(door: LiveDoor) -> None:
        async with door.client("controller") as client:
            await door.board.start()
            await until(lambda: door.hellos > 0)
            for _ in range(3):
                await door.open(client)
        await door.broker.stop()
        evil = EvilBroker(door)
        await evil.start()
        slowest_s = 0.0
        while len(evil.met) < 5:
            slowest_s = max(slowest_s, await door.swipe())
        await evil.stop()
        assert evil.messages > 3_000 and {"flood", "refuse", "babble", "oversize"} >= set(evil.met[:5])
        assert slowest_s < 0.5  # some 30 ms without him; a flood takes its turns, one frame each
        await door.broker.start()
        async with door.client("controller") as client:
            heard = door.hellos
            await until(lambda: door.hellos > heard)
            await door.open(client)
        assert door.edges == door.authorised

    play(tmp_path, story)


def test_a_stranger_under_the_doors_name_does_not_keep_it_away(tmp_path: Path) -> None:
    async def story(door: LiveDoor) -> None:
        async with door.client("controller") as client:
            await door.board.start()
            await until(lambda: door.hellos > 0)
            for _ in range(4):
                heard = door.hellos
                with contextlib.suppress(aiomqtt.MqttError):
                    async with door.client(door.identity.device):
                        await asyncio.sleep(0.05)
                        heard = door.hellos
                        await door.swipe()
                await until(functools.partial(lambda before: door.hellos > before, heard))
            await door.open(client)
            assert door.edges == door.authorised

    play(tmp_path, story)


class Wire:
    """A TCP proxy in front of the broker that can go silent: both ends stay connected and hear nothing."""

    def __init__(self, port: int, target: int) -> None:
        self._port = port
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.connections = 0

    async def start(self) -> asyncio.Server:
        """Listening."""
        return await asyncio.start_server(self._connected, "127.0.0.1", self._port)

    def silence(self) -> None:
        """Nothing passes any more on the connections there are."""
        self._open.clear()

    def renew(self) -> None:
        """What connects from now on is served."""
        self._open = asyncio.Event()
        self._open.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        passes = self._open
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(self._carry(reader, up_writer, passes), self._carry(up_reader, writer, passes))
        except (ConnectionError, asyncio.CancelledError):
            pass  # one end has gone, or the test is over
        finally:
            writer.transport.abort()
            up_writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event) -> None:
        while data := await reader.read(4096):
            await passes.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def stop(self) -> None:
        """All connections gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)


def test_a_connection_that_falls_silent_is_noticed_within_15_s_and_no_badge_waits(tmp_path: Path) -> None:
    port = free_port()

    async def story(door: LiveDoor) -> None:
        wire = Wire(port, door.broker.port)
        server = await wire.start()
        async with server, door.client("controller") as client:
            await door.board.start()
            await until(lambda: door.hellos > 0)
            wire.silence()
            began = time.monotonic()
            slowest_s = 0.0
            while not any("link: lost" in line for line in door.board.console):
                slowest_s = max(slowest_s, await door.swipe())
            noticed_s = time.monotonic() - began
            wire.renew()
            await until(lambda: door.hellos > 1)
            await door.open(client)
            assert noticed_s <= 15 + 1.5 and slowest_s < 0.3  # a swipe and its release lie between two looks
            assert wire.connections >= 2 and door.edges == door.authorised
            await wire.stop()

    play(tmp_path, story, port)
