"""What people at the page do to doors: carried out, and written down with who and why."""

import logging
from collections.abc import Callable

from controller.events.ports import CommandResult, GateMode, Gates
from controller.store.alerts import AuditRow
from controller.store.errors import StoreBusyError, StoreFullError
from controller.store.store import Store
from doorwire import vocabulary as words

_log = logging.getLogger(__name__)


class GuardActions:
    """A guard's hand on a door."""

    def __init__(self, store: Store, doors: Gates, unix: Callable[[], float]) -> None:
        self._store = store
        self._doors = doors
        self._unix = unix

    async def open(self, door_id: str, who: str, why: str) -> CommandResult:
        """Open a door or gate for the reason `why`. Written down before it is tried, and how it ended."""
        await self._write(AuditRow(self._unix(), who, "open", door_id, why))
        result = await self._doors.open(door_id, words.REASON_GUARD, who)
        ended = "done" if result.done else result.reason
        await self._write(AuditRow(self._unix(), who, "open-ended", door_id, ended))
        return result

    async def switch(self, gate_id: str, mode: GateMode, who: str, why: str) -> CommandResult:
        """Switch a gate for the reason `why`; kept over restarts, written down before it is tried and how it ended."""
        await self._write(AuditRow(self._unix(), who, f"gate-{mode}", gate_id, why))
        try:
            await self._store.gates.put(gate_id, mode)
        except (StoreFullError, StoreBusyError):
            _log.warning("gate %s is %s until the controller restarts: the database takes nothing", gate_id, mode)
        result = await self._doors.switch(gate_id, mode)
        ended = "done" if result.done else result.reason
        await self._write(AuditRow(self._unix(), who, f"gate-{mode}-ended", gate_id, ended))
        return result

    async def _write(self, row: AuditRow) -> None:
        try:
            await self._store.alerts.audit(row)
        except (StoreFullError, StoreBusyError):  # nobody is left before a door because a disk is full
            _log.warning("not in the database: %s did %s to %s (%s)", row.who, row.action, row.subject, row.detail)
