"""A document put in force: stored, compiled for each door, sent to those whose list changed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from controller.access.compile import Current, DoorKey, compile_lists
from controller.access.policy import Policy
from controller.clock import Clock
from controller.events.live import Live
from controller.site.tree import Tree
from controller.store.documents import SignedDocument
from controller.store.doorlists import DoorList
from controller.store.store import Store

_SHOWN = 5

_log = logging.getLogger(__name__)


class Lists:
    """The lists in force. `policy` is always that of the newest document."""

    def __init__(
        self,
        store: Store,
        tree: Tree,
        live: Live,
        clock: Clock,
        desired: Callable[[DoorList], None],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._tree = tree
        self._live = live
        self._clock = clock
        self._desired = desired
        self._changed = changed
        self._keys: list[DoorKey] = []
        self._in_force: SignedDocument | None = None
        self._door_lists: dict[str, DoorList] = {}
        self._one_at_a_time = asyncio.Lock()
        self.policy = Policy(tree, None)

    @property
    def in_force(self) -> SignedDocument | None:
        """The document in force."""
        return self._in_force

    async def start(self) -> None:
        """Load what is in force and compile anew what the site file or the ledger has changed meanwhile."""
        async with self._one_at_a_time:
            devices = await self._store.devices.all()
            self._keys = [
                DoorKey(self._tree.by_device[device.device].id, device.device, device.key)
                for device in devices
                if device.device in self._tree.by_device
            ]
            self._door_lists = await self._store.doorlists.all()
            self._follow(await self._store.documents.in_force())
            for door_list in self._door_lists.values():
                self._desired(door_list)
            await self._compile({})

    async def apply(self, signed: SignedDocument) -> None:
        """Put a verified document in force."""
        async with self._one_at_a_time:
            await self._store.documents.replace(signed, self._clock.unix())
            self._follow(signed)
            await self._compile({})
        self._live.publish("list", {"version": signed.document.version})
        await self._changed()

    async def door_is_ahead(self, device: str, version: int) -> None:
        """The door has a version that is not ours and not below it: give it one above."""
        async with self._one_at_a_time:
            await self._compile({device: Current(version, b"")})

    def _follow(self, signed: SignedDocument | None) -> None:
        self._in_force = signed
        self.policy = Policy(self._tree, signed.document if signed else None)
        if rows := self.policy.repeated:
            shown = ", ".join(map(str, rows[:_SHOWN])) + (" …" if len(rows) > _SHOWN else "")
            _log.warning(
                "%d vehicles of the list have a plate that an earlier one has, and do not count (row %s);"
                " delete one of the two at the community server",
                len(rows),
                shown,
            )

    async def _compile(self, instead: dict[str, Current]) -> None:
        """Compile all doors' lists, or only those in `instead`, against what they should have so far."""
        if self._in_force is None:
            return
        current = {row.device: Current(row.version, row.content_digest) for row in self._door_lists.values()} | instead
        keys = [key for key in self._keys if not instead or key.device in instead]
        compiled = await asyncio.to_thread(compile_lists, self._in_force.document, self._tree, keys, current)
        lists = [DoorList.of(one) for one in compiled]
        if lists:
            await self._store.doorlists.put(lists, self._clock.unix())
        for door_list in lists:
            self._door_lists[door_list.device] = door_list
            self._desired(door_list)
        _log.info("%d of %d doors get a new list", len(lists), len(keys))
