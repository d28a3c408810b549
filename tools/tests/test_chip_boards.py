"""The chips' boards on a machine made of paper: in which order they take their pins, and what survives what fails."""

import asyncio
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from boards import ESP32_S3, RP2
from device.board import BUZZER, LED, RELAY
from doorlogic.door import INPUTS

Log = list[tuple[Any, ...]]
FORGOTTEN = ("device.relay", "device.board_chip", "device.board_esp32", "device.board_rp2", "device.uart_chip")


class Machine:
    """`log`: what was done to it, in order. `levels`: of pins, high where nothing pulls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, has_network: bool) -> None:
        self.log: Log = []
        self.levels: dict[int, int] = {}
        self.handlers: dict[int, tuple[Callable[[Any], None], bool]] = {}
        for module in (self._machine(), self._network(has_network), self._pio()):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(asyncio, "ThreadSafeFlag", asyncio.Event, raising=False)
        monkeypatch.setattr(time, "ticks_ms", lambda: 1000, raising=False)
        monkeypatch.setattr(time, "ticks_us", lambda: 1_000_000, raising=False)

    def driven(self) -> Log:
        return [entry for entry in self.log if entry[0] in ("drive", "held")]

    def _machine(self) -> ModuleType:
        here, machine = self, ModuleType("machine")

        class Pin:
            IN, OUT, PULL_UP, IRQ_FALLING, IRQ_RISING = range(1, 6)

            def __init__(self, number: int, mode: int = 0, pull: int = 0, value: int | None = None) -> None:
                self.number = number
                if mode == Pin.OUT:
                    here.log.append(("drive", number, value))
                    here.levels[number] = value or 0

            def value(self, level: int | None = None) -> int:
                if level is not None:
                    here.log.append(("drive", self.number, int(level)))
                    here.levels[self.number] = int(level)
                return here.levels.get(self.number, 1)

            def irq(self, handler: Callable[[Any], None], trigger: int, hard: bool = False) -> None:
                here.handlers[self.number] = handler, hard

        class Timer:
            ONE_SHOT = 0

            def __init__(self, number: int) -> None:
                here.log.append(("timer", number))

            def deinit(self) -> None:
                """It has nothing to do."""

        class UART:
            def __init__(self, number: int, **settings: Any) -> None:
                here.log.append(("uart", number, settings["tx"].number, settings["rx"].number))

        machine.__dict__.update(Pin=Pin, Timer=Timer, UART=UART, SPI=lambda *_, **__: "spi", WDT=None)
        machine.__dict__.update(reset_cause=lambda: 7, WDT_RESET=7, reset=lambda: here.log.append(("reset",)))
        return machine

    def _network(self, has_network: bool) -> ModuleType:
        here, network = self, ModuleType("network")

        class Card:
            def __init__(self, *_: object, **__: object) -> None:
                here.log.append(("card",))
                if not has_network:
                    raise OSError(19)

            def active(self, on: bool) -> None:
                """On."""

            def ifconfig(self, how: str) -> None:
                here.log.append(("address", how))

        network.__dict__.update(WLAN=Card, LAN=Card, WIZNET5K=Card, STA_IF=0, PHY_W5500=1)
        return network

    def _pio(self) -> ModuleType:
        here, pio = self, ModuleType("device.pio_rp2")

        class HeldPin:
            def __init__(self, number: int) -> None:
                here.log.append(("held", number, 0))

            def set(self, level: bool) -> None:
                here.log.append(("held", RP2.relay, int(level)))

        pio.__dict__.update(HeldPin=HeldPin, PioEdges=lambda d0, d1: ("edges", d0.number, d1.number))
        return pio


@pytest.fixture(params=["esp32", "rp2"])
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of chip; its modules are imported anew, on the paper machine."""
    kept = {name: sys.modules.pop(name, None) for name in FORGOTTEN}
    yield str(request.param)
    for name, module in kept.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def built(kind: str, settings: dict[str, Any]) -> Any:
    return getattr(importlib.import_module(f"device.board_{kind}"), f"{kind.capitalize()}Board")(kind, settings)


@pytest.mark.parametrize("settings", [{"wifi": "house", "password": "secret"}, {"ethernet": True}, {}])
@pytest.mark.parametrize("has_network", [True, False])
def test_the_relay_is_at_rest_before_anything_else_and_no_network_card_stops_the_door(
    monkeypatch: pytest.MonkeyPatch, kind: str, settings: dict[str, Any], has_network: bool
) -> None:
    machine = Machine(monkeypatch, has_network)
    board = built(kind, settings)
    pins = ESP32_S3 if kind == "esp32" else RP2
    assert machine.log[0] == ("drive" if kind == "esp32" else "held", pins.relay, 0)
    assert [entry[1:] for entry in machine.driven()] == [(pins.relay, 0), (pins.led, 0), (pins.buzzer, 0)]
    assert set(board.outputs) == {RELAY, LED, BUZZER} and board.reset_cause == 3
    assert (board.card is not None) == has_network
    if not has_network:
        with pytest.raises(OSError, match="no network card"):
            asyncio.run(board.network_up())


def test_each_input_is_active_when_it_is_closed_to_ground(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    machine = Machine(monkeypatch, True)
    board = built(kind, {})
    pins = ESP32_S3 if kind == "esp32" else RP2
    assert not any(board.inputs())
    for name, number in zip(INPUTS, pins.inputs, strict=True):
        machine.levels[number] = 0
        levels = board.inputs()
        assert [other for other in INPUTS if getattr(levels, other)] == [name]
        machine.levels[number] = 1
        board.flag.clear()
        machine.handlers[number][0](None)
        assert board.flag.is_set()


def test_reader_edges_come_in_with_their_line(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    machine = Machine(monkeypatch, True)
    board = built(kind, {})
    pins = ESP32_S3 if kind == "esp32" else RP2
    for number in (pins.d0, pins.d1, pins.d1):
        machine.handlers[number][0](None)
    assert board.flag.is_set()
    assert all(hard == (kind == "rp2") for _, hard in (machine.handlers[pins.d0], machine.handlers[pins.d1]))
    if kind == "esp32":
        assert [board.edges.take() for _ in range(len(board.edges))] == [(0, 1_000_000), (1, 1_000_000), (1, 1_000_000)]
        assert board.edges.since_us == 1_000_000
    else:
        assert board.edges == ("edges", pins.d0, pins.d1)


def test_a_restart_lets_every_output_go_first(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    machine = Machine(monkeypatch, True)
    board = built(kind, {})
    pins = ESP32_S3 if kind == "esp32" else RP2
    before = len(machine.log)
    board.restart()
    done = machine.log[before:]
    assert done[-1] == ("reset",) and {entry[1:] for entry in done[:-1]} == {
        (pins.relay, 0),
        (pins.led, 0),
        (pins.buzzer, 0),
    }


def test_the_reader_bus_has_pins_and_a_timer_of_its_own(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    machine = Machine(monkeypatch, True)
    board = built(kind, {})
    taken = [entry for entry in machine.log if entry[0] == "timer"]
    before = len(machine.log)
    board.uart(9600)
    pins = ESP32_S3 if kind == "esp32" else RP2
    assert ("uart", *pins.uart[:3]) in machine.log[before:] and ("drive", pins.uart[3], 0) in machine.log[before:]
    timers = [*taken, *(entry for entry in machine.log[before:] if entry[0] == "timer")]
    assert len(set(timers)) == (len(timers) if kind == "esp32" else 1)  # an RP2 has as many as are asked for
