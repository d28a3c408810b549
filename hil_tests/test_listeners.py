"""What a test listens with: a frame that it cannot read is said at once, not found out by waiting in vain."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiomqtt
import pytest

from doorwire.errors import WireError
from doorwire.messages import Hello
from hil_tests.conftest import station
from tools.broker import Broker
from tools.live_door import live_door, until
from tools.provision import Identity


async def babble(broker: Broker, identity: Identity) -> None:
    """As the door: what is no frame."""
    async with aiomqtt.Client(
        "localhost",
        broker.port,
        username=identity.device,
        password=identity.broker_password,
        tls_context=ssl.create_default_context(cadata=broker.ca_pem.decode()),
    ) as client:
        await client.publish(f"menshen/{broker.site}/door/{identity.device}/up", b"no frame", qos=1)


def test_desk_that_cannot_read_a_frame_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(20), station(tmp_path) as here:
            await babble(here.broker, here.identity)
            with pytest.raises(WireError):
                await here.desk.hear(Hello, timeout_s=5)

    asyncio.run(story())


def test_live_door_that_cannot_read_a_frame_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(20), live_door(tmp_path) as door, door.client("controller"):
            await babble(door.broker, door.identity)
            await until(lambda: door.hellos > 0, 0.5)

    with pytest.raises(WireError):
        asyncio.run(story())
