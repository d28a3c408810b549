"""Door events into the store, each exactly once; the answer says up to which seq the door may forget."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from controller.events.alarm import Alarm
from controller.events.live import Live
from controller.site.tree import Tree
from controller.store.errors import StoreBusyError, StoreFullError
from controller.store.journal import Appended, Journal, NewEvent, StoredEvent
from doorwire import names
from doorwire import vocabulary as words
from doorwire.messages import Event, Hello

T = TypeVar("T")

_log = logging.getLogger(__name__)
ALARMING = {
    words.EVENT_FORCED_OPEN: "door forced open",
    words.EVENT_OPEN_TOO_LONG: "door open too long",
    words.EVENT_TAMPER: "tamper",
    words.EVENT_FIRE: "fire input",
    words.EVENT_FAULT: "fault",
    words.EVENT_READER_ERROR: "a reader does not work as it should",
    words.EVENT_DURESS: "the PIN for duress was entered; the door has opened and shows nothing",
    words.EVENT_AJAR: "door shut, but its bolt is not home",
    words.EVENT_LOCKED_OUT: "too many wrong PINs",
    words.EVENT_READER_LOST: "a reader does not answer",
    words.EVENT_OVERWRITTEN: "{count} old events were given up for newer ones before they could be sent",
    words.EVENT_UPDATE_UNDONE: "a new firmware was given up, the one before runs again",
    words.EVENT_SAFE_MODE: "neither firmware starts: the door opens from its list only",
}
_URGENT = {words.EVENT_DURESS}
_READER_TROUBLE = {words.REASON_POWER, words.REASON_SEAL, words.REASON_WRONG_KEY}  # not a card read badly


@dataclass(frozen=True, slots=True)
class Receipt:
    """`highest_seq` is committed: acknowledge it. `jumped`: the event was ahead of that and is not stored."""

    highest_seq: int
    jumped: bool


class Ingest:
    """Dedupe, store, then ack. The order of calls is the order of storing."""

    def __init__(self, journal: Journal, alarm: Alarm, live: Live, tree: Tree, unix: Callable[[], float]) -> None:
        self._journal = journal
        self._alarm = alarm
        self._live = live
        self._tree = tree
        self._unix = unix
        self._under_way: set[asyncio.Future[Any]] = set()

    def hello(self, device: str, hello: Hello) -> Awaitable[int]:
        """Take note of the door's journal; the highest seq stored (0: none). Seqs that it no longer has raise an alert.

        The note is queued by this call itself, so events handed over after it find it.
        """
        opened = self._journal.open_epoch(device, hello.epoch, hello.first_seq, self._unix())
        return self._keep(asyncio.ensure_future(self._opened(device, hello, opened)))

    async def _opened(self, device: str, hello: Hello, opened: "asyncio.Future[range]") -> int:
        lost = await opened
        if lost:
            text = f"events {lost.start} to {lost.stop - 1} of this door are lost; look at its journal and its flash"
            await self._alarm.raise_alert("gap", "sure", f"{device}:{hello.epoch}", self._place(device), text)
        return await self._journal.highest_seq(device, hello.epoch) or 0

    def event(self, device: str, event: Event, boot_unix: float, done: Callable[[Receipt], None]) -> None:
        """Queue one event; `done` is called after its commit, and not at all when the store could not take it."""
        row = self._row(device, event, boot_unix)
        try:
            future = self._journal.append(row)
        except StoreBusyError:
            return  # the door keeps it and sends it again
        future.add_done_callback(lambda appended: self._appended(row, event, appended, done))
        self._keep(future)

    async def idle(self) -> None:
        """Returns when no event and no alert is on its way to the store."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _appended(
        self, row: NewEvent, event: Event, future: "asyncio.Future[Appended]", done: Callable[[Receipt], None]
    ) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, StoreFullError):
            return  # said once by the database; the door keeps the event
        if error is not None:
            _log.error("an event of %s could not be stored: %s", row.device, error)
            return
        appended = future.result()
        if appended.id is not None:
            self._live.publish("event", event_data(StoredEvent(appended.id, row), self._tree))
            if event.kind in ALARMING and (event.kind != words.EVENT_READER_ERROR or event.reason in _READER_TROUBLE):
                self._alarm_for(row, event)
        done(Receipt(appended.highest_seq, row.seq > appended.highest_seq))

    def _alarm_for(self, row: NewEvent, event: Event) -> None:
        level = "urgent" if event.kind in _URGENT else "sure"
        subject = f"person:{event.person}" if event.kind in _URGENT and event.person else row.device
        text = ALARMING[event.kind].format(count=event.credential)
        if event.reason not in (words.REASON_NONE, words.REASON_DURESS, words.REASON_LOCKED_OUT):
            text += f" ({row.reason})"
        alert = self._alarm.raise_alert(row.kind, level, subject, self._place(row.device), text)
        self._keep(asyncio.ensure_future(alert))

    def _keep(self, future: "asyncio.Future[T]") -> "asyncio.Future[T]":
        """`future`, which `idle` waits for."""
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def _row(self, device: str, event: Event, boot_unix: float) -> NewEvent:
        reckoned = event.at_unix or int(boot_unix + event.at_uptime)
        return NewEvent(
            device,
            event.epoch,
            event.seq,
            names.EVENTS[event.kind],
            names.REASONS[event.reason],
            reckoned,
            event.at_unix != 0,
            self._unix(),
            names.CREDENTIALS[event.credential_kind],
            str(event.credential) if event.credential_kind == words.CREDENTIAL_CARD else "",
            event.person,
            event.list_version,
            event.list_age_s,
        )

    def _place(self, device: str) -> str:
        place = self._tree.by_device.get(device)
        return place.id if place else device


def event_data(stored: StoredEvent, tree: Tree) -> dict[str, Any]:
    """An event for the page: everything but the credential's number."""
    event = stored.event
    place = tree.by_device.get(event.device)
    return {
        "id": stored.id,
        "device": event.device,
        "epoch": event.epoch,
        "seq": event.seq,
        "door": place.id if place else None,
        "door_name": place.name if place else event.device,
        "kind": event.kind,
        "reason": event.reason,
        "at_unix": event.at_unix,
        "clock_known": event.clock_known,
        "credential_kind": event.credential_kind,
        "person": event.person or None,
        "list_version": event.list_version,
    }
