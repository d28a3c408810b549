"""The harness itself, with a program of a few lines in flash: power, pins, console, damage."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from tools.virtual_board import image
from tools.virtual_board.board import BoardError, VirtualBoard
from tools.virtual_board.wiegand import wiegand26, wiegand34

CONNECT = b"""
import os, socket, sys, time
host, port = os.getenv("MENSHEN_BOARD").split(":")
wire = socket.socket()
wire.connect(socket.getaddrinfo(host, int(port))[0][-1])
wire.write("t %s\\n" % os.getenv("MENSHEN_BOARD_TOKEN"))
"""
READY = b"""
wire.write("r\\n")
print("ready")
"""
ECHO = b"""
while True:
    line = wire.readline()
    if not line:
        break
    print(line.decode().strip())
    wire.write("p relay 1 %d 30\\n" % time.ticks_us())
    wire.write("p led 1 %d\\n" % time.ticks_us())
"""
COUNT = b"""
try:
    n = int(open("count").read())
except OSError:
    n = 0
with open("count.new", "w") as f:
    f.write(str(n + 1))
os.rename("count.new", "count")
print("count", n + 1)
"""


def write(file: Path, main: bytes) -> Path:
    file.write_bytes(image.pack({"main.py": main}))
    return file


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await story

    asyncio.run(bounded())


def test_virtual_board_swipe_and_inputs_reach_the_program(tmp_path: Path) -> None:
    async def story() -> None:
        board = VirtualBoard(write(tmp_path / "a.img", CONNECT + READY + ECHO), log=tmp_path / "a.log")
        await board.start()
        try:
            assert not board.level("led")
            await board.swipe("0110", 500)
            edge = await board.wait_level("led", True, 5)
            assert (edge.pin, edge.level) == ("led", True)
            assert edge.at_us > 0
            await board.set_input("contact", True)
            assert await board.wait_console("i contact 1", 5)
            assert "w 0110 500" in (tmp_path / "a.log").read_text()
        finally:
            await board.stop()
        assert not board.running
        assert not board.level("led")

    run(story())


def test_virtual_board_hardware_timer_ends_a_pulse_without_the_program(tmp_path: Path) -> None:
    async def story() -> None:
        hung = CONNECT + READY + b'wire.write("p relay 1 5 30\\n")\nwhile True: pass\n'
        board = VirtualBoard(write(tmp_path / "a.img", hung))
        await board.start()
        try:
            up = await board.wait_level("relay", True, 5)
            down = await board.wait_level("relay", False, 5)
            assert down.at_us - up.at_us == 30_000
        finally:
            await board.cut_power()

    run(story())


def test_virtual_board_flash_survives_power_cut_and_restart(tmp_path: Path) -> None:
    async def story() -> None:
        board = VirtualBoard(write(tmp_path / "a.img", CONNECT + COUNT + READY + ECHO))
        for boot in (1, 2, 3):
            await board.start()
            assert await board.wait_console(f"count {boot}", 5)
            await board.cut_power()
        assert image.read(board.image)["count"] == b"3"

    run(story())


def test_virtual_board_cut_at_every_flash_write_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    async def story() -> None:
        seen = set()
        for cut_at in range(1, 40):
            board = VirtualBoard(write(tmp_path / "a.img", COUNT.replace(b"try", b"import os\ntry", 1)), cut_at=cut_at)
            with pytest.raises(BoardError):
                await board.start()
            seen.add(image.read(board.image).get("count"))
            if any("count" in line for line in board.console):
                break
        assert seen == {None, b"1"}
        assert cut_at > 3

    run(story())


def test_virtual_board_reset_starts_it_again(tmp_path: Path) -> None:
    async def story() -> None:
        main = CONNECT + COUNT + b"if n == 0: sys.exit(42)\n" + READY + ECHO
        board = VirtualBoard(write(tmp_path / "a.img", main))
        await board.start()
        try:
            assert list(board.console)[:2] == ["count 1", "count 2"]
        finally:
            await board.stop()

    run(story())


def test_virtual_board_corrupt_image_is_named_and_not_formatted(tmp_path: Path) -> None:
    async def story() -> None:
        file = write(tmp_path / "a.img", READY)
        broken = bytearray(file.read_bytes())
        broken[: 2 * image.BLOCK_SIZE] = bytes(2 * image.BLOCK_SIZE)
        file.write_bytes(broken)
        with pytest.raises(BoardError, match=r"flash is damaged.*Nothing was formatted.*next step"):
            await VirtualBoard(file).start()
        assert file.read_bytes() == broken

    run(story())


def test_virtual_board_empty_flash_names_the_next_step(tmp_path: Path) -> None:
    async def story() -> None:
        file = tmp_path / "a.img"
        file.write_bytes(image.empty())
        with pytest.raises(BoardError, match=r"no main\.py in flash.*menshen flash"):
            await VirtualBoard(file).start()

    run(story())


def test_virtual_board_program_error_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(BoardError, match="ZeroDivisionError"):
            await VirtualBoard(write(tmp_path / "a.img", b"1 / 0\n")).start()

    run(story())


def test_virtual_board_image_of_a_running_board_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        file = write(tmp_path / "a.img", CONNECT + READY + ECHO)
        first = VirtualBoard(file)
        await first.start()
        try:
            with pytest.raises(BoardError, match="stop that one first"):
                await VirtualBoard(file).start()
        finally:
            await first.stop()
        await first.start()
        await first.stop()

    run(story())


def test_image_pack_is_deterministic_and_round_trips() -> None:
    files = {"main.py": b"x" * 5000, "device/pins.mpy": b"\x00\xff" * 10, "a/b/c": b""}
    assert image.pack(files) == image.pack(dict(reversed(files.items())))
    assert image.unpack(image.pack(files)) == files


def test_image_too_much_for_the_flash_is_refused() -> None:
    with pytest.raises(image.ImageError, match="does not fit"):
        image.pack({"big": bytes(3 << 20)})


def test_image_of_another_size_is_refused() -> None:
    with pytest.raises(image.ImageError, match="2097152 bytes"):
        image.unpack(b"\xff" * 4096)


def test_wiegand_frames_have_the_standard_parity() -> None:
    # Facility 1, card 1, worked out by hand: both halves hold one 1, so even parity is 1 and odd parity is 0.
    assert wiegand26(1, 1) == "1" + "00000001" + "0000000000000001" + "0"
    assert wiegand26(0, 0) == "0" + "0" * 24 + "1"
    assert wiegand34(0x00010001) == "1" + f"{0x00010001:032b}" + "0"
    with pytest.raises(ValueError, match="0-255"):
        wiegand26(256, 0)
    with pytest.raises(ValueError, match="34 bits"):
        wiegand34(1 << 32)


def test_virtual_board_power_cut_while_it_starts_ends_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        board = VirtualBoard(write(tmp_path / "a.img", CONNECT + READY + ECHO))
        for turns in range(12):  # of the event loop, so that the cut meets every stage of the start
            start = asyncio.create_task(board.start())
            for _ in range(turns):
                await asyncio.sleep(0)
            start.cancel()
            await asyncio.wait({start})
            await board.cut_power()
            assert not board.running

    run(story())
