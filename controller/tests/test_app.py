"""The whole controller in one process, without a broker: what its parts do for each other from start to end."""

import asyncio
import base64
import contextlib
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller.app import App
from controller.conftest import DEVICES, write_ledger, write_site
from controller.settings import SettingsError, load
from controller.store.alerts import Alert, Evidence, NewAlert
from controller.store.database import _Ticket
from controller.store.errors import StoreBusyError, StoreFullError
from controller.sync.tests.test_sync import NOW, checked, payload
from controller.tests.test_main import free_port
from doorwire import vocabulary as words
from doorwire.messages import Event

DOOR = DEVICES["b1-u1"]


def play(folder: Path, scene: Callable[[App], Awaitable[None]]) -> None:
    """`scene` beside a controller of the site in `folder`, from its start to its end."""
    site = write_site(folder, broker_port=free_port(), console_port=free_port())

    async def run() -> None:
        async with asyncio.timeout(30), App(load(site)) as app:
            await scene(app)

    asyncio.run(run())


def test_a_board_flashed_after_a_start_without_a_ledger_gets_its_list(tmp_path: Path) -> None:
    async def scene(app: App) -> None:
        signed = checked(payload(1))
        assert signed is not None
        await app.lists.apply(signed)
        write_ledger(tmp_path, {DOOR: bytes(32)})
        await app._read_ledger()
        assert DOOR in await app.store.doorlists.all()

    play(tmp_path, scene)


def test_a_ledger_that_a_full_disk_did_not_let_in_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(app: App) -> None:
        write_ledger(tmp_path, {DOOR: bytes(32)})
        with monkeypatch.context() as full:

            async def epochs() -> dict[str, set[int]]:
                raise StoreFullError("the disk is full")

            full.setattr(app.store.journal, "epochs", epochs)
            with pytest.raises(StoreFullError):
                await app._read_ledger()
        await app._read_ledger()
        assert "b1-u1" not in app.doors.without_key()

    play(tmp_path, scene)


def test_the_alert_of_an_event_that_is_being_stored_at_the_end_is_stored_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(app: App) -> None:
        await app.store.journal.open_epoch(DOOR, 1, 1, 0.0)
        forced = Event(
            epoch=1,
            seq=1,
            kind=words.EVENT_FORCED_OPEN,
            reason=words.REASON_NONE,
            at_unix=NOW,
            at_uptime=1,
            credential_kind=words.CREDENTIAL_NONE,
            credential=0,
            person=0,
            list_version=1,
            list_age_s=0,
        )
        commit = app.store.database._commit

        def slowly(group: list[_Ticket]) -> None:
            time.sleep(0.3)  # the card is busy
            commit(group)

        monkeypatch.setattr(app.store.database, "_commit", slowly)
        app.ingest.event(DOOR, forced, 0.0, lambda receipt: None)

    play(tmp_path, scene)
    with contextlib.closing(sqlite3.connect(tmp_path / "controller.db")) as database:
        assert [tuple(row) for row in database.execute("SELECT kind FROM alerts")] == [("DoorForcedOpen",)]


@pytest.mark.parametrize("secret", ["broker.password", "server.token"])
def test_a_start_that_fails_leaves_no_task_no_lock_and_no_port(tmp_path: Path, secret: str) -> None:
    key = base64.b64encode(bytes(32)).decode()
    server = f'[server]\nurl = "https://127.0.0.1:1"\ntoken_file = "server.token"\npublic_key = "{key}"\n'
    site = write_site(tmp_path, broker_port=free_port(), console_port=free_port(), extra=server)
    (tmp_path / "server.token").write_text("a token\n")
    settings = load(site)

    async def run() -> None:
        kept = (tmp_path / secret).read_text()
        (tmp_path / secret).write_text("")
        with pytest.raises(SettingsError, match=secret):
            async with App(settings):
                raise AssertionError("it has started")
        assert asyncio.all_tasks() == {asyncio.current_task()}
        (tmp_path / secret).write_text(kept)
        async with App(settings):
            pass

    asyncio.run(run())


def test_an_alert_that_the_store_did_not_take_is_stored_later_though_it_fails_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.app.LEDGER_S", 0.01)
    monkeypatch.setattr("controller.app.HOUSEKEEPING_S", 0.02)

    async def scene(app: App) -> None:
        add, refusals = app.store.alerts.add, [StoreBusyError("too much"), sqlite3.OperationalError("locked")]
        added = asyncio.Event()

        async def sometimes(alert: NewAlert, evidence: Evidence | None) -> Alert:
            if refusals:
                raise refusals.pop(0)
            stored = await add(alert, evidence)
            added.set()
            return stored

        monkeypatch.setattr(app.store.alerts, "add", sometimes)
        assert await app.alarm.raise_alert("tamper", "sure", DOOR, "b1-u1", "tamper") is None
        async with asyncio.timeout(5):
            await added.wait()
        assert [alert.kind for alert in await app.store.alerts.latest(9)] == ["tamper"]

    play(tmp_path, scene)
