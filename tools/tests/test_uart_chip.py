"""The chips' reader bus on a machine made of paper: when its driver holds the line, and when the readers have it."""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest


class Pin:
    OUT = IN = PULL_UP = 0

    def __init__(self, number: int, mode: int = 0, value: int = 0) -> None:
        self.number = number
        self.level = value
        LOG.append(("pin", number, value))

    def value(self, level: int) -> None:
        self.level = level
        LOG.append(("pin", self.number, int(level)))


class Timer:
    ONE_SHOT = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def init(self, mode: int, period: int, callback: Callable[[Any], None]) -> None:
        LOG.append(("timer", self.number, period))
        self.callback = callback
        TIMERS[:] = [self]

    def deinit(self) -> None:
        TIMERS.clear()


class UART:
    def __init__(self, number: int, **settings: object) -> None:
        self.settings = settings
        self.received: list[bytes | None] = [None, b"\x53\xe5"]
        LOG.append(("uart", number, settings["baudrate"]))

    def read(self) -> bytes | None:
        return self.received.pop(0)

    def write(self, data: bytes) -> None:
        LOG.append(("sent", len(data), 0))


LOG: list[tuple[str, int, object]] = []
TIMERS: list[Timer] = []


@pytest.fixture
def uart_chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    machine: Any = ModuleType("machine")
    machine.Pin, machine.Timer, machine.UART = Pin, Timer, UART
    monkeypatch.setitem(sys.modules, "machine", machine)
    for name in ("device.relay", "device.uart_chip"):
        sys.modules.pop(name, None)
    LOG.clear()
    yield importlib.import_module("device.uart_chip")
    for name in ("device.relay", "device.uart_chip"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("baud", [9600, 115_200])
def test_uart_driver_holds_the_line_from_before_the_first_bit_until_just_after_the_last(
    uart_chip: ModuleType, baud: int
) -> None:
    bus = uart_chip.Uart((1, 40, 41, 42), baud, 3)
    assert ("pin", 42, 0) in LOG and ("uart", 1, baud) in LOG  # the readers' line, until we speak
    LOG.clear()
    bus.write(bytes(48))
    armed, rose, sent = LOG
    assert rose == ("pin", 42, 1) and sent == ("sent", 48, 0) and armed[:2] == ("timer", 3)
    last_bit_ms = 48 * 10 * 1000 / baud
    assert isinstance(armed[2], int) and last_bit_ms + 1 <= armed[2] <= last_bit_ms + 2
    TIMERS[0].callback(TIMERS[0])
    assert LOG[-1] == ("pin", 42, 0)
    assert (bus.read(), bus.read()) == (b"", b"\x53\xe5")
