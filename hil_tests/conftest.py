"""One broker, one door with its role's settings, one desk: everything real, made anew for each test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hil_tests.bench import load_bench
from hil_tests.desk import Desk
from tools.broker import Broker
from tools.bundle import build_bundle
from tools.provision import BrokerAddress, Identity, new_device, write_image
from tools.virtual_board.board import WATCHDOG_S, VirtualBoard

LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Station:
    """What a test has on its desk."""

    broker: Broker
    identity: Identity
    door: VirtualBoard
    desk: Desk

    def relay_rises(self) -> int:
        """How often the relay was energised since power on."""
        return sum(edge.pin == "relay" and edge.level for edge in self.door.edges)


@asynccontextmanager
async def station(folder: Path, watchdog_s: float = WATCHDOG_S) -> AsyncIterator[Station]:
    """A broker that runs and a door that is provisioned but has no power yet."""
    bench = load_bench()
    broker = Broker(folder / "broker", bench.site)
    address = BrokerAddress("127.0.0.1", broker.port, "localhost")
    settings = {"release_s": bench.roles["door"].release_s}
    identity = new_device(bench.site, address, broker.ca_pem, settings=settings)
    write_image(folder / "door.flash", identity, build_bundle())
    password = secrets.token_urlsafe(16)
    await broker.add_users({"controller": password, identity.device: identity.broker_password})
    await broker.start()
    door = VirtualBoard(folder / "door.flash", folder / "door.log", watchdog_s=watchdog_s)
    try:
        async with Desk(broker, identity, password, folder) as desk:
            yield Station(broker, identity, door, desk)
    finally:
        await door.stop()
        await broker.stop()


Play = Callable[[Callable[[Station], Awaitable[None]]], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Run an async test on a fresh station, within a time limit."""

    async def on_station(test: Callable[[Station], Awaitable[None]]) -> None:
        async with asyncio.timeout(LIMIT_S), station(tmp_path) as here:
            await test(here)

    def run(test: Callable[[Station], Awaitable[None]]) -> None:
        work: Coroutine[Any, Any, None] = on_station(test)
        asyncio.run(work)

    return run
