# ruff: noqa: F405  (asm_pio gives its functions their words)
"""RP2's programmable I/O: reader edges and the relay without the processor.

Python on these chips stands still while flash is erased (45 ms and more), and collects garbage. So a state machine
watches each reader line and a DMA channel carries the time of each edge to memory; another one ends the relay's pulse,
though the processor hang for ever.
"""

import time

import rp2
import uctypes
from machine import Pin, mem32

from device.board import TICKS_MASK, EdgeRing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rp2.asm_pio import *  # noqa: F403

_PIO0 = 0x50200000  # RP2040 datasheet 3.7, RP2350 datasheet 11.7; the radio of the W boards uses PIO1
_RX_FIFO = 0x20  # of the first state machine; 4 bytes each
_ENABLE_BOTH = 0x303  # state machines 0 and 1 and their clock dividers in the same cycle
_ENABLED = 15
_RX_REQUEST = 4  # DMA request of the first state machine's receive FIFO, on both chips
_RING_BITS = 9
_RING_BYTES = 512
_RING_EDGES = 120  # of 128: some spare, for what comes while one is read
_TRANSFERS = 0x0FFFFFFF  # the most an RP2350 counts; then the channel is started again
_RELAY_MACHINE = 2
_FOR_EVER = 0xFFFFFFFF


# x counts microseconds down, 4 cycles each whatever way is taken: both lines' clocks never part. A line that is not low
# for 8 µs was no pulse (those have 20).
@rp2.asm_pio(fifo_join=rp2.PIO.JOIN_RX)
def falls() -> None:
    """Program: x at each falling edge into the FIFO. 4 MHz."""
    label("rise")
    nop()
    label("high")
    jmp(x_dec, "look")
    label("look")
    jmp(pin, "high")[2]
    jmp(x_dec, "fallen")
    label("fallen")
    mov(isr, x)
    set(y, 7)[1]
    label("steady")
    jmp(x_dec, "still")
    label("still")
    jmp(pin, "rise")[1]
    jmp(y_dec, "steady")
    push(noblock)
    jmp(x_dec, "low")[2]
    label("low")
    jmp(x_dec, "wait")
    label("wait")
    jmp(pin, "rise")[1]
    jmp("low")


# y = 2^32-1 ms is for ever.
@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)
def hold() -> None:
    """Program: the pin high for as many milliseconds as the newest word says. 20 kHz."""
    mov(y, invert(null))
    wrap_target()
    label("rest")
    set(pins, 0)
    pull()
    mov(x, osr)
    label("on")
    jmp(not_x, "rest")
    set(pins, 1)
    pull(noblock)[14]  # x again where there is no newer word
    mov(x, osr)
    jmp(x_not_y, "count")
    jmp("on")
    label("count")
    jmp(x_dec, "on")


class HeldPin:
    """As `device.relay.TimedPin`, but no program can keep it on."""

    def __init__(self, pin: int) -> None:
        self._machine = rp2.StateMachine(_RELAY_MACHINE, hold, freq=20_000, set_base=Pin(pin))
        self._machine.active(1)

    def pulse(self, ms: int) -> None:
        """High for `ms` from now."""
        self._machine.put(ms)

    def set(self, level: bool) -> None:
        """Until told otherwise."""
        self._machine.put(_FOR_EVER if level else 0)


class _Line:
    """One line's edges, in a ring that its DMA channel writes."""

    def __init__(self, number: int, pin: Pin) -> None:
        self._memory = bytearray(2 * _RING_BYTES)
        self._ring = (uctypes.addressof(self._memory) + _RING_BYTES - 1) & -_RING_BYTES
        self._taken = 0
        machine = rp2.StateMachine(number, falls, freq=4_000_000, jmp_pin=pin)
        machine.exec("set(x, 0)")
        self._dma: Any = rp2.DMA()  # the stubs know only its methods
        how = self._dma.pack_ctrl(
            inc_read=False, ring_size=_RING_BITS, ring_sel=True, treq_sel=_RX_REQUEST + number, bswap=False
        )
        self._dma.config(read=_PIO0 + _RX_FIFO + 4 * number, write=self._ring, count=_TRANSFERS, ctrl=how, trigger=True)

    def waiting(self) -> int:
        """How many edges there are to take; -1: so many came that some are lost, and all are forgotten."""
        left = self._dma.count
        came = _TRANSFERS - left - self._taken
        if left == 0:
            self._taken = 0
            self._dma.config(write=self._ring, count=_TRANSFERS, trigger=True)
            return -1
        if came > _RING_EDGES:
            self._taken += came
            return -1
        return came

    def first(self) -> int:
        """When the oldest was, in µs since the start, modulo 2^32."""
        return -mem32[self._ring + 4 * self._taken % _RING_BYTES] & 0xFFFFFFFF

    def drop(self) -> None:
        """The oldest has been taken."""
        self._taken += 1


class PioEdges(EdgeRing):
    """The edges of two lines in the order in which they came."""

    def __init__(self, d0: Pin, d1: Pin) -> None:
        self.overrun = False
        self._lines = (_Line(0, d0), _Line(1, d1))
        self._start_us = time.ticks_us()
        self.since_us = self._start_us & TICKS_MASK
        mem32[_PIO0] = mem32[_PIO0] & _ENABLED | _ENABLE_BOTH

    def __len__(self) -> int:
        return self._waiting(0) + self._waiting(1)

    def take(self) -> "tuple[int, int]":
        line = 0
        if self._waiting(1):
            # Line 0 is looked at after line 1: an edge of it that came before that of line 1 is there by now.
            one = self._lines[1].first()
            line = 0 if self._waiting(0) and (one - self._lines[0].first()) & 0xFFFFFFFF < 1 << 31 else 1
        at_us = self._start_us + self._lines[line].first()
        self._lines[line].drop()
        return line, at_us & TICKS_MASK

    def _waiting(self, line: int) -> int:
        waiting = self._lines[line].waiting()
        if waiting < 0:
            self.overrun = True
            return 0
        return waiting
