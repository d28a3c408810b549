"""A new firmware for doors: one door first, and only when that one has confirmed it the others, a few at once."""

import asyncio
import logging
from collections.abc import Callable

from controller.bus.door import Door
from controller.bus.edges import Edges
from controller.bus.upload import FAILED, UNDER_WAY, Stage, Upload
from controller.events.ports import DoorUpdate, Firmware, UpdateBusyError, UpdateView
from controller.store.alerts import AuditRow
from controller.store.errors import StoreError
from doorwire.messages import Event, Hello, Message, UpdateStatus

AT_ONCE = 8
FAILURES = 3  # a firmware that so many doors do not take is not for the rest of them

_log = logging.getLogger(__name__)


class Updates:
    """Implements `events.ports.Updates`.

    A rollout lives in memory: after a restart of the controller it is begun again, and doors that have the firmware are
    passed over. A door proves its firmware without us.
    """

    def __init__(
        self,
        edges: Edges,
        find: Callable[[str], Door | None],
        send: Callable[[Door, list[Message]], None],
        show: Callable[[Door], None],
    ) -> None:
        self._edges = edges
        self._find = find  # by the door's id
        self._send = send
        self._show = show
        self._firmware: Firmware | None = None
        self._who = ""
        self._uploads: dict[str, Upload] = {}  # by the door's id
        self._told: dict[str, Stage] = {}
        self._audits: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        """Some door's end is not known yet."""
        return any(one.stage in UNDER_WAY for one in self._uploads.values())

    def stage(self, door_id: str) -> str:
        """Where this door's upload stands; "" when it is in no rollout."""
        upload = self._uploads.get(door_id)
        return upload.stage if upload else ""

    def view(self) -> UpdateView | None:
        """See `events.ports.Updates`."""
        if self._firmware is None:
            return None
        rows = [DoorUpdate(door, one.stage, one.reason, one.sent_part) for door, one in self._uploads.items()]
        return UpdateView(self._firmware.version, self._firmware.rollback, self.running, tuple(rows))

    def start(self, firmware: Firmware, door_ids: list[str], who: str) -> None:
        """See `events.ports.Updates`."""
        if self.running:
            raise UpdateBusyError
        self._uploads = {door: Upload(firmware) for door in door_ids}
        self._firmware, self._who, self._told = firmware, who, {}
        _log.info("firmware %s goes to %d doors for %s", firmware.version, len(self._uploads), who)
        self._audit("update", "site", f"firmware {firmware.version} to {len(self._uploads)} doors")
        self.tick()

    async def close(self) -> None:
        """Returns when what happened is written down."""
        if self._audits:
            await asyncio.wait(self._audits)

    def hear(self, door: Door, message: Message) -> None:
        """What a door says, if it concerns an upload."""
        upload = self._uploads.get(door.place.id)
        if upload is None or upload.stage not in UNDER_WAY - {Stage.WAITING}:
            return
        now = self._edges.clock.mono()
        if isinstance(message, UpdateStatus):
            self._say(door, upload.status(message, now))
        elif isinstance(message, Hello):
            self._say(door, upload.hello(message, door.guard.boot_id, now))
        elif isinstance(message, Event):
            upload.event(message)

    def tick(self) -> None:
        """Once or twice a second: those that are silent, the next doors, and what has ended."""
        for door_id, upload in self._uploads.items():
            door = self._find(door_id)
            if door is not None:
                self._say(door, upload.tick(self._edges.clock.mono()))
        self._go_on()
        self._tell()

    def _tell(self) -> None:
        """Every stage to the page, every end to the log and the audit."""
        for door_id, upload in self._uploads.items():
            if upload.stage == self._told.get(door_id):
                continue
            self._told[door_id] = upload.stage
            if (door := self._find(door_id)) is not None:
                self._show(door)
            if upload.stage not in UNDER_WAY:
                _log.info("firmware of %s: %s %s", door_id, upload.stage, upload.reason)
                self._audit("update-ended", door_id, f"{upload.stage} {upload.reason}".strip())

    def _go_on(self) -> None:
        """Who may begin now: one alone until it has confirmed; nobody any more when that fails, or several undo it."""
        stages = [one.stage for one in self._uploads.values()]
        under_way = sum(stage in UNDER_WAY and stage != Stage.WAITING for stage in stages)
        proven = Stage.CONFIRMED in stages
        failures = sum(stage in FAILED for stage in stages)
        free = (AT_ONCE if proven else 1) - under_way
        for door_id, upload in self._uploads.items():
            if upload.stage != Stage.WAITING:
                continue
            if failures >= (FAILURES if proven else 1):
                upload.end(Stage.NOT_TRIED)
            elif free > 0:
                free -= self._begin(self._find(door_id), upload)

    def _begin(self, door: Door | None, upload: Upload) -> bool:
        """Whether it is under way now."""
        assert self._firmware is not None
        if door is None or not door.online or not door.greeted:
            upload.end(Stage.UNREACHABLE)
        elif door.firmware == self._firmware.version:
            upload.end(Stage.ALREADY)
        else:
            self._say(door, upload.start(door.guard.boot_id, door.journalled, self._edges.clock.mono()))
            return True
        return False

    def _say(self, door: Door, messages: list[Message]) -> None:
        if messages:
            self._send(door, messages)

    def _audit(self, action: str, subject: str, detail: str) -> None:
        row = AuditRow(self._edges.clock.unix(), self._who, action, subject, detail)
        task = asyncio.ensure_future(self._write(row))
        self._audits.add(task)
        task.add_done_callback(self._audits.discard)

    async def _write(self, row: AuditRow) -> None:
        try:
            await self._edges.store.alerts.audit(row)
        except StoreError:
            _log.warning("not in the database: %s did %s to %s (%s)", row.who, row.action, row.subject, row.detail)
