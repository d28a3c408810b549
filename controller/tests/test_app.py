"""The whole controller in one process, without a broker: what its parts do for each other from start to end."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller.app import App
from controller.conftest import DEVICES, write_ledger, write_site
from controller.settings import load
from controller.store.errors import StoreFullError
from controller.sync.tests.test_sync import checked, payload
from controller.tests.test_main import free_port

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


def test_a_ledger_that_a_full_disk_did_not_let_in_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
