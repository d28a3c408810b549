"""The session on a real Mosquitto: TLS, access rules, a broker that restarts."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiomqtt
import pytest

from controller.bus.tests.real_bus import PASSWORD as CONTROLLER
from controller.bus.tests.real_bus import eventually, on_broker
from controller.bus.tests.test_doors import CARD, signed
from controller.conftest import Middle
from controller.tasks import end
from doorwire import vocabulary as words
from doorwire.messages import Hello
from tools.broker import Broker
from tools.door_client import DoorClient
from tools.door_simulator import SimulatedDoor

PASSWORD = "door password"


async def with_broker(tmp_path: Path, keys: dict[str, bytes], scene: Callable[..., Awaitable[None]]) -> None:
    """Run `scene(broker, middle, door)` with everything connected."""
    broker = Broker(tmp_path / "broker", "demo")
    device, key = next(iter(keys.items()))
    async with on_broker(tmp_path, broker, keys, {device: PASSWORD}) as middle:
        client = DoorClient(SimulatedDoor(device, key), "demo", ("127.0.0.1", broker.port), PASSWORD, broker.ca_pem)
        running = asyncio.ensure_future(client.run())
        try:
            await scene(broker, middle, client.door)
        finally:
            await end([running])


def test_events_lists_and_commands_pass_a_real_broker(tmp_path: Path, keys: dict[str, bytes]) -> None:
    async def scene(broker: Broker, middle: Middle, door: SimulatedDoor) -> None:
        await eventually(lambda: door.clock_offset is not None)
        await middle.lists.apply(signed(1, cards=1000))
        await eventually(lambda: door.list_version == 1)
        assert door.swipe(CARD, time.monotonic()) == words.REASON_LISTED
        await eventually(lambda: not door.journal)
        result = await middle.doors.open("b1-u1", words.REASON_GUARD, "guard")
        assert result.done and result.seconds < 2
        assert door.opened == [words.REASON_LISTED, words.REASON_GUARD]

    asyncio.run(with_broker(tmp_path, keys, scene))


def test_doors_report_anew_after_the_controller_alone_was_away(
    tmp_path: Path, keys: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(broker: Broker, middle: Middle, door: SimulatedDoor) -> None:
        await eventually(lambda: door.clock_offset is not None)
        hellos: list[str] = []
        take = middle.ingest.hello

        def hello(device: str, message: Hello) -> Awaitable[int]:
            hellos.append(device)
            return take(device, message)

        monkeypatch.setattr(middle.ingest, "hello", hello)
        settings = middle.settings.broker
        tls = ssl.create_default_context(cadata=broker.ca_pem.decode())
        name = "menshen-demo-controller"  # the broker ends the session of who has the same
        async with aiomqtt.Client(
            settings.host, settings.port, username="controller", password=CONTROLLER, identifier=name, tls_context=tls
        ):
            pass
        await eventually(lambda: hellos == [door.device.hex()])

    asyncio.run(with_broker(tmp_path, keys, scene))


def test_a_broker_that_restarts_loses_nothing(tmp_path: Path, keys: dict[str, bytes]) -> None:
    async def scene(broker: Broker, middle: Middle, door: SimulatedDoor) -> None:
        await eventually(lambda: door.clock_offset is not None)
        for number in range(200):
            door.record(words.EVENT_DOOR_OPENED, words.REASON_NONE, time.monotonic())
            if number == 50:
                await broker.kill()
            await asyncio.sleep(0.002)
        await broker.start()
        await eventually(lambda: not door.journal, 30)
        stored = await middle.store.journal.after(0, 1000)
        assert [row.event.seq for row in stored] == list(range(1, 201))
        view = middle.doors.view("b1-u1")
        assert view is not None and view.online

    asyncio.run(with_broker(tmp_path, keys, scene))
