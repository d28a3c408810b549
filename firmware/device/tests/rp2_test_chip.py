"""An RP2's own parts, on the chip: real, emulated with its MicroPython, or emulated without (tools/tests/rp2_chip.py).

The chip is its own reader: pins 5 and 6 are driven, and read by the programmable I/O.
"""

import os
import time

from machine import Pin, mem32

from device.pio_rp2 import HeldPin, PioEdges
from device.reader import Reader
from doorwire import vocabulary as words

D0, D1, RELAY = 5, 6, 2
BITS = "00000010100000100110100100"  # facility 5, card 1234
_STATUS = 0x40014000  # of pin 0, 8 bytes a pin: RP2040 datasheet 2.19.6.1
_DRIVEN = 1 << 13 | 1 << 9  # output enable and output, as the pad has them
_SILENCE_MS = 25


def is_high(pin: int) -> bool:
    """Whether a pin is driven high, whoever drives it."""
    return mem32[_STATUS + 8 * pin] & _DRIVEN == _DRIVEN


def test_a_card_read_by_state_machines() -> None:
    lines = Pin(D0, Pin.OUT, value=1), Pin(D1, Pin.OUT, value=1)
    edges = PioEdges(*lines)
    reader = Reader(edges, (26,))
    time.sleep_ms(_SILENCE_MS)
    for bit in BITS:
        lines[int(bit)].value(0)
        time.sleep_us(60)
        lines[int(bit)].value(1)
        time.sleep_us(940)
    assert len(edges) == 26
    time.sleep_ms(_SILENCE_MS)
    assert reader.poll(lambda: time.ticks_us() & 0x3FFFFFFF, 0) == [
        (words.REASON_NONE, words.CREDENTIAL_CARD, 0x0504D2)
    ]


def test_a_file_replaced_in_flash() -> None:
    for content in (b"old" * 3000, b"new" * 4000):
        with open("chip.new", "wb") as file:
            file.write(content)
        os.rename("chip.new", "chip.file")
        with open("chip.file", "rb") as file:
            assert file.read() == content
    os.remove("chip.file")


def test_a_relay_held_by_a_state_machine() -> None:
    relay = HeldPin(RELAY)
    time.sleep_ms(2)
    assert not is_high(RELAY)
    relay.pulse(30)
    time.sleep_ms(10)
    assert is_high(RELAY)
    time.sleep_ms(30)
    assert not is_high(RELAY)
    relay.set(True)
    time.sleep_ms(40)
    assert is_high(RELAY)
    relay.set(False)
    time.sleep_ms(2)
    assert not is_high(RELAY)
