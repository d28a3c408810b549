"""What ESP32 and RP2 boards have in common: pins from a pin map, edges by interrupt, watchdog."""

import asyncio
import time

import machine
from machine import Pin

from boards import PinMap
from device.board import BUZZER, LED, RELAY, TICKS_MASK, Board
from device.relay import TimedPin
from doorlogic.door import Levels

_WATCHDOG_MS = 8_000  # the longest an RP2040 can wait


class ChipBoard(Board):
    """Pins of `pins`. The relay is driven to rest before anything else."""

    def __init__(self, pins: PinMap, timers: "tuple[int, int, int]", hard: bool) -> None:
        super().__init__()
        self.outputs = {
            RELAY: TimedPin(pins.relay, pins.relay_active_high, timers[0]),
            LED: TimedPin(pins.led, True, timers[1]),
            BUZZER: TimedPin(pins.buzzer, True, timers[2]),
        }
        self.reset_cause = _RESETS.get(machine.reset_cause(), 0)
        self.flag = asyncio.ThreadSafeFlag()
        self.last_ms = time.ticks_ms()
        self.total_ms = 0
        self.watchdog: machine.WDT | None = None
        self.input_pins = [Pin(number, Pin.IN, Pin.PULL_UP) for number in pins.inputs]
        for pin in self.input_pins:
            pin.irq(self.input_changed, Pin.IRQ_FALLING | Pin.IRQ_RISING)
        self.d0 = Pin(pins.d0, Pin.IN, Pin.PULL_UP)
        self.d1 = Pin(pins.d1, Pin.IN, Pin.PULL_UP)
        if hard:
            self.d0.irq(self.edge_0, Pin.IRQ_FALLING, hard=True)
            self.d1.irq(self.edge_1, Pin.IRQ_FALLING, hard=True)
        else:  # the port's pin interrupts take no such argument
            self.d0.irq(self.edge_0, Pin.IRQ_FALLING)
            self.d1.irq(self.edge_1, Pin.IRQ_FALLING)

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
            await asyncio.wait_for_ms(self.flag.wait(), timeout_ms)
        except asyncio.TimeoutError:
            pass

    def running(self) -> None:
        self.watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def feed(self) -> None:
        if self.watchdog is not None:
            self.watchdog.feed()

    def restart(self) -> None:
        for output in self.outputs.values():
            output.set(False)
        machine.reset()

    def edge_0(self, pin: Pin) -> None:
        """Interrupt: a 0 of the reader."""
        self.edges.put(0, time.ticks_us() & TICKS_MASK)
        self.flag.set()

    def edge_1(self, pin: Pin) -> None:
        """Interrupt: a 1 of the reader."""
        self.edges.put(1, time.ticks_us() & TICKS_MASK)
        self.flag.set()

    def input_changed(self, pin: Pin) -> None:
        """Interrupt: look at the inputs."""
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
