"""The community server, asked for newer lists, on a poll or when the broker announces one, and told events."""

import asyncio
import contextlib
import logging
import sqlite3
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from controller.clock import jittered
from controller.health import Health
from controller.settings import ServerSettings
from controller.store.documents import SignedDocument
from controller.store.errors import StoreError
from controller.store.journal import Journal, StoredEvent
from controller.sync.verify import DownloadError, RefusedDocumentError, SyncError, verify

BODY_LIMIT = 64 * 1024 * 1024  # a document of 100,000 people is below 20 MB
BATCH = 500
UPLOAD_EVERY_S = 2.0
TIMEOUT_S = 20.0

_log = logging.getLogger(__name__)


class ServerClient:
    """`run` polls and uploads until cancelled; `announced` makes it ask at once."""

    def __init__(
        self,
        settings: ServerSettings,
        site: str,
        token: str,
        journal: Journal,
        health: Health,
        apply: Callable[[SignedDocument], Awaitable[None]],
        refused: Callable[[str], Awaitable[None]],
        unix: Callable[[], float],
        in_force: SignedDocument | None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._site = site
        self._journal = journal
        self._health = health
        self._apply = apply
        self._refused = refused
        self._unix = unix
        self._in_force = in_force
        self._said = ""
        self._etag = ""  # of the list in force; a silent server is noticed by the list's own date
        self._wake = asyncio.Event()
        verify_tls: ssl.SSLContext | bool = True
        if settings.ca is not None:
            verify_tls = ssl.create_default_context(cafile=str(settings.ca))
        self._http = httpx.AsyncClient(
            base_url=settings.url.rstrip("/"),
            headers={"authorization": f"Bearer {token}"},
            timeout=TIMEOUT_S,
            verify=verify_tls,
            transport=transport,
            trust_env=False,
        )

    async def run(self) -> None:
        """Poll for lists and upload events until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._poll())
                group.create_task(self._upload())
        finally:
            await self._http.aclose()

    def announced(self, version: int) -> None:
        """The broker said that this version exists."""
        if self._in_force is None or version > self._in_force.document.version:
            self._wake.set()

    async def ask_once(self) -> bool:
        """Ask for the latest list; whether a new one is in force now. SyncError when not because of a fault."""
        body, etag = await self._download()
        if body is None:
            return False
        # Verifying and reading 100,000 rows takes a second: beside the doors, not before them.
        signed = await asyncio.to_thread(
            verify, body, self._settings.key_bytes(), self._site, self._in_force, self._unix()
        )
        if signed is None:
            self._etag = etag
            return False
        await self._apply(signed)
        self._in_force, self._etag = signed, etag
        _log.info("list %d is in force", signed.document.version)
        return True

    async def upload_once(self) -> int:
        """One batch of events to the server; how many it took."""
        events = await self._journal.outbox(BATCH)
        if not events:
            return 0
        rows = [_row(event) for event in events]
        try:
            answer = await self._http.post("/v1/events", json={"site": self._site, "events": rows})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise DownloadError(f"the server does not take events ({_why(error)})") from error
        await self._journal.sent([event.id for event in events])
        return len(events)

    async def _poll(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.ask_once()
                self._said = ""
                self._well("server")
            except RefusedDocumentError as error:
                await self._refuse(str(error))
            except SyncError as error:
                self._unwell("server", str(error))
            except Exception:  # noqa: BLE001 - a list that cannot be put in force must not stop the doors
                _log.exception("a list could not be put in force; it is tried again at the next poll")
            pause_s = jittered(self._settings.poll_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()

    async def _upload(self) -> None:
        pause_s = UPLOAD_EVERY_S
        while True:
            try:
                taken = await self.upload_once()
            except (SyncError, StoreError, sqlite3.Error) as error:
                self._unwell("upload", str(error))
                taken, pause_s = 0, min(pause_s * 2, 60.0)
            else:
                self._well("upload")
                pause_s = UPLOAD_EVERY_S
            if taken < BATCH:
                await asyncio.sleep(jittered(pause_s))

    async def _download(self) -> tuple[bytes | None, str]:
        """(the latest list, its ETag); None when it is the one in force."""
        body = bytearray()
        known = {"if-none-match": self._etag} if self._etag else {}
        try:
            async with self._http.stream("GET", "/v1/lists/latest", headers=known) as answer:
                if answer.status_code == httpx.codes.NOT_MODIFIED:
                    return None, self._etag
                if answer.status_code == httpx.codes.NOT_FOUND:
                    raise DownloadError("the server has published no list yet")
                answer.raise_for_status()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > BODY_LIMIT:
                        raise DownloadError("the server's answer is too long")
        except httpx.HTTPError as error:
            raise DownloadError(f"the server does not answer ({_why(error)})") from error
        return bytes(body), answer.headers.get("etag", "")

    async def _refuse(self, words: str) -> None:
        """Loudly, once for each cause; the list in force stays."""
        self._health.set("server", False, words)
        if words != self._said:
            self._said = words
            _log.error("a list of the server is refused, the one in force stays: %s", words)
            await self._refused(words)

    def _unwell(self, part: str, words: str) -> None:
        if self._health.is_ok(part) is not False:
            _log.warning("%s; lists in force stay, events wait", words)
        self._health.set(part, False, words)

    def _well(self, part: str) -> None:
        if self._health.is_ok(part) is False:
            _log.info("the server is back (%s)", part)
        self._health.set(part, True)


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return str(error) or type(error).__name__


def _row(stored: StoredEvent) -> dict[str, Any]:
    """An event for the server: keyed (device, epoch, seq); no credential, the server knows whose it is by person."""
    event = stored.event
    return {
        "device": event.device,
        "epoch": event.epoch,
        "seq": event.seq,
        "kind": event.kind,
        "reason": event.reason,
        "at_unix": event.at_unix,
        "clock_known": event.clock_known,
        "credential_kind": event.credential_kind,
        "person": event.person,
        "list_version": event.list_version,
        "list_age_s": event.list_age_s,
    }
