"""An RP2040 without a processor: MicroPython's `rp2`, `machine` and `uctypes`, as far as `device.pio_rp2` uses them, on
the state machines, pins, DMA channels and memory of the rp2040py emulator. Registers as the RP2040 datasheet has them.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, ClassVar

from rp2040py import RP2040

PIO0, DMA, SRAM = 0x50200000, 0x50000000, 0x20000000
CYCLES_A_US = 125
_RESETS, _IO_BANK, _PADS_BANK, _SIO = 0x4000C000, 0x40014004, 0x4001C004, 0xD0000000

_WORDS: dict[str, object] = {
    "pins": 0, "x": 1, "y": 2, "null": 3, "isr": 6, "osr": 7, "noblock": 1,
    "not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "x_not_y": 5, "pin": 6,
    "invert": lambda source: source | 8,
}  # fmt: skip


class _Instruction:
    def __init__(self, opcode: int, label: str | None = None) -> None:
        self.opcode, self.label = opcode, label

    def __getitem__(self, delay: int) -> None:
        assert 0 <= delay < 32
        self.opcode |= delay << 8


class Program:
    """What `asm_pio` makes of a function. Opcodes: RP2040 datasheet 3.4."""

    def __init__(self, function: Callable[[], None], set_init: int | None, fifo_join: int) -> None:
        self.set_init, self.fifo_join = set_init, fifo_join
        self._listing: list[_Instruction] = []
        self._labels: dict[str, int] = {}
        self.wrap_target = 0
        own = {"jmp": self._jmp, "mov": self._mov, "set": self._set, "push": self._push, "pull": self._pull,
               "nop": lambda: self._add(0xA042), "label": self._label, "wrap_target": self._target}  # fmt: skip
        names = {**_WORDS, **own}
        code = function.__code__
        exec(code, names)  # noqa: S102  the function of our own firmware, with the assembler's words
        self.opcodes = [one.opcode | self._labels[one.label] if one.label else one.opcode for one in self._listing]

    def _add(self, opcode: int, label: str | None = None) -> _Instruction:
        self._listing.append(_Instruction(opcode, label))
        return self._listing[-1]

    def _label(self, name: str) -> None:
        assert name not in self._labels
        self._labels[name] = len(self._listing)

    def _target(self) -> None:
        self.wrap_target = len(self._listing)

    def _jmp(self, *words: Any) -> _Instruction:
        condition = words[0] if len(words) == 2 else 0
        return self._add(condition << 5, words[-1])

    def _mov(self, to: int, source: int) -> _Instruction:
        return self._add(0xA000 | to << 5 | source)

    def _set(self, to: int, value: int) -> _Instruction:
        assert 0 <= value < 32
        return self._add(0xE000 | to << 5 | value)

    def _push(self, mode: int = 0) -> _Instruction:
        return self._add(0x8000 if mode else 0x8020)

    def _pull(self, mode: int = 0) -> _Instruction:
        return self._add(0x8080 if mode else 0x80A0)


class Chip:
    """The emulated chip and its time."""

    def __init__(self) -> None:
        self.rp2040 = RP2040()
        self.rp2040.simulator = self  # type: ignore[assignment]  # we step it, nobody else does
        self.rp2040.write_uint32(_RESETS, 0)
        self.us = 1_000_000
        self._used = 0  # of the 32 words of program memory
        self._allocated = 0
        self.offsets: dict[int, int] = {}

    def run(self, us: int) -> None:
        """Let so many microseconds pass."""
        for _ in range(us):
            for _ in range(CYCLES_A_US):
                self.rp2040.pio[0].advance(1)
            self.rp2040.clock.tick(1000)
            self.us += 1

    def level(self, pin: int, level: bool) -> None:
        """Something outside drives a pin."""
        self.rp2040.gpio[pin].set_input_value(level)

    def is_high(self, pin: int) -> bool:
        """What a pin is driven to."""
        gpio = self.rp2040.gpio[pin]
        return bool(gpio.output_enable and gpio.output_value)

    def load(self, program: Program) -> int:
        """Into program memory, once: its offset."""
        if id(program) not in self.offsets:
            self.offsets[id(program)] = self._used
            for number, opcode in enumerate(program.opcodes):
                base = self._used if opcode >> 13 == 0 else 0  # jumps are absolute
                self.rp2040.write_uint32(PIO0 + 0x48 + 4 * (self._used + number), base + opcode)
            self._used += len(program.opcodes)
            assert self._used <= 32
        return self.offsets[id(program)]

    def allocate(self, size: int) -> int:
        """Memory on the heap, nowhere in particular."""
        address = SRAM + 0x1010 + self._allocated
        self._allocated += size
        return address

    def modules(self) -> dict[str, ModuleType]:
        """What the firmware imports."""
        rp2, machine, uctypes, time = [ModuleType(name) for name in ("rp2", "machine", "uctypes", "time")]
        chip = self

        class PIO:
            JOIN_RX, OUT_LOW = 2, 2

        def asm_pio(set_init: int | None = None, fifo_join: int = 0) -> Callable[[Callable[[], None]], Program]:
            return lambda function: Program(function, set_init, fifo_join)

        class StateMachine(_StateMachine):
            owner = chip

        class DMA(_DMA):
            owner = chip
            channels: ClassVar[list[int]] = []

        class Pin:
            OUT = 1

            def __init__(self, number: int, mode: int = 0, value: int = 1) -> None:
                self.number = number
                chip.rp2040.write_uint32(_PADS_BANK + 4 * number, 0x4A)  # input on, pulled up
                if mode == Pin.OUT:
                    self.value(value)
                    chip.rp2040.write_uint32(_IO_BANK + 8 * number, 5)  # function: SIO
                    chip.rp2040.write_uint32(_SIO + 0x24, 1 << number)  # output enable, set

            def value(self, level: int) -> None:
                chip.rp2040.write_uint32(_SIO + (0x14 if level else 0x18), 1 << self.number)  # output, set or clear

        class Memory:
            def __getitem__(self, address: int) -> int:
                value = chip.rp2040.read_uint32(address)
                return value - (1 << 32) if value >> 31 else value  # as mem32 does

            def __setitem__(self, address: int, value: int) -> None:
                chip.rp2040.write_uint32(address, value)

        rp2.__dict__.update(PIO=PIO, asm_pio=asm_pio, StateMachine=StateMachine, DMA=DMA)
        machine.__dict__.update(Pin=Pin, mem32=Memory())
        time.__dict__.update(ticks_us=lambda: self.us, sleep_us=self.run, sleep_ms=lambda ms: self.run(1000 * ms))
        uctypes.__dict__.update(addressof=lambda memory: chip.allocate(len(memory)))
        return {"rp2": rp2, "machine": machine, "uctypes": uctypes, "time": time}


class _StateMachine:
    owner: Chip

    def __init__(self, number: int, program: Program, freq: int, jmp_pin: Any = None, set_base: Any = None) -> None:
        write, self._at = self.owner.rp2040.write_uint32, PIO0 + 0xC8 + 0x18 * number
        self._number = number
        offset = self.owner.load(program)
        top = offset + len(program.opcodes) - 1
        write(self._at, (125_000_000 * 256 // freq) << 8)  # CLKDIV
        jump = jmp_pin.number << 24 if jmp_pin else 0
        write(self._at + 4, jump | top << 12 | (offset + program.wrap_target) << 7)  # EXECCTRL
        write(self._at + 8, program.fifo_join << 30 | 3 << 18)  # SHIFTCTRL
        if set_base:
            write(_IO_BANK + 8 * set_base.number, 6)  # function: PIO0
            write(self._at + 20, 1 << 26 | set_base.number << 5)  # PINCTRL
            assert program.set_init == 2
            write(self._at + 16, 0xE000)  # set pins, 0
            write(self._at + 16, 0xE081)  # set pindirs, 1
        write(self._at + 16, offset)  # jmp there

    def exec(self, words: str) -> None:
        assert words == "set(x, 0)"
        self.owner.rp2040.write_uint32(self._at + 16, 0xE020)

    def active(self, on: int) -> None:
        assert on == 1
        control = self.owner.rp2040.read_uint32(PIO0)
        self.owner.rp2040.write_uint32(PIO0, control | 1 << self._number)

    def put(self, word: int) -> None:
        self.owner.rp2040.write_uint32(PIO0 + 0x10 + 4 * self._number, word & 0xFFFFFFFF)


class _DMA:
    owner: Chip
    channels: ClassVar[list[int]]

    def __init__(self) -> None:
        self._at = DMA + 0x40 * len(self.channels)
        self.channels.append(1)

    def pack_ctrl(self, inc_read: bool, ring_size: int, ring_sel: bool, treq_sel: int, bswap: bool) -> int:
        fields = int(ring_sel) << 10 | ring_size << 6 | int(inc_read) << 4 | treq_sel << 15 | int(bswap) << 22
        return fields | 1 << 21 | 1 << 5 | 2 << 2 | 1 | (self._at - DMA) // 0x40 << 11

    def config(self, write: int, count: int, trigger: bool, read: int = -1, ctrl: int = -1) -> None:
        assert trigger
        put = self.owner.rp2040.write_uint32
        put(self._at + 4, write)
        put(self._at + 8, count)
        if read >= 0:
            put(self._at, read)
        put(self._at + 12, ctrl if ctrl >= 0 else self.owner.rp2040.read_uint32(self._at + 12) & ~(1 << 24))

    @property
    def count(self) -> int:
        return self.owner.rp2040.read_uint32(self._at + 8)


@contextmanager
def chip_under(*modules: str) -> Iterator[Chip]:
    """A chip, and these modules of the firmware imported upon it."""
    chip = Chip()
    fakes = chip.modules()
    kept = {name: sys.modules.pop(name, None) for name in (*fakes, *modules)}
    sys.modules.update(fakes)
    try:
        yield chip
    finally:
        for name, module in kept.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


__all__ = ("Chip", "Program", "array", "chip_under")
