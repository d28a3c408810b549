"""Tells the broker that a list exists: `menshen/<site>/server/version`, retained, QoS 1."""

import asyncio
import json
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

_RETRY_S = 2.0
_WAIT_S = 3.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is, whom to trust, and the server's password there (user `server`)."""

    host: str
    port: int
    ca: Path
    password: str


class Announcer:
    """A standing session: an announcement takes one round trip. After every connection the newest goes again."""

    def __init__(self, broker: BrokerAddress, site: str) -> None:
        self._broker = broker
        self._topic = f"menshen/{site}/server/version"
        self._identifier = f"menshen-{site}-server"
        self._client: aiomqtt.Client | None = None
        self._here = asyncio.Event()
        self._newest = 0
        self.why = "not connected to the broker yet"

    @property
    def connected(self) -> bool:
        """The session stands."""
        return self._client is not None

    async def run(self, newest: int) -> None:
        """Hold the session until cancelled; `newest` is the version to say first (0: none)."""
        self._newest = max(self._newest, newest)
        while True:
            try:
                await self._once()
            except (aiomqtt.MqttError, OSError) as error:
                if self._client is not None or not self.why.startswith("the broker"):
                    _log.warning("the broker is away (%s); sites poll", error)
                self._client = None
                self._here.clear()
                self.why = f"the broker does not answer ({error}); it is told when it is back, and sites poll"
            await asyncio.sleep(_RETRY_S)

    async def announce(self, version: int) -> bool:
        """Whether the broker has taken it. If not, it is told after the next connection; `why` says what is wrong."""
        self._newest = max(self._newest, version)
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._here.wait()
                if self._client is None:
                    return False
                await self._say(self._client, version)
        except (TimeoutError, aiomqtt.MqttError):
            return False
        return True

    async def _once(self) -> None:
        context = ssl.create_default_context(cafile=str(self._broker.ca))
        async with aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username="server",
            password=self._broker.password,
            identifier=self._identifier,
            tls_context=context,
            keepalive=10,
        ) as client:
            if self._newest:
                await self._say(client, self._newest)
            self._client, self.why = client, ""
            self._here.set()
            _log.info("the broker is here")
            async for _ in client.messages:
                pass  # nothing is subscribed; this ends when the connection does

    async def _say(self, client: aiomqtt.Client, version: int) -> None:
        await client.publish(self._topic, json.dumps({"version": version}), qos=1, retain=True)
