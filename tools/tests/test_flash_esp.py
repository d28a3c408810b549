"""Writing MicroPython with esptool, its chip played by a recorder: order, addresses, sizes, causes."""

from pathlib import Path
from typing import Any

import esptool
import pytest
import serial

from tools import flash_esp
from tools.flash_errors import FlashError, NoSpaceError, SilentBoardError, WriteError

CONTENT = b"\xe9micropython"


class Chip:
    """What esptool's calls were made with."""

    def __init__(self, name: str = "ESP32-S3", size: str = "8MB") -> None:
        self.CHIP_NAME = name
        self.size = size
        self.calls: list[str] = []
        self._port = self

    def change_baud(self, baud: int) -> None:
        self.calls.append(f"baud {baud}")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    file = tmp_path / "ESP32_GENERIC_S3.bin"
    file.write_bytes(CONTENT)
    return file


def connect(monkeypatch: pytest.MonkeyPatch, chip: Chip, **broken: Exception) -> None:
    def act(name: str, result: Any = None) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if name in broken:
                raise broken[name]
            words = [str(word) for word in arguments if word is not chip]
            chip.calls.append(" ".join([name, *words]))
            return result

        return call

    monkeypatch.setattr(esptool, "detect_chip", act("detect_chip", chip))
    monkeypatch.setattr(esptool, "run_stub", act("run_stub", chip))
    for name in ("attach_flash", "erase_flash", "write_flash", "reset_chip"):
        monkeypatch.setattr(esptool, name, act(name))
    monkeypatch.setattr(esptool.cmds, "detect_flash_size", lambda esp: esp.size)


def write(firmware: Path, erase: bool = False) -> str:
    return flash_esp.write_micropython("/dev/ttyX", firmware, erase, lambda stage, done, total: None)


@pytest.mark.parametrize(
    ("name", "address"), [("ESP32", 0x1000), ("ESP32-S2", 0x1000), ("ESP32-S3", 0), ("ESP32-C6", 0)]
)
def test_flash_esp_writes_where_the_chip_starts(
    monkeypatch: pytest.MonkeyPatch, firmware: Path, name: str, address: int
) -> None:
    chip = Chip(name)
    connect(monkeypatch, chip)
    assert write(firmware) == name
    assert f"write_flash [({address}, {CONTENT!r})]" in chip.calls
    assert chip.calls[-2:] == ["reset_chip hard-reset", "close"]


def test_flash_esp_file_system_stays_unless_erased(monkeypatch: pytest.MonkeyPatch, firmware: Path) -> None:
    chip = Chip()
    connect(monkeypatch, chip)
    write(firmware)
    assert "erase_flash" not in chip.calls
    write(firmware, erase=True)
    assert "erase_flash" in chip.calls


def test_flash_esp_chip_too_small_is_left_alone(monkeypatch: pytest.MonkeyPatch, firmware: Path) -> None:
    chip = Chip(size="2MB")
    connect(monkeypatch, chip)
    with pytest.raises(NoSpaceError, match="2MB of flash and a door needs 4 MB"):
        write(firmware, erase=True)
    assert not [call for call in chip.calls if call.startswith(("erase", "write"))]


@pytest.mark.parametrize(
    ("step", "error", "kind"),
    [
        ("detect_chip", esptool.FatalError("Failed to connect to ESP32: No serial data received."), SilentBoardError),
        ("write_flash", esptool.FatalError("'x.bin' is not an ESP32-S3 image"), flash_esp.ChipError),
        ("write_flash", serial.SerialException("device disconnected"), WriteError),
    ],
)
def test_flash_esp_failure_has_a_cause_and_a_next_step(
    monkeypatch: pytest.MonkeyPatch, firmware: Path, step: str, error: Exception, kind: type[FlashError]
) -> None:
    connect(monkeypatch, Chip(), **{step: error})
    with pytest.raises(kind, match="Next step"):
        write(firmware)


def test_flash_esp_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(flash_esp.ChipError, match=r"no file .*no\.bin.*Next step"):
        write(tmp_path / "no.bin")
