"""What ESP32 and RP2 boards have in common: pins from a pin map, network, watchdog."""

import asyncio
import time

import machine
import network
from machine import Pin

from boards import PinMap
from device.board import BUZZER, LED, TICKS_MASK, Board
from device.relay import TimedPin
from doorlogic.door import Levels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from device.board import Uart

    Card = Any  # network.WLAN, network.LAN or network.WIZNET5K

    class Output(Protocol):
        """A pin that can be driven for a time."""

        def pulse(self, ms: int) -> None:
            """High for `ms` from now."""

        def set(self, level: bool) -> None:
            """Until told otherwise."""


_WATCHDOG_MS = 8_000  # the longest an RP2040 can wait
_UP_S = 20


class ChipBoard(Board):
    """Pins of `pins`; the relay is the chip's own business, driven to rest before anything else. `timers`: of light,
    buzzer and reader bus.
    """

    def __init__(self, pins: PinMap, settings: "dict[str, str]", timers: "tuple[int, int, int]") -> None:
        super().__init__()
        self.outputs: dict[str, Output] = {
            LED: TimedPin(pins.led, timers[0]),
            BUZZER: TimedPin(pins.buzzer, timers[1]),
        }
        self.reset_cause = _RESETS.get(machine.reset_cause(), 0)
        self.flag = asyncio.ThreadSafeFlag()
        self.last_ms = time.ticks_ms()
        self.total_ms = 0
        self.watchdog: machine.WDT | None = None
        self.input_pins = [Pin(number, Pin.IN, Pin.PULL_UP) for number in pins.inputs]
        for pin in self.input_pins:
            pin.irq(self.changed, Pin.IRQ_FALLING | Pin.IRQ_RISING)
        self.pins = pins
        self.uart_timer = timers[2]
        self.settings = settings
        self.card: Card = None
        try:
            self.card = self.ethernet(pins) if "ethernet" in settings else network.WLAN(network.STA_IF)
            self.card.active(True)
        except (OSError, ValueError, RuntimeError, AttributeError) as error:
            print("network: this board has no such card:", error)  # its door opens from the list all the same

    def ethernet(self, pins: PinMap) -> "Card":
        """The wired card."""
        raise NotImplementedError

    def pulse(self, output: str, ms: int) -> None:
        self.outputs[output].pulse(ms)

    def set(self, output: str, level: bool) -> None:
        self.outputs[output].set(level)

    def inputs(self) -> Levels:
        """Inputs close to ground when active."""
        return Levels(*[not pin.value() for pin in self.input_pins])

    def uptime_ms(self) -> int:
        now_ms = time.ticks_ms()
        self.total_ms += time.ticks_diff(now_ms, self.last_ms)
        self.last_ms = now_ms
        return self.total_ms

    def ticks_us(self) -> int:
        return time.ticks_us() & TICKS_MASK

    async def wait(self, timeout_ms: int) -> None:
        try:
            await asyncio.wait_for(self.flag.wait(), timeout_ms / 1000)
        except asyncio.TimeoutError:
            pass

    def uart(self, baud: int) -> "Uart":
        from device.uart_chip import Uart

        return Uart(self.pins.uart, baud, self.uart_timer)

    async def network_up(self) -> None:
        if self.card is None:
            raise OSError("no network card")
        if self.card.isconnected():
            return
        if "wifi" in self.settings:
            self.card.disconnect()
            self.card.connect(self.settings["wifi"], self.settings["password"])
        for _ in range(_UP_S * 4):
            if self.card.isconnected():
                return
            await asyncio.sleep(0.25)
        raise OSError("no network")

    def running(self) -> None:
        self.watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def feed(self) -> None:
        if self.watchdog is not None:
            self.watchdog.feed()

    def restart(self) -> None:
        for output in self.outputs.values():
            output.set(False)
        machine.reset()

    def changed(self, pin: Pin) -> None:
        """Interrupt: look at the pins."""
        self.flag.set()


# machine.reset_cause() → RESETS of doorwire.vocabulary. Not every chip has every cause.
_RESETS = {
    getattr(machine, name): cause
    for name, cause in (
        ("PWRON_RESET", 1),
        ("HARD_RESET", 2),
        ("WDT_RESET", 3),
        ("DEEPSLEEP_RESET", 4),
        ("SOFT_RESET", 5),
    )
    if hasattr(machine, name)
}
