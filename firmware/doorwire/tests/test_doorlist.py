"""The list as bytes: sorted, sealed, nobody's card in it."""

from doorwire import doorlist
from doorwire.errors import MalformedError, SealError
from doorwire.tests.expect import refused
from doorwire.tests.vectors import DEVICE, KEY

DIGESTS = doorlist.digest_key(KEY)


def card(value: int, person: int) -> doorlist.Record:
    """A record of a card."""
    return doorlist.Record(doorlist.credential_digest(DIGESTS, 1, value), person)


def test_doorlist_vector_is_kept() -> None:
    data = doorlist.encode(KEY, DEVICE, 3, 1_760_000_000, 0, [card(1, 9)], [card(2, 8), card(3, 7)])
    assert data.hex() == (
        "4d4c0118030000000078e76800000000010000000200000002a1b2c3d4e50000461846eece7f9c1f09000000000000000000"
        "0000000000003db53a7bb3de193a07000000000000000000000000000000d1fb97b0ba001823080000000000000000000000"
        "0000000061e5c809a39706659b3022c3bbf65f8d"
    )


def test_doorlist_is_sorted_and_holds_no_card() -> None:
    values = list(range(0x12345600, 0x12345640))
    data = doorlist.encode(KEY, DEVICE, 1, 0, 0, [], [card(value, 1) for value in values])
    records = [data[at : at + 24] for at in range(32, len(data) - 16, 24)]
    assert records == sorted(records)
    for value in values:
        assert value.to_bytes(4, "little") not in data
        assert value.to_bytes(4, "big") not in data


def test_doorlist_verify_refuses_any_bit_flipped_and_any_truncation() -> None:
    data = doorlist.encode(KEY, DEVICE, 1, 0, 0, [card(1, 1)], [card(2, 2)])
    assert doorlist.verify(KEY, DEVICE, data).version == 1
    broken = bytearray(data)
    for bit in range(8 * len(data)):
        broken[bit // 8] ^= 1 << bit % 8
        refused(SealError, doorlist.verify, KEY, DEVICE, bytes(broken))
        broken[bit // 8] ^= 1 << bit % 8
    for end in range(len(data)):
        refused(SealError, doorlist.verify, KEY, DEVICE, data[:end])


def test_doorlist_of_another_door_is_refused() -> None:
    data = doorlist.encode(KEY, DEVICE, 1, 0, 0, [], [])
    refused(MalformedError, doorlist.verify, KEY, bytes(6), data)
    refused(SealError, doorlist.verify, bytes(32), DEVICE, data)


def test_doorlist_record_keeps_its_fields() -> None:
    record = doorlist.Record(bytes(range(8)), 1, 2, 3, 4, 5, 6, 7)
    again = doorlist.Record.from_bytes(record.to_bytes())
    fields = (again.person, again.not_before, again.not_after, again.flags, again.schedule, again.uses, again.factor)
    assert again.digest == bytes(range(8)) and fields == (1, 2, 3, 4, 5, 6, 7)


def test_pins_keep_their_leading_zeros() -> None:
    assert len({doorlist.pin_value(pin) for pin in ("0", "00", "000", "1", "01")}) == 5
