"""Edges out of the ring into cards, levels out of noise, time out of ticks."""

from device.board import TICKS_MASK, EdgeRing
from device.inputs import DEBOUNCE_MS, Inputs
from device.reader import Reader
from doorlogic.door import RESTING, Levels
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BITS = "00000010100000100110100100"  # facility 5, card 1234
CARD = 0x0504D2
GOOD = (words.REASON_NONE, words.CREDENTIAL_CARD, CARD)
OPEN = Levels(True, False, False, False, False, False, False)


def swipe(edges: EdgeRing, start_us: int, bits: str = BITS, interval_us: int = 1000) -> int:
    """Put a card's edges into the ring; when the last came."""
    for i in range(len(bits)):
        edges.put(int(bits[i]), (start_us + i * interval_us) & TICKS_MASK)
    return start_us + (len(bits) - 1) * interval_us


def refused(reason: int, count: int = 1) -> "tuple[int, int, int]":
    """So many frames that were no card."""
    return reason, words.CREDENTIAL_NONE, count


def at(now_us: int) -> "Callable[[], int]":
    """A clock that stands there."""
    return lambda: now_us & TICKS_MASK


def test_reader_an_edge_that_comes_while_it_looks_ends_no_frame() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,))
    last_us = swipe(edges, 1_000_000, BITS[:13])

    def clock() -> int:
        """The interrupt strikes between the ring and the clock."""
        swipe(edges, last_us + 1_000, BITS[13:])
        return last_us + 900

    assert reader.poll(clock, 0) == []
    assert reader.poll(at(last_us + 13_000 + 20_001), 0) == [GOOD]


def test_reader_reads_a_card_after_silence_and_not_before() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,))
    last_us = swipe(edges, 1_000_000)
    assert reader.poll(at(last_us + 1_000), 0) == [] and reader.due_ms() == 21
    assert reader.poll(at(last_us + 20_001), 0) == [GOOD] and reader.due_ms() == -1
    assert reader.poll(at(last_us + 60_000), 0) == []


def test_reader_works_while_its_clock_wraps() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,))
    last_us = swipe(edges, TICKS_MASK - 12_345)
    assert reader.poll(at(last_us + 20_001), 0) == [GOOD]


def test_reader_tells_two_cards_apart_that_came_before_it_was_asked() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,))
    last_us = swipe(edges, 1_000_000)
    last_us = swipe(edges, last_us + 30_000)
    assert reader.poll(at(last_us + 20_001), 0) == [GOOD] * 2


def test_reader_counts_parity_and_length_errors() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,))
    last_us = swipe(edges, 1_000_000, "1" + BITS[1:])
    last_us = swipe(edges, last_us + 30_000, BITS[:-1])
    assert reader.poll(at(last_us + 20_001), 0) == [refused(words.REASON_FORMAT), refused(words.REASON_PARITY)]
    assert reader.errors == 2


def test_reader_refuses_a_card_when_the_ring_ran_over() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,))
    last_us = swipe(edges, 1_000_000, "1" * 300)
    assert len(edges) == EdgeRing.SIZE - 1 and edges.overrun
    assert reader.poll(at(last_us), 0) == []
    assert reader.poll(at(last_us + 20_001), 0) == [refused(words.REASON_FORMAT)]
    last_us = swipe(edges, 9_000_000)
    assert reader.poll(at(last_us + 20_001), 0) == [GOOD]


def test_reader_takes_the_end_of_a_frame_for_no_card() -> None:
    """Each is 26 good bits that are the last of 34: the reader began in the middle, or lost what was before."""
    began = EdgeRing()
    began.since_us = 999_000
    reader = Reader(began, (26,))
    last_us = swipe(began, 1_000_000)
    assert reader.poll(at(last_us + 20_001), 0) == [refused(words.REASON_FORMAT)]
    last_us = swipe(began, last_us + 30_000)
    assert reader.poll(at(last_us + 20_001), 0) == [GOOD]

    began.overrun = True  # with nothing left in the ring: as the RP2's, which forgets all
    assert reader.poll(at(last_us + 999_000), 0) == []
    last_us = swipe(began, last_us + 1_000_000)
    assert reader.poll(at(last_us + 20_001), 10_000) == [refused(words.REASON_FORMAT)]


def test_reader_tells_a_floating_line_once_in_ten_seconds_and_parity_at_once() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,))
    told = []
    for n in range(400):  # each 100 ms: spikes for 20 s, then frames; among them one card read wrong
        bits = "1" + BITS[1:] if n == 333 else "101" if n < 200 else "10101"
        last_us = swipe(edges, 1_000_000 + 100_000 * n, bits)
        for read in reader.poll(at(last_us + 20_001), 100 * n):
            told.append((n,) + read)
    assert told == [
        (200,) + refused(words.REASON_FORMAT, 201),
        (300,) + refused(words.REASON_FORMAT, 100),
        (333,) + refused(words.REASON_PARITY),
    ]
    assert reader.errors == 400
    assert reader.poll(at(50_000_000), 40_000) == [refused(words.REASON_FORMAT, 98)]  # what was held back
    assert reader.poll(at(50_000_000), 90_000) == []


def typed(reader: Reader, edges: EdgeRing, pressed: str, bits: int, start_us: int, step_ms: int = 300) -> "list[int]":
    """Keys as bursts, one each `step_ms`: the PINs that come out."""
    pins = []
    for n in range(len(pressed)):
        code = "0123456789*#".index(pressed[n])
        number = code if bits == 4 else (code ^ 15) << 4 | code
        last_us = swipe(
            edges, start_us + n * step_ms * 1000, "".join([str(number >> k & 1) for k in range(bits)][::-1])
        )
        for reason, kind, value in reader.poll(at(last_us + 20_001), (start_us + n * step_ms * 1000) // 1000):
            assert (reason, kind) == (words.REASON_NONE, words.CREDENTIAL_PIN)
            pins.append(value)
    return pins


def test_keypad_makes_pins_of_keys() -> None:
    for bits in (4, 8):
        edges = EdgeRing()
        reader = Reader(edges, (26, 34), bits)
        assert typed(reader, edges, "0123#", bits, 1_000_000) == [10123]
        assert typed(reader, edges, "99*4711#", bits, 20_000_000) == [14711]
        assert typed(reader, edges, "123#", bits, 40_000_000) == []
        assert typed(reader, edges, "123456789012#", bits, 60_000_000) == [1123456789012]
        assert typed(reader, edges, "1234567890123#", bits, 80_000_000) == []
        assert typed(reader, edges, "4711#", bits, 100_000_000, 11_000) == []
        last_us = swipe(edges, 200_000_000)
        assert reader.poll(at(last_us + 20_001), 0) == [GOOD]


def test_keypad_takes_no_noise_for_a_key() -> None:
    edges = EdgeRing()
    reader = Reader(edges, (26,), 8)
    last_us = swipe(edges, 1_000_000, "00010001")
    assert reader.poll(at(last_us + 20_001), 0) == [refused(words.REASON_FORMAT)]
    last_us = swipe(edges, 2_000_000, "0001")
    assert reader.poll(at(last_us + 20_001), 10_000) == [refused(words.REASON_FORMAT)]
    last_us = swipe(edges, 3_000_000, "00111100")  # 12: no key
    assert reader.poll(at(last_us + 20_001), 20_000) == [refused(words.REASON_FORMAT)]


def test_inputs_count_when_they_have_stood() -> None:
    inputs = Inputs(RESTING)
    assert inputs.due_ms(100) == -1
    assert inputs.sample(OPEN, 100) == RESTING and inputs.due_ms(110) == DEBOUNCE_MS - 10
    assert inputs.sample(OPEN, 100 + DEBOUNCE_MS - 1) == RESTING
    assert inputs.sample(OPEN, 100 + DEBOUNCE_MS) == OPEN and inputs.due_ms(200) == -1


def test_inputs_that_bounce_never_count() -> None:
    inputs = Inputs(RESTING)
    for now_ms in range(0, 1000, 10):
        assert inputs.sample(OPEN if now_ms // 10 % 2 else RESTING, now_ms) == RESTING


def test_inputs_that_bounce_hold_up_no_other() -> None:
    inputs = Inputs(RESTING)
    for now_ms in range(0, 1000, 10):
        seen = Levels(now_ms >= 500, now_ms // 10 % 2 > 0, False, False, now_ms >= 510, False, False)
        levels = inputs.sample(seen, now_ms)
        assert levels.contact == (now_ms >= 500 + DEBOUNCE_MS) and levels.tamper == (now_ms >= 510 + DEBOUNCE_MS)
        assert not levels.rex


def test_inputs_wait_for_the_first_that_may_count() -> None:
    inputs = Inputs(RESTING)
    inputs.sample(OPEN, 100)
    inputs.sample(Levels(True, True, False, False, False, False, False), 120)
    assert inputs.due_ms(125) == 5 and inputs.due_ms(140) == 0
    assert inputs.sample(OPEN, 130) == OPEN and inputs.due_ms(130) == -1
