"""A simulated door on a real broker: MQTT 3.1.1 over TLS, as the firmware's own link does it."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable

import aiomqtt

from tools import processes
from tools.door_simulator import SimulatedDoor


class DoorClient:
    """A simulated door on a real broker. `run` until cancelled."""

    def __init__(
        self,
        door: SimulatedDoor,
        site: str,
        address: tuple[str, int],
        password: str,
        ca_pem: bytes,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.door = door
        self._base = f"menshen/{site}/door/{door.device.hex()}/"
        self._address = address
        self._password = password
        self._tls = ssl.create_default_context(cadata=ca_pem.decode("ascii"))
        self._now_s = now_s

    async def run(self) -> None:
        """Connect, and again half a second after each loss."""
        while True:
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                await self._once()
            await asyncio.sleep(0.5)

    async def _once(self) -> None:
        name = self.door.device.hex()
        async with aiomqtt.Client(
            *self._address,
            username=name,
            password=self._password,
            identifier=name,
            tls_context=self._tls,
            keepalive=10,
            timeout=2,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            will=aiomqtt.Will(self._base + "link", b"lost", 1, True),
        ) as client:
            await client.subscribe(self._base + "down", 1)
            await client.publish(self._base + "link", b"here", 1, True)
            self.door.connect(self._now_s())
            ways = asyncio.create_task(self._hear(client)), asyncio.create_task(self._pump(client))
            try:
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in done:
                    way.result()
            finally:
                await processes.end(*ways)

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                self.door.receive(message.payload, self._now_s())
                await self._flush(client)

    async def _pump(self, client: aiomqtt.Client) -> None:
        while True:
            self.door.pump(self._now_s())
            await self._flush(client)
            await asyncio.sleep(0.02)

    async def _flush(self, client: aiomqtt.Client) -> None:
        while self.door.outgoing:
            await client.publish(self._base + "up", self.door.outgoing.pop(0), 1)
