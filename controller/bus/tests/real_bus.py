"""The controller's side of the bus on a real broker; and a door of real firmware for its other end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from controller.bus.session import Handlers, Session
from controller.conftest import DEVICES, HandClock, Middle, write_site
from controller.health import Health
from controller.settings import load
from controller.tasks import end
from tools.broker import Broker
from tools.bundle import build_bundle
from tools.provision import BrokerAddress, new_device, write_image
from tools.virtual_board.board import VirtualBoard

PASSWORD = "a password"


class RealClock(HandClock):
    """The broker's time is real."""

    def unix(self) -> float:
        return time.time()

    def mono(self) -> float:
        return time.monotonic()


async def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Returns when it holds; the wire here is real, and so is its time."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "did not come true"
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def on_broker(
    folder: Path, broker: Broker, keys: dict[str, bytes], passwords: dict[str, str]
) -> AsyncIterator[Middle]:
    """The controller's middle, connected; `passwords` are the doors'."""
    await broker.add_users({"controller": PASSWORD, **passwords})
    await broker.start()
    site = write_site(folder, broker.port)
    (folder / "ca.pem").write_bytes(broker.ca_pem)
    middle = Middle(load(site), RealClock(), keys)
    await middle.start()
    health = Health(middle.live)
    session = Session(middle.settings.broker, "demo", PASSWORD, health)
    middle.send = session.send
    handlers = Handlers(middle.doors.ask_all, middle.doors.on_up, middle.doors.on_link, lambda version: None)
    listening = asyncio.ensure_future(session.run(handlers))
    try:
        await eventually(lambda: bool(health.is_ok("broker")))  # before it listens it would miss a door's Hello
        yield middle
    finally:
        await end([listening])
        await middle.stop()
        await broker.stop()


@contextlib.asynccontextmanager
async def with_board(folder: Path, place: str, **settings: object) -> AsyncIterator[tuple[Middle, VirtualBoard]]:
    """The same, and the board of this place, still without power."""
    broker = Broker(folder / "broker", "demo")
    device = DEVICES[place]
    address = BrokerAddress("127.0.0.1", broker.port, "localhost")
    identity = new_device("demo", address, broker.ca_pem, device=device, settings=settings)
    write_image(folder / "door.flash", identity, build_bundle())
    board = VirtualBoard(folder / "door.flash", folder / "door.log")
    async with on_broker(folder, broker, {device: identity.key}, {device: identity.broker_password}) as middle:
        try:
            yield middle, board
        finally:
            await board.stop()
