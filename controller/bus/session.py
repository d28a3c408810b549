"""The session with the broker: TLS with the community's CA only, subscribed anew after every connection.

Nothing is kept for a broker that is away: doors send again until they are answered, commands are void after seconds.
"""

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import aiomqtt

from controller.clock import jittered
from controller.health import Health
from controller.settings import BrokerSettings, SettingsError

INCOMING_LIMIT = 20_000  # beyond it frames are dropped; doors send them again
OUTGOING_LIMIT = 20_000
INFLIGHT = 1_000  # one frame for each of 184 doors at once, and room
KEEPALIVE_S = 10
RETRY_S = (0.2, 2.0)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who hears what; `here`: after each connection. None of them may wait."""

    here: Callable[[], None]
    up: Callable[[str, bytes], None]
    link: Callable[[str, str, bool], None]
    version: Callable[[int], None]


class Session:
    """`run` until cancelled; `send` while connected."""

    def __init__(self, broker: BrokerSettings, site: str, password: str, health: Health) -> None:
        self._broker = broker
        self._base = f"menshen/{site}/"
        self._site = site
        self._password = password
        self._tls = _tls(broker)
        self._health = health
        self._client: aiomqtt.Client | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self, handlers: Handlers) -> None:
        """Connect, listen, and again after every loss, with a growing, jittered pause."""
        logging.getLogger("mqtt").setLevel(
            logging.ERROR
        )  # aiomqtt warns above ten frames in flight, which is our normal
        pause_s = RETRY_S[0]
        while True:
            try:
                await self._once(handlers)
            except (aiomqtt.MqttError, OSError) as error:
                if self._client is not None:
                    pause_s = RETRY_S[0]
                self._lost(error)
            await asyncio.sleep(jittered(pause_s, 0.5))
            pause_s = min(pause_s * 2, RETRY_S[1])

    def send(self, device: str, payload: bytes) -> None:
        """One frame to a door: QoS 1, never retained. Nothing happens while the broker is away."""
        client = self._client
        if client is None or len(self._sending) >= OUTGOING_LIMIT:
            return
        task = asyncio.get_running_loop().create_task(self._publish(client, device, payload))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _publish(self, client: aiomqtt.Client, device: str, payload: bytes) -> None:
        try:
            await client.publish(f"{self._base}door/{device}/down", payload, qos=1, retain=False)
        except aiomqtt.MqttError as error:
            _log.debug("a frame to %s was not taken by the broker: %s", device, error)

    async def _once(self, handlers: Handlers) -> None:
        async with aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._password,
            identifier=f"menshen-{self._site}-controller",
            clean_session=True,
            tls_context=self._tls,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=INCOMING_LIMIT,
            max_inflight_messages=INFLIGHT,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # else each frame waits 40 ms for an ACK
        ) as client:
            topics = [(self._base + topic, 1) for topic in ("door/+/up", "door/+/link", "server/version")]
            await client.subscribe(topics)
            self._client = client
            if not self._health.is_ok("broker"):
                _log.info("the broker is here")
            self._health.set("broker", True)
            handlers.here()
            async for message in client.messages:
                try:
                    self._hand_over(str(message.topic), bytes(message.payload), bool(message.retain), handlers)
                except Exception:  # noqa: BLE001 - what one door sends must not end the service of all
                    _log.exception("a message on %s could not be dealt with", message.topic)

    def _hand_over(self, topic: str, payload: bytes, retained: bool, handlers: Handlers) -> None:
        parts = topic.removeprefix(self._base).split("/")
        if parts == ["server", "version"]:
            version = _announced(payload)
            if version is not None:
                handlers.version(version)
        elif len(parts) == 3 and parts[0] == "door" and parts[2] == "up" and not retained:
            handlers.up(parts[1], payload)
        elif len(parts) == 3 and parts[0] == "door" and parts[2] == "link":
            handlers.link(parts[1], payload.decode("ascii", "replace"), retained)

    def _lost(self, error: Exception) -> None:
        self._client = None
        if self._health.is_ok("broker") is not False:
            _log.warning("the broker is away (%s); doors go on deciding by themselves", error)
        self._health.set("broker", False, f"the broker does not answer ({error}); start it or mend the network")


def _tls(broker: BrokerSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(broker.ca))
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(f"[broker] ca: {broker.ca} holds no certificate; put the community's CA there") from error


def _announced(payload: bytes) -> int | None:
    try:
        version = json.loads(payload)["version"]
    except (ValueError, TypeError, KeyError):
        return None
    return version if isinstance(version, int) else None
