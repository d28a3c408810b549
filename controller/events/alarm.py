"""Alerts: stored with their evidence, shown on the page, judged by a guard. None is dropped for a full disk."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import asdict

from controller.events.captures import new_capture_id
from controller.events.live import Live
from controller.store.alerts import Alert, Alerts, AuditRow, Evidence, NewAlert
from controller.store.errors import StoreBusyError, StoreFullError

EVIDENCE_DAYS = 30
WAITING_LIMIT = 1_000
OUTCOMES = ("confirmed", "dismissed")
ENDED = "ended"  # by itself
NOT_NOW = (StoreFullError, StoreBusyError, sqlite3.OperationalError)  # the last: another program writes, say

_log = logging.getLogger(__name__)


class Alarm:
    """Raises and settles alerts."""

    def __init__(self, alerts: Alerts, live: Live, unix: Callable[[], float]) -> None:
        self._alerts = alerts
        self._live = live
        self._unix = unix
        self._waiting: deque[tuple[NewAlert, Evidence | None]] = deque()

    async def raise_alert(
        self, kind: str, level: str, subject: str, place: str, words: str, picture: tuple[str, bytes] | None = None
    ) -> Alert | None:
        """Store and show an alert; `picture` is (camera, JPEG). None: it cannot be stored now and is later."""
        now = self._unix()
        evidence = None
        if picture is not None:
            keep_until = now + EVIDENCE_DAYS * 86_400
            evidence = Evidence(new_capture_id(), picture[0], kind, now, keep_until, picture[1])
        alert = NewAlert(kind, level, subject, place, now, words, None if evidence is None else evidence.id)
        _log.warning("alert %s (%s) at %s: %s", kind, level, place or "the site", words)
        return await self._add(alert, evidence)

    async def store_waiting(self) -> None:
        """Try again with what the store did not take, oldest first."""
        while self._waiting:
            waiting = self._waiting.popleft()
            try:
                stored = await self._alerts.add(*waiting)
            except BaseException as error:
                self._waiting.appendleft(waiting)
                if isinstance(error, NOT_NOW):
                    return
                raise
            self._live.publish("alert", asdict(stored))

    async def judge(self, alert_id: int, outcome: str, who: str) -> Alert | None:
        """A guard's judgement ("confirmed" or "dismissed"); None when there is no such alert."""
        if outcome not in OUTCOMES:
            raise ValueError(outcome)
        now = self._unix()
        alert = await self._alerts.judge(alert_id, outcome, who, now)
        if alert is not None:
            await self._alerts.audit(AuditRow(now, who, f"alert-{outcome}", f"alert:{alert_id}", ""))
            self._live.publish("alert", asdict(alert))
        return alert

    async def end(self, alert_id: int) -> None:
        """What it was raised for is over by itself; a judgement that was made stays."""
        alert = await self._alerts.judge(alert_id, ENDED, "", self._unix())
        if alert is not None:
            self._live.publish("alert", asdict(alert))

    async def _add(self, alert: NewAlert, evidence: Evidence | None) -> Alert | None:
        try:
            stored = await self._alerts.add(alert, evidence)
        except NOT_NOW:
            if len(self._waiting) >= WAITING_LIMIT:
                _log.error("alert %s could not be stored and the waiting room is full", alert.kind)
            else:
                self._waiting.append((alert, evidence))
            self._live.publish("alert", {"id": 0, **asdict(alert)})
            return None
        self._live.publish("alert", asdict(stored))
        return stored
