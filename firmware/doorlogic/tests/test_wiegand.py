"""Framing and parity: a card is read right or not at all."""

from doorlogic.wiegand import FORMATS, FRAME_END_US, LONGEST_FRAME, SHORTEST_US, Frame, Framer, decode
from doorwire import vocabulary as words

ALL = (26, 34)
# (bits as a reader sends them, card): 26 bits of facility 5 card 1234 and 34 bits of 0x89ABCDEF, parity by hand.
KNOWN = (("00000010100000100110100100", 0x0504D2), ("0100010011010101111001101111011111", 0x89ABCDEF))


def frame(bits: str) -> Frame:
    """These bits without noise."""
    return Frame(len(bits), int(bits, 2), False)


def flipped(bits: str, at: int) -> str:
    """The bits, one of them the other way."""
    return bits[:at] + ("1" if bits[at] == "0" else "0") + bits[at + 1 :]


def feed(framer: Framer, bits: str, interval_us: int = 1000) -> None:
    """The bits as edges; the first after a long silence."""
    for i in range(len(bits)):
        assert framer.edge(int(bits[i]), interval_us if i else 10 * FRAME_END_US) is None


def test_decode_known_cards() -> None:
    for bits, card in KNOWN:
        assert decode(frame(bits), ALL) == (words.REASON_NONE, card)


def test_decode_any_single_bit_flipped_is_a_parity_error() -> None:
    for bits, _ in KNOWN:
        for at in range(len(bits)):
            assert decode(frame(flipped(bits, at)), ALL) == (words.REASON_PARITY, 0), at


def test_decode_other_lengths_are_refused() -> None:
    for count in range(1, 70):
        if count not in ALL:
            assert decode(Frame(count, 0, False), ALL) == (words.REASON_FORMAT, 0)


def test_decode_a_format_that_is_not_configured_is_refused() -> None:
    assert decode(frame(KNOWN[1][0]), (26,)) == (words.REASON_FORMAT, 0)
    assert decode(Frame(32, 0, False), (-34, 26)) == (words.REASON_FORMAT, 0)


def test_decode_a_noisy_frame_is_refused() -> None:
    assert decode(Frame(26, int(KNOWN[0][0], 2), True), ALL) == (words.REASON_FORMAT, 0)


def test_framer_ends_a_frame_by_silence_only() -> None:
    framer = Framer()
    feed(framer, KNOWN[0][0])
    assert framer.silence(FRAME_END_US) is None
    whole = framer.silence(FRAME_END_US + 1)
    assert whole is not None and decode(whole, ALL) == (words.REASON_NONE, KNOWN[0][1])
    assert framer.empty and framer.silence(FRAME_END_US + 1) is None


def test_framer_ends_a_frame_at_the_next_edge_when_nobody_asked() -> None:
    framer = Framer()
    feed(framer, KNOWN[0][0])
    ended = framer.edge(1, FRAME_END_US + 1)
    assert ended is not None and ended.count == 26 and not framer.empty


def test_framer_takes_the_slowest_reader_and_refuses_the_too_quick_one() -> None:
    for interval_us, noisy in ((SHORTEST_US, False), (FRAME_END_US, False), (SHORTEST_US - 1, True)):
        framer = Framer()
        feed(framer, KNOWN[0][0], interval_us)
        whole = framer.silence(framer.end_us + 1)
        assert whole is not None and whole.noisy == noisy


def test_framer_refuses_frames_too_long_and_keeps_them_bounded() -> None:
    framer = Framer()
    feed(framer, "1" * 5000)
    whole = framer.silence(FRAME_END_US + 1)
    assert whole is not None and whole.noisy and whole.bits < 1 << LONGEST_FRAME


def test_framer_trusts_nothing_before_the_first_silence() -> None:
    framer = Framer()
    for bit in KNOWN[0][0]:
        assert framer.edge(int(bit), 1000) is None
    half = framer.silence(FRAME_END_US + 1)
    assert half is not None and half.count == 26 and half.noisy
    framer.lost()
    for bit in KNOWN[0][0]:
        assert framer.edge(int(bit), 1000) is None
    half = framer.silence(FRAME_END_US + 1)
    assert half is not None and half.noisy
    framer.lost()
    assert framer.silence(FRAME_END_US + 1) is None
    feed(framer, KNOWN[0][0])
    whole = framer.silence(FRAME_END_US + 1)
    assert whole is not None and not whole.noisy


def test_framer_that_lost_edges_refuses_that_frame_and_takes_the_next() -> None:
    framer = Framer()
    feed(framer, KNOWN[0][0])
    framer.lost()
    lost = framer.silence(FRAME_END_US + 1)
    feed(framer, KNOWN[0][0])
    whole = framer.silence(FRAME_END_US + 1)
    assert lost is not None and lost.noisy and whole is not None and not whole.noisy


def test_decode_37_bits_as_h10304() -> None:
    """Facility 5, card 1234: bit 19 is in both sums."""
    bits = "0" + "0000000000000101" + "0000000010011010010" + "0"
    assert decode(frame(bits), (37,)) == (words.REASON_NONE, 5 << 19 | 1234)
    for at in range(37):
        assert decode(frame(flipped(bits, at)), (37,))[0] == words.REASON_PARITY


def test_decode_56_bits_and_raw_ones_as_they_are() -> None:
    assert decode(Frame(56, 0x04A1B2C3D4E5F6, False), (56,)) == (words.REASON_NONE, 0x04A1B2C3D4E5F6)
    assert decode(Frame(32, 0xDEADBEEF, False), (-32,)) == (words.REASON_NONE, 0xDEADBEEF)
    assert decode(Frame(32, 0xDEADBEEF, True), (-32,)) == (words.REASON_FORMAT, 0)


def test_decode_swapped_lines_fail_in_every_format_with_parity() -> None:
    for count in (26, 34, 37):
        rules, _, _ = FORMATS[count]
        for _, bit, low, high in rules:
            assert (high - low + 2) % 2 == 1 and not low <= bit <= high
    for bits, _ in KNOWN:
        turned = "".join(["1" if bit == "0" else "0" for bit in bits])
        assert decode(frame(turned), ALL) == (words.REASON_PARITY, 0)


def test_framer_refuses_an_uneven_frame_at_every_speed() -> None:
    for interval_us in (250, 1_000, 4_000, 18_000):
        for gap, noisy in ((interval_us, False), (interval_us * 11 // 10, False), (2 * interval_us, True)):
            framer = Framer()
            for i in range(26):
                since = 10 * FRAME_END_US if i == 0 else gap if i == 13 else interval_us
                assert framer.edge(i % 2, since) is None, interval_us
            whole = framer.silence(framer.end_us + 1)
            assert whole is not None and (whole.count, whole.noisy) == (26, noisy), (interval_us, gap)


def test_framer_waits_longer_for_a_slow_reader() -> None:
    framer = Framer()
    feed(framer, "0101", 15_000)
    assert framer.end_us == 75_000 and framer.silence(75_000) is None and framer.silence(75_001) is not None
    assert framer.end_us == FRAME_END_US


def test_no_wrong_card_when_edges_are_lost_or_added() -> None:
    for bits, _ in KNOWN:
        for at in range(len(bits)):
            for damaged in (bits[:at] + bits[at + 1 :], bits[:at] + "0" + bits[at:], bits[:at] + "1" + bits[at:]):
                assert decode(frame(damaged), ALL)[0] == words.REASON_FORMAT
