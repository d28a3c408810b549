"""A board behind a serial port leaves no port open and no copy of its flash, whatever goes wrong."""

import asyncio
import os
from pathlib import Path

import pytest

from tools import processes
from tools.virtual_board import image
from tools.virtual_board.serial_board import SerialBoard


def test_serial_board_unplugged_while_its_interpreter_starts_leaves_only_its_flash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        starts = asyncio.Event()

        async def never(*_: object, **__: object) -> None:
            starts.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(processes, "spawn", never)
        board = SerialBoard(tmp_path / "a.flash")
        await board.start()
        await starts.wait()
        await board.stop()

    asyncio.run(story())
    assert [file.name for file in tmp_path.iterdir()] == ["a.flash"]


@pytest.mark.parametrize("status", [0, 1])
def test_serial_board_whose_files_do_not_come_back_leaves_its_flash_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    def fail(files: dict[str, bytes]) -> bytes:
        raise image.ImageError("does not fit into 2048 kB of flash")

    async def story() -> None:
        spoken, finish = asyncio.Event(), processes.finish
        board = SerialBoard(tmp_path / "a.flash")
        monkeypatch.setattr(board, "_send", lambda data=b"": spoken.set())
        await board.start()
        before = board.image.read_bytes()
        await spoken.wait()
        if status:

            async def failed(process: asyncio.subprocess.Process) -> int:
                await finish(process)
                return status

            monkeypatch.setattr(processes, "finish", failed)
            await board.stop()
        else:
            monkeypatch.setattr(image, "pack", fail)
            with pytest.raises(image.ImageError):
                await board.stop()
        assert board.image.read_bytes() == before
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(board._master)

    asyncio.run(asyncio.wait_for(story(), 20))
    assert [file.name for file in tmp_path.iterdir()] == ["a.flash"]
