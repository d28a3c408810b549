"""The RP2's programmable I/O programs, run on an emulated RP2040: edges and relay without any processor."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.board import TICKS_MASK
from device.reader import Reader
from doorwire import vocabulary as words
from tools.bundle import lean_sources
from tools.second_opinion import loop_back
from tools.tests.rp2_chip import Chip, chip_under
from tools.virtual_board.wiegand import wiegand26, wiegand34, wiegand37

D0, D1, RELAY = 5, 6, 2
GOOD_34 = (words.REASON_NONE, words.CREDENTIAL_CARD, 0x89ABCDEF)


class Board:
    """The door's side of the chip."""

    def __init__(self, chip: Chip, module: Any) -> None:
        self.chip, self.module = chip, module
        for line in (D0, D1):
            chip.level(line, True)
        self.edges = module.PioEdges(module.Pin(D0), module.Pin(D1))
        chip.run(20)

    def pulse(self, line: int, low_us: int, until_next_us: int) -> None:
        self.chip.level(line, False)
        self.chip.run(low_us)
        self.chip.level(line, True)
        self.chip.run(until_next_us - low_us)

    def swipe(self, bits: str, low_us: int = 50, interval_us: int = 200) -> None:
        for bit in bits:
            self.pulse(D1 if bit == "1" else D0, low_us, interval_us)

    def taken(self) -> list[tuple[int, int]]:
        return [self.edges.take() for _ in range(len(self.edges))]

    def poll(self, reader: Reader) -> list[tuple[int, int, int]]:
        return reader.poll(lambda: self.chip.us & TICKS_MASK, 0)


@pytest.fixture
def board() -> Iterator[Board]:
    with chip_under("device.pio_rp2") as chip:
        import device.pio_rp2 as module

        yield Board(chip, module)


def test_edges_have_their_line_and_microsecond(board: Board) -> None:
    began_us = board.chip.us
    board.swipe("0110")
    assert [line for line, _ in board.taken()] == [0, 1, 1, 0] and not board.edges.overrun
    board.swipe("10", low_us=20)
    board.swipe("01", low_us=100)
    for number, (_, at_us) in enumerate(board.taken()):
        assert abs(at_us - (began_us + 800 + 200 * number)) <= 5, number


@pytest.mark.parametrize(
    ("bits", "formats", "value"),
    [
        (wiegand26(5, 1234), (26, 34), 5 << 16 | 1234),
        (wiegand34(0x89ABCDEF), (26, 34), 0x89ABCDEF),
        (wiegand37(5, 1234), (37,), 5 << 19 | 1234),
        (f"{0x04A1B2C3D4E5F6:056b}", (56,), 0x04A1B2C3D4E5F6),
    ],
)
def test_a_whole_card_waits_while_python_stands_still(
    board: Board, bits: str, formats: tuple[int, ...], value: int
) -> None:
    reader = Reader(board.edges, formats)
    board.chip.run(25_000)
    board.poll(reader)
    board.swipe(bits, low_us=20)
    board.chip.run(25_000)
    assert board.poll(reader) == [(words.REASON_NONE, words.CREDENTIAL_CARD, value)]


def test_spikes_are_no_edges_and_leave_both_clocks_together(board: Board) -> None:
    reader = Reader(board.edges, (34,))
    for _ in range(2_000):
        board.pulse(D0, 6, 13)
    board.chip.run(25_000)
    assert len(board.edges) == 0
    began_us = board.chip.us
    board.pulse(D1, 50, 200)
    board.pulse(D0, 50, 200)
    (_, one_us), (_, zero_us) = board.taken()
    assert abs(one_us - began_us) <= 5 and abs(zero_us - one_us - 200) <= 1
    board.chip.run(25_000)
    board.poll(reader)
    board.swipe(wiegand34(0x89ABCDEF))
    board.chip.run(25_000)
    assert board.poll(reader) == [GOOD_34]


def test_edges_that_ran_over_are_told_and_the_next_card_is_read(board: Board) -> None:
    reader = Reader(board.edges, (34,))
    board.swipe("1" * 150)
    assert len(board.edges) == 0 and board.edges.overrun
    assert board.poll(reader) == []
    board.chip.run(25_000)
    assert board.poll(reader) == []
    board.swipe(wiegand34(0x89ABCDEF))
    board.chip.run(25_000)
    assert board.poll(reader) == [GOOD_34]


def test_a_dma_channel_that_came_to_its_end_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with chip_under("device.pio_rp2") as chip:
        import device.pio_rp2 as module

        monkeypatch.setattr(module, "_TRANSFERS", 3)
        board = Board(chip, module)
        board.swipe("11")
        assert [line for line, _ in board.taken()] == [1, 1]
        board.swipe("1")
        assert len(board.edges) == 0 and board.edges.overrun
        board.swipe("1")
        assert [line for line, _ in board.taken()] == [1]


def relay(board: Board) -> tuple[Any, Callable[[int], int]]:
    """The relay's pin, and for how many of the next milliseconds it is high."""
    pin = board.module.HeldPin(RELAY)

    def high_ms(within_ms: int) -> int:
        count = 0
        for _ in range(within_ms * 10):
            board.chip.run(100)
            count += board.chip.is_high(RELAY)
        return round(count / 10)

    return pin, high_ms


def test_the_relay_is_low_from_the_first_moment_and_after_its_time(board: Board) -> None:
    pin, high_ms = relay(board)
    assert high_ms(5) == 0
    pin.pulse(20)
    assert high_ms(40) == 20  # and nothing but the state machine did anything
    assert not board.chip.is_high(RELAY)


def test_a_newer_pulse_counts_from_now_without_letting_go(board: Board) -> None:
    pin, high_ms = relay(board)
    pin.pulse(10)
    assert high_ms(5) == 5
    pin.pulse(20)
    assert high_ms(19) == 19
    assert high_ms(20) <= 2


def test_a_relay_that_is_held_stays_until_it_is_told(board: Board) -> None:
    pin, high_ms = relay(board)
    pin.set(True)
    assert high_ms(50) == 50
    pin.pulse(5)
    assert high_ms(20) <= 6
    pin.set(True)
    assert high_ms(5) == 5
    pin.set(False)
    assert high_ms(5) <= 1 and not board.chip.is_high(RELAY)


def test_reading_and_holding_at_once(board: Board) -> None:
    pin, high_ms = relay(board)
    reader = Reader(board.edges, (34,))
    board.chip.run(25_000)
    board.poll(reader)
    pin.pulse(60)
    board.swipe(wiegand34(0x89ABCDEF))
    board.chip.run(25_000)
    assert board.poll(reader) == [GOOD_34]
    assert 60 - 6.8 - 25 - 2 <= high_ms(60) <= 60 - 6.8 - 25 + 2


def test_the_bundle_spoils_no_program() -> None:
    """It shortens names; these ones the chip's assembler has to know."""
    with chip_under("device.pio_rp2"):
        import device.pio_rp2 as module

        lean: dict[str, Any] = {"const": lambda number: number, "__name__": "lean"}
        exec(compile(lean_sources()["device/pio_rp2.py"], "pio_rp2.py", "exec"), lean)  # noqa: S102  our own firmware
        assert (lean["falls"].opcodes, lean["hold"].opcodes) == (module.falls.opcodes, module.hold.opcodes)


def test_what_a_chip_tests_on_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same file runs on a chip, real or emulated with its MicroPython."""
    monkeypatch.chdir(tmp_path)
    with chip_under("device.pio_rp2", "device.tests.rp2_test_chip") as chip:
        loop_back(chip.rp2040)
        module = importlib.import_module("device.tests.rp2_test_chip")
        tests = [getattr(module, name) for name in dir(module) if name.startswith("test_")]
        assert len(tests) == 3
        for test in tests:
            test()
    assert not list(tmp_path.iterdir())
