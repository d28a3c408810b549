"""The demo's house leaves nothing behind, whatever of it fails."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tools.bundle import Bundle, BundleError
from tools.demo import house as house_module
from tools.demo.house import House


class PaperBoard:
    """A board on a serial port, as far as its power goes."""

    port = "/dev/none"
    made: list["PaperBoard"]

    def __init__(self, image: Path, log: Path) -> None:
        self.image = image
        self.powered = False
        self.made.append(self)

    async def start(self) -> None:
        self.powered = True

    async def stop(self) -> None:
        self.powered = False
        if self is self.made[0]:
            raise OSError("its port")


def test_house_whose_firmware_cannot_be_built_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise BundleError("mpy-cross: syntax error")

    monkeypatch.setattr(house_module, "build_bundle", fail)
    with pytest.raises(BundleError):
        House(tmp_path, print)
    assert not list(tmp_path.iterdir())


def test_house_stops_every_part_and_every_new_board_though_one_does_not_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []

    async def story() -> None:
        house = House(tmp_path, print)
        for part in ("farm", "broker"):

            async def stop(part: str = part) -> None:
                stopped.append(part)

            monkeypatch.setattr(getattr(house, part), "stop", stop)
        await house.flash_new_board()
        await house.flash_new_board()
        assert len({board.image for board in PaperBoard.made if board.powered}) == 2
        with pytest.raises(OSError, match="its port"):
            await house._stop()
        assert not any(board.powered for board in PaperBoard.made)

    def flashed(*_: Any) -> str:
        return "a report"

    monkeypatch.setattr(PaperBoard, "made", [], raising=False)
    monkeypatch.setattr(house_module, "SerialBoard", PaperBoard)
    monkeypatch.setattr(house_module, "flash", flashed)
    monkeypatch.setattr(house_module, "build_bundle", lambda: Bundle("7.0", {}))
    asyncio.run(story())
    assert stopped == ["farm", "broker"] and not list(tmp_path.iterdir())
