"""Readers get their keys over the door's serial port, and in no other way: real firmware, real readers' protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mpremote.transport import TransportError
from typer.testing import CliRunner

from hil_tests.reader_bus import ReaderBus
from tools import flash as flash_module
from tools.bundle import build_bundle
from tools.cli import app
from tools.commission import Commissioned, CommissionError, commission
from tools.flash_errors import SilentBoardError, WriteError
from tools.flash_link import Link
from tools.provision import BrokerAddress, new_device, write_image
from tools.virtual_board import image
from tools.virtual_board.serial_board import SerialBoard

LIMIT_S = 60.0
OSDP: dict[str, object] = {"readers": [{"osdp": {"addresses": [0, 3], "baud": 115200}}]}


def flashed(folder: Path, settings: dict[str, object]) -> Path:
    """The flash of a door that has no broker to find."""
    door = new_device("bench", BrokerAddress("127.0.0.1", 1, "localhost"), b"", settings=settings)
    write_image(folder / "door.flash", door, build_bundle())
    return folder / "door.flash"


def test_commissioning_over_serial_keys_fresh_readers_and_afterwards_no_others(tmp_path: Path) -> None:
    async def story() -> None:
        flash = flashed(tmp_path, OSDP)
        board = SerialBoard(flash, tmp_path / "door.log")
        with ReaderBus() as bus:
            board.uart = bus.terminal
            first, second = bus.plug(0, None), bus.plug(3, None)
            await board.start()
            try:
                running = await board.wait_application(10)
                await running.wait_console("reader 3 event", 10)
                assert [first.key, second.key] == [None, None]  # before: refused, although they would take any key

                done = await asyncio.to_thread(commission, board.port, 1)
                assert done == Commissioned((0, 3), (0, 3), ())
                keys = first.key, second.key
                assert None not in keys and keys[0] != keys[1]
                assert first.device.is_sc_active() and second.device.is_sc_active()

                bus.unplug(first)  # after: a fresh one in its place is not taken, the other one stays
                fresh = bus.plug(0, None)
                running = await board.wait_application(10)
                await running.wait_console("reader 0 event", 10)
                assert [fresh.key] == [None] and second.device.is_sc_active()

                result = await asyncio.to_thread(
                    CliRunner().invoke, app, ["readers", "commission", board.port, "--minutes", "1", "--json"]
                )
                assert result.exit_code == 0, result.output
                assert json.loads(result.stdout) == {"ok": True, "new_keys": [0], "secure": [0, 3], "missing": []}
                assert fresh.key not in (None, *keys) and second.key == keys[1]
            finally:
                await board.stop()
        stored = image.read(flash)
        assert stored["reader.keys"] == bytes([0]) + (fresh.key or b"") + bytes([3]) + (second.key or b"")
        assert "commission" not in stored

    async def bounded() -> None:
        async with asyncio.timeout(LIMIT_S):
            await story()

    asyncio.run(bounded())


def test_door_without_osdp_readers_keeps_no_open_commissioning_for_later(tmp_path: Path) -> None:
    async def story() -> None:
        board = SerialBoard(flashed(tmp_path, {}))
        await board.start()
        try:
            with pytest.raises(CommissionError, match="no OSDP readers"):
                await asyncio.to_thread(commission, board.port, 1)
        finally:
            await board.stop()
        assert "commission" not in image.read(board.image)

    asyncio.run(story())


def test_commissioning_that_could_not_begin_is_not_opened_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Link.write

    def spoilt(self: Link, path: str, data: bytes, advance: Callable[[int], None]) -> None:
        write(self, path, data, advance)
        raise TransportError("the answer to the last command is lost")

    async def story() -> None:
        board = SerialBoard(flashed(tmp_path, OSDP), tmp_path / "door.log")
        with ReaderBus() as bus:
            board.uart = bus.terminal
            await board.start()
            try:
                await board.wait_application(10)
                with pytest.raises(WriteError, match="the last command"):
                    await asyncio.to_thread(commission, board.port, 1)
                running = await board.wait_application(10)
                await running.wait_console("menshen hello", 10)
                assert "commissioning is open" not in (tmp_path / "door.log").read_text()

                monkeypatch.setattr(Link, "enter", lambda self: cut_off(self, enter))
                with pytest.raises(CommissionError, match=r"may open commissioning.*Next step"):
                    await asyncio.to_thread(commission, board.port, 1)
            finally:
                await board.stop()

    enters = 0

    def cut_off(link: Link, enter: Callable[[Link], None]) -> None:
        nonlocal enters
        enters += 1
        if enters > 1:
            raise SilentBoardError(link.port)
        enter(link)

    enter = Link.enter
    monkeypatch.setattr(Link, "write", spoilt)
    monkeypatch.setattr(flash_module, "_TRIES", 1)
    asyncio.run(asyncio.wait_for(story(), LIMIT_S))
