"""What people at the page do to doors: carried out, and written down with who and why."""

from collections.abc import Callable

from controller.events.ports import CommandResult, Doors
from controller.store.alerts import AuditRow
from controller.store.store import Store
from doorwire import vocabulary as words


class GuardActions:
    """A guard's hand on a door."""

    def __init__(self, store: Store, doors: Doors, unix: Callable[[], float]) -> None:
        self._store = store
        self._doors = doors
        self._unix = unix

    async def open(self, door_id: str, who: str, why: str) -> CommandResult:
        """Open a door or gate for the reason `why`. Written down before it is tried, and how it ended."""
        await self._store.alerts.audit(AuditRow(self._unix(), who, "open", door_id, why))
        result = await self._doors.open(door_id, words.REASON_GUARD, who)
        ended = "done" if result.done else result.reason
        await self._store.alerts.audit(AuditRow(self._unix(), who, "open-ended", door_id, ended))
        return result
