"""A virgin board behind a real serial port (pty), through MicroPython's raw REPL, to its hello; and what goes wrong."""

import asyncio
import binascii
import dataclasses
import json
import os
import pty
import sys
import threading
import tty
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import serial

from tools import flash as flash_module
from tools import flash_link
from tools.bundle import Bundle
from tools.flash import Community, FlashReport, flash
from tools.flash_errors import (
    DamagedFlashError,
    NoHelloError,
    NoSpaceError,
    NotMicroPythonError,
    PortError,
    SilentBoardError,
    StockMicroPythonError,
    UnknownBoardError,
    WriteError,
)
from tools.provision import BrokerAddress, ledger_read
from tools.virtual_board import image
from tools.virtual_board.serial_board import SerialBoard

HELLO = b"""
import json, os, socket
with open("config.json") as f:
    device = json.load(f)["device"]
with open("device.key", "rb") as f:
    assert len(f.read()) == 32
host, port = os.getenv("MENSHEN_BOARD").split(":")
wire = socket.socket()
wire.connect(socket.getaddrinfo(host, int(port))[0][-1])
wire.write("t %s\\nr\\n" % os.getenv("MENSHEN_BOARD_TOKEN"))
print("menshen hello", device, "7.0", "self-test ok")
wire.readline()
"""
BUNDLE = Bundle("7.0", {"main.py": HELLO, "device/pins.mpy": bytes(range(256)) * 9, "a.mpy": b"M\x06"})


@pytest.fixture
def community(tmp_path: Path) -> Community:
    return Community("demo", BrokerAddress("127.0.0.1", 8883, "localhost"), b"CA", tmp_path / "ledger.jsonl")


@asynccontextmanager
async def plugged(file: Path) -> AsyncIterator[SerialBoard]:
    board = SerialBoard(file)
    await board.start()
    try:
        yield board
    finally:
        await board.stop()


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(90):
            await story

    asyncio.run(bounded())


def flashed(
    port: str, community: Community, bundle: Bundle = BUNDLE, **options: Any
) -> Coroutine[Any, Any, FlashReport]:
    return asyncio.to_thread(flash, port, community, bundle, **options)


def test_flash_virgin_board_ends_with_its_hello(tmp_path: Path, community: Community) -> None:
    async def story() -> None:
        async with plugged(tmp_path / "a.img") as board:
            report = await flashed(board.port, community)
            assert report.ok
            assert (report.identity, report.firmware, report.board) == ("new", "7.0", "unix")
            assert report.files_written == 7
            running = await board.wait_application(5)
            assert running.running
        files = image.read(tmp_path / "a.img")
        row = ledger_read(community.ledger)[report.device]
        assert files["device.key"] == row.key
        assert files["broker.key"].decode() == row.broker_password
        assert row.firmware == "7.0"
        assert files["device/pins.mpy"] == BUNDLE.files["device/pins.mpy"]
        assert not any(path.startswith("flash.new") for path in files)

    run(story())


def test_flash_again_keeps_the_identity_and_skips_what_is_there(tmp_path: Path, community: Community) -> None:
    async def story() -> None:
        async with plugged(tmp_path / "a.img") as board:
            first = await flashed(board.port, community)
            await board.wait_application(5)
            newer = Bundle("7.0", {**BUNDLE.files, "b.mpy": b"M\x06b"})
            second = await flashed(board.port, community, newer)
        assert (second.device, second.identity) == (first.device, "kept")
        assert (second.files_written, second.files_kept) == (1, 7)

    run(story())


def test_flash_keeps_a_doors_own_settings_until_others_are_given(tmp_path: Path, community: Community) -> None:
    def has() -> dict[str, object]:
        config = json.loads(image.read(tmp_path / "a.img")["config.json"])
        return {key: value for key, value in config.items() if key in ("release_s", "readers")}

    async def story() -> None:
        readers = {"readers": [{"osdp": {"addresses": [0]}}]}
        for given, expected in ((readers, readers), (None, readers), ({"release_s": 9}, {"release_s": 9})):
            async with plugged(tmp_path / "a.img") as board:
                report = await flashed(board.port, dataclasses.replace(community, settings=given))
                assert report.identity == ("new" if given is readers else "kept")
            assert has() == expected

    run(story())


def test_flash_new_identity_drops_the_old_doors_list_and_stale_modules(tmp_path: Path, community: Community) -> None:
    async def story() -> None:
        async with plugged(tmp_path / "a.img") as board:
            first = await flashed(board.port, community)
        files = image.read(tmp_path / "a.img")
        extra = {"list.bin": b"old", "journal/1": b"old", "a.py": b"1/0", "notes.txt": b"mine"}
        (tmp_path / "a.img").write_bytes(image.pack({**files, **extra}))
        async with plugged(tmp_path / "a.img") as board:
            kept = await flashed(board.port, community)
            left = {"list.bin", "journal/1", "notes.txt"}
            assert kept.device == first.device
        assert left <= set(image.read(tmp_path / "a.img"))
        assert "a.py" not in image.read(tmp_path / "a.img")
        async with plugged(tmp_path / "a.img") as board:
            second = await flashed(board.port, community, new_identity=True)
        assert second.device != first.device
        assert {"list.bin", "journal/1"}.isdisjoint(image.read(tmp_path / "a.img"))

    run(story())


def test_flash_board_of_another_ledger_is_not_touched(tmp_path: Path, community: Community) -> None:
    async def story() -> None:
        async with plugged(tmp_path / "a.img") as board:
            report = await flashed(board.port, community)
            community.ledger.unlink()
            with pytest.raises(UnknownBoardError, match=f"door {report.device}.*--new-identity"):
                await flashed(board.port, community)
            await board.wait_application(10)  # the old application runs again

    run(story())


def test_flash_interrupted_goes_on_where_it_stopped(tmp_path: Path, community: Community) -> None:
    async def story() -> None:
        def interrupt(stage: str, done: int, total: int) -> None:
            if stage == "write" and done > total // 2:
                raise KeyboardInterrupt

        async with plugged(tmp_path / "a.img") as board:
            assert await asyncio.to_thread(_interrupted, flash, board.port, community, BUNDLE, interrupt)
        assert "main.py" not in image.read(tmp_path / "a.img")
        async with plugged(tmp_path / "a.img") as board:
            report = await flashed(board.port, community)
        assert report.identity == "kept"
        assert 0 < report.files_written < 7
        assert list(ledger_read(community.ledger)) == [report.device]

    run(story())


def _interrupted(call: Callable[..., object], *arguments: object) -> bool:
    """Whether Ctrl-C came out; it must not reach the loop."""
    try:
        call(*arguments)
    except KeyboardInterrupt:
        return True
    return False


def test_flash_noise_on_the_line_costs_a_retry_only(
    tmp_path: Path, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        sent = 0
        write: Callable[[serial.Serial, bytes], int | None] = serial.Serial.write

        def noisy(self: serial.Serial, data: bytes) -> int | None:
            nonlocal sent
            sent += 1
            return write(self, b"\xfe" + data[1:] if sent in (20, 45) else data)

        monkeypatch.setattr(serial.Serial, "write", noisy)
        async with plugged(tmp_path / "a.img") as board:
            report = await flashed(board.port, community)
        assert report.ok
        assert sent > 45

    run(story())


def test_flash_board_that_answers_late_is_still_understood(
    tmp_path: Path, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_link, "_READ_S", 0.03)
    monkeypatch.setattr(flash_link, "_ENTER_TRIES", 100)  # 3 s: the interpreter needs a fraction of it to start

    async def story() -> None:
        async with plugged(tmp_path / "a.img") as board:
            report = await flashed(board.port, community)
        assert report.ok

    run(story())


def test_flash_line_that_spoils_everything_ends_with_the_next_step(
    tmp_path: Path, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        monkeypatch.setattr(binascii, "b2a_base64", lambda data, newline: b"AAAA")
        async with plugged(tmp_path / "a.img") as board:
            with pytest.raises(WriteError, match=r"not what was sent.*Next step.*old application is still in place"):
                await flashed(board.port, community)

    run(story())


def test_flash_application_without_hello_shows_its_last_words(tmp_path: Path, community: Community) -> None:
    async def story() -> None:
        async with plugged(tmp_path / "a.img") as board:
            with pytest.raises(NoHelloError, match=r"ZeroDivisionError.*Next step"):
                await flashed(board.port, community, Bundle("7.0", {"main.py": b"1 / 0\n"}))

    run(story())


def test_flash_full_board_is_refused_before_anything_is_written(
    tmp_path: Path, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_module, "_FACTS", flash_module._FACTS.replace("space[0] * space[3]", "8192"))

    async def story() -> None:
        async with plugged(tmp_path / "a.img") as board:
            with pytest.raises(NoSpaceError, match=r"8 kB of flash are free.*Next step"):
                await flashed(board.port, community)
        assert image.read(tmp_path / "a.img") == {}

    run(story())


def test_flash_no_port_names_those_there_are(community: Community) -> None:
    with pytest.raises(PortError, match=r"no port /dev/ttyNONE.*Next step") as caught:
        flash("/dev/ttyNONE", community, BUNDLE)
    assert caught.value.cause == "port-missing"


def test_flash_no_port_for_micropython_either(tmp_path: Path, community: Community) -> None:
    (tmp_path / "board.bin").write_bytes(b"x")
    with pytest.raises(PortError, match=r"no port /dev/ttyNONE"):
        flash("/dev/ttyNONE", community, BUNDLE, micropython=tmp_path / "board.bin")


def test_flash_busy_port_is_named(tmp_path: Path, community: Community) -> None:
    master, slave = pty.openpty()
    port = os.ttyname(slave)
    try:
        with serial.Serial(port, exclusive=True), pytest.raises(PortError, match="another program") as caught:
            flash(port, community, BUNDLE)
        assert caught.value.cause == "port-busy"
    finally:
        os.close(master)
        os.close(slave)


def test_flash_silent_port_suspects_the_cable(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_link, "_READ_S", 0.02)
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        with pytest.raises(SilentBoardError, match=r"charge-only.*Next step"):
            flash(os.ttyname(slave), community, BUNDLE)
    finally:
        os.close(master)
        os.close(slave)


def test_flash_other_firmware_is_not_taken_for_a_board(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_link, "_READ_S", 0.02)
    master, slave = pty.openpty()
    tty.setraw(slave)

    def babble() -> None:
        while os.read(master, 100) != b"\r\x03\r\x02\x04":  # until it is let go
            os.write(master, b"invalid header: 0xffffffff\r\n")

    chip = threading.Thread(target=babble)
    chip.start()
    try:
        with pytest.raises(NotMicroPythonError, match=r"invalid header.*--micropython"):
            flash(os.ttyname(slave), community, BUNDLE)
    finally:
        chip.join(5)
        os.close(master)
        os.close(slave)


class ChipLink:
    """A chip's interpreter, as far as its flash goes; `door_flash` is what its MicroPython has frozen."""

    port = "/dev/ttyACM0"

    def __init__(self, monkeypatch: pytest.MonkeyPatch, platform: str, state: str | None) -> None:
        self.made: list[tuple[str, str]] = []
        self._names: dict[str, Any] = {}
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setitem(sys.modules, "door_flash", None)  # no such module
        if state is not None:
            module: Any = ModuleType("door_flash")
            module.state, module.chip = lambda: state, lambda: "flash"
            module.make = lambda flash, at: self.made.append((flash, at))
            monkeypatch.setitem(sys.modules, "door_flash", module)

    def run(self, code: str) -> str:
        exec(code, self._names)  # noqa: S102  what `menshen flash` sends
        return ""

    def ask(self, expression: str) -> Any:
        return eval(expression, self._names)  # noqa: S307  as above


@pytest.mark.parametrize("platform", ["rp2", "esp32"])
def test_flash_makes_a_file_system_only_where_nothing_can_be_lost(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after(state: str | None, format_damaged: bool = False) -> list[tuple[str, str]]:
        with monkeypatch.context() as patch:
            link: Any = ChipLink(patch, platform, state)
            flash_module._file_system(link, format_damaged)
        return list(link.made)

    assert after("mounted") == after("mounted", True) == []
    assert after("blank") == after("damaged", True) == [("flash", "/")]
    with pytest.raises(DamagedFlashError, match="nothing was changed"):
        after("damaged")
    for asked in (False, True):
        with pytest.raises(StockMicroPythonError, match=r"docs/BOARDS\.md"):
            after(None, asked)
