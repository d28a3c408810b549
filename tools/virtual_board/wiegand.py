"""Bits of a Wiegand frame, first bit first, as SIA AC-01 has them."""

from __future__ import annotations


def wiegand26(facility: int, card: int) -> str:
    """26 bits: even parity over the first 12 data bits, 8 of facility, 16 of card, odd parity over the last 12."""
    if not (0 <= facility < 1 << 8 and 0 <= card < 1 << 16):
        raise ValueError("26 bits hold a facility of 0-255 and a card of 0-65535")
    return _with_parity(f"{facility:08b}{card:016b}")


def wiegand34(value: int) -> str:
    """34 bits: even parity over the first 16 data bits, 32 of value, odd parity over the last 16."""
    if not 0 <= value < 1 << 32:
        raise ValueError("34 bits hold a value of 0-4294967295")
    return _with_parity(f"{value:032b}")


def wiegand37(facility: int, card: int) -> str:
    """37 bits, HID's H10304: 16 of facility, 19 of card; even parity over the first 18, odd over the last 18."""
    if not (0 <= facility < 1 << 16 and 0 <= card < 1 << 19):
        raise ValueError("37 bits hold a facility of 0-65535 and a card of 0-524287")
    data = f"{facility:016b}{card:019b}"
    even = data[:18].count("1") % 2
    odd = 1 - data[17:].count("1") % 2
    return f"{even}{data}{odd}"


def keys(pressed: str, bits: int = 4) -> list[str]:
    """The bursts of a keypad's keys (0-9, * and #), 4 or 8 bits each."""
    codes = ["0123456789*#".index(key) for key in pressed]
    return [f"{code:04b}" if bits == 4 else f"{code ^ 15:04b}{code:04b}" for code in codes]


def _with_parity(data: str) -> str:
    half = len(data) // 2
    even = data[:half].count("1") % 2
    odd = 1 - data[half:].count("1") % 2
    return f"{even}{data}{odd}"
