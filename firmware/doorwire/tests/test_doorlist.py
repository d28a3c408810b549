"""The list as bytes: sorted, sealed, nobody's card in it."""

from hashlib import sha256

from doorwire import doorlist, listwriter
from doorwire.errors import MalformedError, SealError
from doorwire.tests.expect import refused
from doorwire.tests.vectors import DEVICE, KEY

DIGESTS = doorlist.digest_key(KEY)


def card(value: int, person: int) -> doorlist.Record:
    """A record of a card."""
    return doorlist.Record(doorlist.credential_digest(DIGESTS, 1, value), person)


def test_doorlist_vector_is_kept() -> None:
    data = listwriter.encode(KEY, DEVICE, 3, 1_760_000_000, 0, [card(1, 9)], [card(2, 8), card(3, 7)])
    assert data.hex() == (
        "4d4c021803000000000000000078e768000000000100000002000000000000000000000002a1b2c3d4e50000000000006b85"
        "664544b0bde40900000000000000000000000000000011fa33d7094a119007000000000000000000000000000000a784d20f"
        "d4da16cf08000000000000000000000000000000fb8f19733b53c303d39da0970faec0fe"
    )


def test_doorlist_is_sorted_and_holds_no_card() -> None:
    values = list(range(0x12345600, 0x12345640))
    data = listwriter.encode(KEY, DEVICE, 1, 0, 0, [], [card(value, 1) for value in values])
    records = [data[at : at + 24] for at in range(48, len(data) - 16, 24)]
    assert records == sorted(records)
    for value in values:
        assert value.to_bytes(4, "little") not in data
        assert value.to_bytes(4, "big") not in data


def test_doorlist_verify_refuses_any_bit_flipped_and_any_truncation() -> None:
    data = listwriter.encode(KEY, DEVICE, 1, 0, 0, [card(1, 1)], [card(2, 2)])
    assert listwriter.verify(KEY, DEVICE, data).version == 1
    broken = bytearray(data)
    for bit in range(8 * len(data)):
        broken[bit // 8] ^= 1 << bit % 8
        refused(SealError, listwriter.verify, KEY, DEVICE, bytes(broken))
        broken[bit // 8] ^= 1 << bit % 8
    for end in range(len(data)):
        refused(SealError, listwriter.verify, KEY, DEVICE, data[:end])


def test_doorlist_of_another_door_is_refused() -> None:
    data = listwriter.encode(KEY, DEVICE, 1, 0, 0, [], [])
    refused(MalformedError, listwriter.verify, KEY, bytes(6), data)
    refused(SealError, listwriter.verify, bytes(32), DEVICE, data)


def test_doorlist_record_keeps_its_fields() -> None:
    record = doorlist.Record(bytes(range(8)), 1, 2, 3, 4, 5, 6, 7)
    again = doorlist.Record.from_bytes(record.to_bytes())
    fields = (again.person, again.not_before, again.not_after, again.flags, again.schedule, again.uses, again.factor)
    assert again.digest == bytes(range(8)) and fields == (1, 2, 3, 4, 5, 6, 7)


CALENDAR = listwriter.Calendar((listwriter.week({0: [(480, 720)], 7: [(0, 15)]}),), ((19_999, 20_006),), 480)


def test_calendar_stands_behind_the_header() -> None:
    data = listwriter.encode(KEY, DEVICE, 1, 0, 0, [card(1, 1)], [], CALENDAR)
    header = listwriter.verify(KEY, DEVICE, data)
    assert (header.schedules, header.holidays, header.utc_offset_min) == (1, 1, 480)
    assert (header.calendar_at(), header.removed_at(), header.records_at()) == (48, 148, 148)
    week = data[48:144]
    assert sum([bin(byte).count("1") for byte in week]) == 17 and week[4] == 0xFF and week[84] == 1
    assert data[144:148] == (19_999).to_bytes(2, "little") + (20_006).to_bytes(2, "little")
    west = listwriter.encode(KEY, DEVICE, 1, 0, 0, [], [], listwriter.Calendar((), (), -210))
    assert listwriter.verify(KEY, DEVICE, west).utc_offset_min == -210


def test_digest_occurs_once_in_a_section() -> None:
    data = listwriter.encode(KEY, DEVICE, 1, 0, 0, [], [card(2, 8), card(2, 7), card(3, 7)])
    assert listwriter.verify(KEY, DEVICE, data).granted == 2


def test_delta_has_what_changed_and_where_it_leads() -> None:
    base = listwriter.encode(KEY, DEVICE, 3, 10, 0, [card(9, 9)], [card(n, n) for n in range(1, 6)])
    goal = listwriter.encode(
        KEY, DEVICE, 5, 20, 0, [card(5, 5)], [card(n, n) for n in range(1, 4)] + [card(4, 44)], CALENDAR
    )
    delta = listwriter.encode_delta(KEY, base, goal)
    header = listwriter.verify(KEY, DEVICE, delta)
    counts = (header.removed_denied, header.removed_granted, header.denied, header.granted)
    assert (header.version, header.base_version, header.generated_unix, counts) == (5, 3, 20, (1, 1, 1, 1))
    end = doorlist.Goal.from_bytes(delta[48:96])
    assert (end.digest, end.base_digest) == (sha256(goal).digest(), sha256(base).digest()[:8])
    assert (end.denied, end.granted) == (1, 4)
    assert delta[96:196] == CALENDAR.to_bytes() and delta[196:204] == card(9, 9).digest
    assert delta[204:212] == card(5, 5).digest
    assert delta[212:236] == card(5, 5).to_bytes() and delta[236:260] == card(4, 44).to_bytes()


def test_delta_of_any_two_lists_turns_one_into_the_other() -> None:
    dice = 1
    for few in (2, 5, 40):
        old, new = [], []
        for n in range(200):
            dice = dice * 1_103_515_245 + 12_345 & 0x7FFFFFFF
            fate = (dice >> 16) % few
            old += [] if fate == 1 else [card(n, n)]
            new += [] if fate == 0 else [card(n, n + (fate == 2))]
        base = listwriter.encode(KEY, DEVICE, 1, 0, 0, [], old)
        goal = listwriter.encode(KEY, DEVICE, 2, 0, 0, [], new)
        delta = listwriter.encode_delta(KEY, base, goal)
        header = listwriter.verify(KEY, DEVICE, delta)
        at = header.removed_at()
        removed = [delta[at + 8 * n : at + 8 * n + 8] for n in range(header.removed_granted)]
        at = header.records_at()
        rows = [delta[at + 24 * n : at + 24 * n + 24] for n in range(header.granted)]
        assert removed == sorted(removed) and rows == sorted(rows)
        assert not [row for row in rows if row in [record.to_bytes() for record in old]]
        kept = {row[:8]: row for row in [record.to_bytes() for record in old] if row[:8] not in removed}
        kept.update({row[:8]: row for row in rows})
        assert b"".join(sorted(kept.values())) == goal[48:-16]


def test_header_refuses_what_it_does_not_know() -> None:
    data = listwriter.encode(KEY, DEVICE, 1, 0, 0, [], [])
    for at, byte in ((0, 0x4E), (1, 0x44), (2, 1), (3, 25), (8, 1), (46, 1)):
        refused(MalformedError, doorlist.Header.from_bytes, data[:at] + bytes([byte]) + data[at + 1 : 48])
    refused(MalformedError, doorlist.Header.from_bytes, data[:47])


def test_the_same_pin_of_two_people_has_two_digests() -> None:
    assert doorlist.credential_digest(DIGESTS, 3, 11234, 7) != doorlist.credential_digest(DIGESTS, 3, 11234, 8)


def test_pins_keep_their_leading_zeros() -> None:
    assert len({doorlist.pin_value(pin) for pin in ("0", "00", "000", "1", "01")}) == 5
