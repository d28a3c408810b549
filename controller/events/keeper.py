"""Which captures are kept for longer than a minute: those that the site's written statement names, and no other."""

import asyncio
import hashlib
import logging
from collections.abc import Callable

from controller.events.captures import Capture
from controller.settings import CapturesSettings
from controller.store.alerts import AuditRow
from controller.store.errors import StoreError
from controller.store.kept import KeptCapture
from controller.store.store import Store

PENDING = 32  # not yet written; beyond it a capture is not kept
OFF = "none"
_DAY_S = 86_400

_log = logging.getLogger(__name__)


def statement_digest(settings: CapturesSettings | None) -> str:
    """What tells one statement from another: a word changed, a camera more, and it is a new one."""
    if settings is None:
        return OFF
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:12]


class Keeper:
    """`offer` it every capture. `consent`: the version of the consent text that tells residents of the statement."""

    def __init__(
        self, settings: CapturesSettings | None, consent: str, store: Store, unix: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._statement = statement_digest(settings)
        self._consent = consent
        self._store = store
        self._unix = unix
        self._writing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Write a new statement down, and destroy what was kept under another one."""
        gone = await self._store.kept.drop_other(self._statement)
        subject = f"captures:{self._statement}"
        if gone or (self._settings is not None and not await self._store.alerts.audited(1, subject)):
            words = self._settings.in_words() if self._settings else "no captures are kept"
            row = AuditRow(self._unix(), "site file", "captures-statement", subject, f"{words}; destroyed: {gone}")
            await self._store.alerts.audit(row)

    def offer(self, capture: Capture, jpeg: bytes) -> None:
        """Keep it if the statement says so, and, of a resident, the consent too."""
        settings = self._settings
        if settings is None or capture.camera not in settings.cameras:
            return
        if capture.kind != "resident" and not (capture.kind == "stranger" and settings.strangers):
            return
        if len(self._writing) >= PENDING:
            _log.warning("captures come faster than they are written; one is not kept")
            return
        task = asyncio.get_running_loop().create_task(self._keep(capture, jpeg, settings.retention_days))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def drop_due(self) -> None:
        """Destroy what has been kept for long enough."""
        await self._store.kept.drop_due(self._unix())

    async def idle(self) -> None:
        """Returns when everything is written."""
        while self._writing:
            await asyncio.wait(self._writing)

    async def _keep(self, capture: Capture, jpeg: bytes, days: int) -> None:
        until = capture.at_unix + days * _DAY_S
        kept = KeptCapture(
            capture.id, capture.camera, capture.kind, capture.at_unix, capture.outcome, capture.person, until
        )
        try:
            await self._store.kept.keep(kept, jpeg, self._statement, self._consent)
        except StoreError as error:
            _log.warning("a capture was not kept: %s", error)
