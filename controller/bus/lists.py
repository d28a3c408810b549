"""Lists on their way to the doors: offered when desired ≠ reported, until the door says that it has them."""

import logging
from collections.abc import Callable

from controller.bus.door import Door
from controller.bus.edges import Edges
from controller.store.errors import StoreError
from doorwire import names
from doorwire import vocabulary as words
from doorwire.messages import ListInstalled, ListProgress, Message

SILENCE_S = 2.0

_log = logging.getLogger(__name__)


class ListDelivery:
    """What is sent to which door, and what its answers lead to. `send(door, messages)` never waits."""

    def __init__(self, edges: Edges, send: Callable[[Door, list[Message]], None]) -> None:
        self._edges = edges
        self._send = send

    def offer(self, door: Door) -> None:
        """Begin to send the desired list, if the door lacks it, can be reached, and is not receiving it already."""
        if door.desired is None or door.list_current or not door.online or not door.greeted:
            return
        if door.transfer is not None and door.transfer.version == door.desired.version:
            return
        door.transfer = door.transfer_to_desired()
        door.transfer_heard_mono = self._edges.clock.mono()
        self._send(door, door.transfer.begin())

    def progress(self, door: Door, message: ListProgress) -> None:
        """The door has so many bytes of it."""
        if door.transfer is not None and door.transfer.version == message.version:
            door.transfer_heard_mono = self._edges.clock.mono()
            self._send(door, door.transfer.progress(message.offset))

    def tick(self, door: Door) -> None:
        """Once or twice a second: go on where a door has gone silent."""
        now = self._edges.clock.mono()
        if door.transfer is not None and now - door.transfer_heard_mono > SILENCE_S:
            door.transfer_heard_mono = now
            self._send(door, door.transfer.again())

    async def hello(self, door: Door, version: int, digest: bytes) -> None:
        """The door says at its Hello which list it has."""
        await self._write_down(door, version, digest)
        await self._check(door)

    async def installed(self, door: Door, message: ListInstalled) -> None:
        """The door has put a list in force, or refused it, or gone back to an older one by itself."""
        transfer = door.transfer
        if transfer is not None and not transfer.committed and message.reason == words.REASON_LIST_DIGEST:
            return  # it answers the Commit of a transfer before this one, said twice
        door.transfer = None
        await self._write_down(door, message.version, message.digest)
        if message.reason in (words.REASON_NONE, words.REASON_LIST_OLDER) or door.list_current:
            sent = f"{transfer.size} bytes from {transfer.base_version or 'nothing'}" if transfer else "it had it"
            _log.info("door %s has list %d (%s)", door.place.id, message.version, sent)
        elif transfer is None or transfer.base_version:
            _log.warning("door %s wants its list whole (%s)", door.place.id, names.REASONS[message.reason])
            door.installed = None
        else:
            reason = names.REASONS[message.reason]
            _log.error("door %s refused its list: %s", door.place.id, reason)
            await self._edges.list_refused(door.place.id, reason)
            return
        await self._check(door)

    async def _check(self, door: Door) -> None:
        desired = door.desired
        if desired is not None and not door.list_current and door.reported_version >= desired.version:
            await self._edges.list_ahead(door.device, door.reported_version)
        else:
            self.offer(door)

    async def _write_down(self, door: Door, version: int, digest: bytes) -> None:
        """For the next start. On a full disk it is not: then a door may get a list whole that a delta would bring."""
        lists, now = self._edges.store.doorlists, self._edges.clock.unix()
        try:
            await lists.report(door.device, version, digest, now, door.known_installed)
        except StoreError as error:
            _log.debug("what list %s has was not written down: %s", door.place.id, error)
