"""A simulated door on a real broker: what it does when its line takes nothing."""

import asyncio
import secrets
from pathlib import Path

import aiomqtt
import pytest

from tools import processes
from tools.broker import Broker
from tools.door_client import DoorClient
from tools.door_simulator import SimulatedDoor

DEVICE = "02000000000a"


class CountedDoor(SimulatedDoor):
    """Tells when its link stands for the second time."""

    def __init__(self) -> None:
        super().__init__(DEVICE, secrets.token_bytes(32))
        self.connects = 0
        self.connected_again = asyncio.Event()

    def connect(self, now_s: float) -> None:
        self.connects += 1
        if self.connects == 2:
            self.connected_again.set()
        super().connect(now_s)


def test_door_client_whose_publish_is_not_taken_connects_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish, count = aiomqtt.Client.publish, 0

    async def once_not(self: aiomqtt.Client, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        nonlocal count
        count += 1
        if count == 3:  # the second frame of the pump: Hello is out, State is not
            raise aiomqtt.MqttError("Operation timed out")
        await publish(self, topic, payload, qos, retain)

    async def story() -> None:
        broker, door = Broker(tmp_path, "demo"), CountedDoor()
        await broker.add_users({DEVICE: "a password"})
        await broker.start()
        client = DoorClient(door, "demo", ("127.0.0.1", broker.port), "a password", broker.ca_pem)
        running = asyncio.create_task(client.run())
        try:
            async with asyncio.timeout(5):
                await door.connected_again.wait()
        finally:
            await processes.end(running)
            await broker.stop()

    monkeypatch.setattr(aiomqtt.Client, "publish", once_not)
    asyncio.run(story())
