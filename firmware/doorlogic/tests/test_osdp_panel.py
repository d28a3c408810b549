"""The panel and its readers over days of a time of their own: sessions, hot plug, resends, what is refused and told."""

from doorlogic import osdp
from doorlogic.osdp_reader import NEW_KEY, SECURE
from doorlogic.osdp_secure import SCBK_D
from doorlogic.tests.osdp_device import KEY, Device, House, card, keys
from doorwire import doorlist
from doorwire import vocabulary as words

_CARD_26 = "00001100000000001001000001"  # facility 24, card 288, its parity right
_VALUE = 24 << 16 | 288
_KEYS = {0: KEY, 1: KEY, 2: KEY, 3: KEY}


def _secure(count: int = 1) -> House:
    """A house whose readers' sessions stand."""
    devices = [Device(address) for address in range(count)]
    house = House(devices, {device.address: KEY for device in devices})
    house.run_until(lambda: all([reader.secure for reader in house.panel.readers]), 1_000 * count)
    return house


def _read(house: House) -> "list[tuple[int, int, int, int]]":
    """(address, reason, kind, value) of what was read."""
    return [(news.address, news.reason, news.credential, news.value) for _, news in house.news if news.kind == 0]


def test_card_pin_and_refusals_are_what_a_wiegand_reader_would_give() -> None:
    house = _secure(2)
    wrong = "1" + _CARD_26[1:]
    house.devices[1].events += [card(_CARD_26), card(wrong), card(_CARD_26[:-1]), keys("12"), keys("34#")]
    house.run(1_000)
    pin = doorlist.pin_value("1234")
    assert _read(house) == [
        (1, words.REASON_NONE, words.CREDENTIAL_CARD, _VALUE),
        (1, words.REASON_PARITY, words.CREDENTIAL_CARD, 0),
        (1, words.REASON_FORMAT, words.CREDENTIAL_CARD, 0),
        (1, words.REASON_NONE, words.CREDENTIAL_PIN, pin),
    ]


def test_cards_and_keys_of_a_wrong_shape_are_no_credential() -> None:
    house = _secure()
    code, good = card(_CARD_26)
    shapes = [good[:cut] for cut in range(len(good))] + [good + b"\x00"]
    shapes += [good[:1] + bytes([kind]) + good[2:] for kind in range(2, 256)]
    shapes += [
        good[:2] + bytes([bits, high]) + good[4:] for bits in range(256) for high in (0, 1) if bits != 26 or high
    ]
    house.devices[0].events += [(code, data) for data in shapes]
    house.devices[0].events += [
        (osdp.KEYPAD, data) for data in (b"", b"\x00", b"\x00\x04", b"\x00\x00\x0d", b"\x00\x04ABC#")
    ]
    house.run_until(lambda: not house.devices[0].events, 200_000)
    house.run(200)
    assert house.panel.readers[0].secure
    assert not [read for read in _read(house) if read[1] == words.REASON_NONE]


def test_lost_reply_is_asked_for_again_with_the_same_frame_and_the_card_counts_once() -> None:
    house = _secure()
    house.devices[0].events.append(card(_CARD_26))
    drops = [2]

    def drop(said: bytes) -> bytes:
        if osdp.Reply(said).code == osdp.RAW and drops[0]:
            drops[0] -= 1
            return said[:10] if drops[0] else b""
        return said

    house.meddle = drop
    house.run(2_000)
    assert _read(house) == [(0, words.REASON_NONE, words.CREDENTIAL_CARD, _VALUE)]
    same = [1 for first, second in zip(house.sent, house.sent[1:]) if first == second]  # noqa: B905 (MicroPython)
    assert len(same) == 2 and house.told(SECURE) == 1


def test_busy_reader_is_waited_for_and_one_that_stays_busy_is_away() -> None:
    house = _secure()
    house.devices[0].busy = 10
    house.run(2_500)
    assert house.told(SECURE) == 1 and house.panel.readers[0].secure
    house.devices[0].busy = 1_000
    house.run(8_000)
    assert house.told(words.EVENT_READER_LOST, words.REASON_TIMEOUT) == 1


def _back_ms(away_ms: int) -> int:
    """From power at one reader to its first card; three others are not there."""
    devices = [Device(address) for address in range(4)]
    for device in devices[1:]:
        device.plugged = False
    house = House(devices, _KEYS)
    reader = house.panel.readers[0]
    house.run_until(lambda: reader.secure, 2_000)
    devices[0].plugged = False
    house.run(away_ms)
    assert not reader.secure and reader.alarms == words.ALARM_READER
    devices[0].plug()
    devices[0].events = [card(_CARD_26)]
    took_ms = house.run_until(lambda: len(_read(house)) > 0, 2_000)
    assert reader.alarms == 0
    return took_ms


def test_replugged_reader_is_back_within_two_seconds_at_any_moment_beside_three_that_are_not_there() -> None:
    assert 500 < max([_back_ms(5_000 + phase * 27) for phase in range(40)]) <= 2_000


def test_reader_that_was_reset_is_back_at_once_and_nothing_is_told() -> None:
    house = _secure()
    house.devices[0].plug()
    house.run(200)
    house.run_until(lambda: house.panel.readers[0].secure, 600)
    assert [news.kind for _, news in house.news] == [SECURE, SECURE]


def test_loose_contact_is_told_once_a_minute_and_its_alarm_follows_each_time() -> None:
    house = _secure()
    alarms = 0
    for _ in range(8):
        house.devices[0].plugged = False
        house.run(3_000)
        alarms += house.panel.readers[0].alarms == words.ALARM_READER
        house.devices[0].plug()
        house.run(2_000)
        alarms += house.panel.readers[0].alarms == 0
    assert alarms == 16
    assert house.told(words.EVENT_READER_LOST) == house.told(words.EVENT_READER_FOUND) == 1
    house.run(60_000)
    house.devices[0].plugged = False
    house.run(3_000)
    assert house.told(words.EVENT_READER_LOST) == 2


def test_tamper_and_power_are_told_and_the_alarm_lasts_until_the_reader_says_otherwise() -> None:
    house = _secure()
    device, reader = house.devices[0], house.panel.readers[0]
    device.events += [(osdp.LSTATR, b"\x01\x00"), (osdp.LSTATR, b"\x01\x01")]
    house.run(500)
    assert house.told(words.EVENT_TAMPER, words.REASON_NONE) == 1 and reader.alarms == words.ALARM_TAMPER
    assert house.told(words.EVENT_READER_ERROR, words.REASON_POWER) == 1
    device.plug()  # out and in again with its cover open: still an alarm
    device.tamper = 1
    house.run(1_500)
    assert reader.secure and reader.alarms == words.ALARM_TAMPER
    device.events.append((osdp.LSTATR, b"\x00\x00"))
    house.run(500)
    assert reader.alarms == 0 and house.told(words.EVENT_TAMPER) == 1


def test_light_and_sound_go_to_the_reader_in_session() -> None:
    house = _secure()
    house.panel.readers[0].signal(1_000, 0)
    house.panel.readers[0].signal(0, 400)
    house.run(300)
    told = [command for command in house.devices[0].commands if command[0] != osdp.LSTAT]
    assert told == [
        (osdp.LED, bytes([0, 0, 2, 10, 0, 2, 0, 10, 0, 0, 0, 0, 0, 0])),
        (osdp.BUZ, bytes([0, 2, 4, 0, 1])),
    ]


def _refused(device: Device, key: "bytes | None", meddle: "object" = None) -> House:
    """Half a minute with a reader that must not be trusted; it has the card to tell all the time."""
    device.events = [card(_CARD_26)] * 1_000
    house = House([device], {} if key is None else {device.address: key})
    if meddle is not None:
        house.meddle = meddle  # type: ignore[assignment]
    house.run(30_000)
    assert not _read(house) and not house.panel.readers[0].secure
    assert house.panel.readers[0].alarms == words.ALARM_READER
    assert house.told(words.EVENT_READER_LOST) == 1 and house.told(NEW_KEY) == 0
    return house


def test_wrong_key_is_refused_and_told_once() -> None:
    house = _refused(Device(0, bytes(16)), KEY)
    assert house.told(words.EVENT_TAMPER, words.REASON_WRONG_KEY) == 1 == house.told(words.EVENT_TAMPER)


def test_reader_in_delivery_state_is_refused_while_commissioning_is_shut() -> None:
    house = _refused(Device(0, None), None)
    assert house.told(words.EVENT_READER_ERROR, words.REASON_WRONG_KEY) == 1
    house = _refused(Device(0, None), KEY)
    assert house.told(words.EVENT_TAMPER, words.REASON_NOT_SECURE) == 1


def test_public_key_under_another_name_is_refused() -> None:
    """A reader that answers on SCBK-D where its own key was asked for, and says so or not."""
    house = _refused(Device(0, SCBK_D), KEY)
    assert house.told(words.EVENT_TAMPER, words.REASON_WRONG_KEY) == 1

    def honest(said: bytes) -> bytes:
        if osdp.Reply(said).code != osdp.CCRYPT:
            return said
        return osdp.closed(said[:7] + b"\x00" + said[8:-2])

    house = _refused(Device(0, KEY), KEY, honest)
    assert house.told(words.EVENT_TAMPER, words.REASON_NOT_SECURE) == 1


def test_capabilities_without_encryption_are_a_downgrade() -> None:
    device = Device(0)
    device.secures = False
    house = _refused(device, KEY)
    assert house.told(words.EVENT_TAMPER, words.REASON_NOT_SECURE) == 1
    assert osdp.CHLNG not in [osdp.Reply(raw).code for raw in house.sent]


def test_card_in_the_clear_is_no_card_at_any_step() -> None:
    """Whatever is asked, from the first frame on or from the session's midst, a card comes back in the clear."""
    code, data = card(_CARD_26)

    def clear(said: bytes) -> bytes:
        return osdp.closed(osdp.head(said[1], osdp.Reply(said).sequence, b"", code, data))

    house = _refused(Device(0), KEY, clear)
    assert house.told(words.EVENT_TAMPER, words.REASON_NOT_SECURE) == 1
    for wanted in (osdp.PDCAP, osdp.CCRYPT, osdp.RMAC_I, osdp.LSTATR, osdp.ACK):

        def at_step(said: bytes) -> bytes:
            return clear(said) if osdp.Reply(said).code == wanted else said  # noqa: B023 (used in this round only)

        house = House([Device(0)], {0: KEY})
        house.meddle = at_step
        house.run(5_000)
        assert not _read(house) and house.told(words.EVENT_TAMPER, words.REASON_NOT_SECURE) == 1


def test_sealed_card_without_encryption_is_no_card() -> None:
    house = _secure()
    device = house.devices[0]
    code, data = card(_CARD_26)

    def bare(said: bytes) -> bytes:
        session = device.session
        if session is None or osdp.Reply(said).code != osdp.ACK:
            return said
        raw = osdp.head(said[1], osdp.Reply(said).sequence, bytes([osdp.SCS_16]), code, data, osdp.MAC_SIZE)
        session._theirs = session._mac(raw, session._ours)
        return osdp.closed(raw + session._theirs[: osdp.MAC_SIZE])

    house.meddle = bare
    house.run(3_000)
    assert not _read(house) and house.told(words.EVENT_TAMPER, words.REASON_NOT_SECURE) == 1


def test_recorded_replies_are_worth_nothing_later() -> None:
    house = _secure()
    recorded: list[bytes] = []

    def record(said: bytes) -> bytes:
        recorded.append(said)
        return said

    house.meddle = record
    house.devices[0].events.append(card(_CARD_26))
    house.run(1_000)
    cards = [said for said in recorded if osdp.Reply(said).code == osdp.RAW]
    assert len(cards) == 1 and len(_read(house)) == 1

    def replay(said: bytes) -> bytes:
        reply = osdp.Reply(said)
        return osdp.closed(cards[0][:4] + bytes([cards[0][4] & ~3 | reply.sequence]) + cards[0][5:-2])

    for meddle in (replay, lambda said: cards[0]):
        house.meddle = meddle
        house.run(5_000)
    assert len(_read(house)) == 1
    assert house.told(words.EVENT_READER_ERROR, words.REASON_SEAL) == 1


def test_silent_readers_do_not_keep_the_others_cards_waiting() -> None:
    devices = [Device(address) for address in range(4)]
    for device in devices[1:]:
        device.plugged = False
    house = House(devices, _KEYS)
    house.run(10_000)
    for _ in range(30):
        seen = len(_read(house))
        devices[0].events.append(card(_CARD_26))
        house.run_until(lambda: len(_read(house)) > seen, 1_000)  # noqa: B023 (used in this round only)
        house.run(130)


def test_commissioning_makes_a_key_for_each_reader_before_it_is_sent_and_shuts_when_all_are_secure() -> None:
    devices = [Device(0, None), Device(1, None), Device(2)]
    house = House(devices, {2: KEY}, window_ms=300_000)
    readers = house.panel.readers
    house.run_until(lambda: all([reader.secure for reader in readers]), 5_000)
    assert [news.address for _, news in house.news if news.kind == NEW_KEY] == [0, 1]
    made = [reader.key for reader in readers]
    assert made == [device.key for device in devices] and made[0] != made[1] and made[2] == KEY and None not in made
    keysets = [raw for raw in house.sent if osdp.Reply(raw).code == osdp.KEYSET]
    assert len(keysets) == 2 and not [key for key in made if key and key in b"".join(keysets)]
    devices[0].key = None  # a fresh one in its place: too late
    devices[0].plug()
    house.run(10_000)
    assert devices[0].key is None and house.told(words.EVENT_TAMPER, words.REASON_NOT_SECURE) == 1


def test_commissioning_ends_with_its_time() -> None:
    device = Device(0, None)
    device.plugged = False
    house = House([device], {}, window_ms=4_000)
    house.run(4_000)
    device.plug()
    house.run(5_000)
    assert device.key is None and house.told(NEW_KEY) == 0
    assert house.told(words.EVENT_READER_ERROR, words.REASON_WRONG_KEY) == 1


def test_commissioning_leaves_a_reader_that_has_its_key_alone_and_replaces_one_that_was_changed() -> None:
    kept, changed = Device(0), Device(1, None)
    house = House([kept, changed], {0: KEY, 1: KEY}, window_ms=60_000)
    house.run_until(lambda: all([reader.secure for reader in house.panel.readers]), 5_000)
    assert kept.key == KEY and changed.key not in (None, KEY)
    assert osdp.KEYSET not in [code for code, _ in kept.commands]


def test_commissioning_that_was_under_way_when_its_time_ended_is_not_taken_up_again() -> None:
    for known in ({}, {0: KEY}):
        device = Device(0, None)
        house = House([device], known, window_ms=4_000)
        house.meddle = lambda said: b"" if osdp.Reply(said).code == osdp.RMAC_I else said
        house.run(4_500)
        house.meddle = lambda said: said
        house.run(5_000)
        assert osdp.SCRYPT in [osdp.Reply(raw).code for raw in house.sent]
        assert device.key is None and house.told(NEW_KEY) == 0


def test_reader_that_is_mistrusted_again_after_a_good_minute_is_told_again() -> None:
    house = _secure()
    device = house.devices[0]
    for good_ms, told in ((0, 1), (40_000, 1), (40_000, 1), (61_000, 2)):
        house.run(good_ms)
        device.key = bytes(16)
        device.plug()
        house.run(5_000)
        device.key = KEY
        device.plug()
        house.run_until(lambda: house.panel.readers[0].secure, 2_000)
        assert house.told(words.EVENT_TAMPER, words.REASON_WRONG_KEY) == told


def test_keys_pressed_before_a_session_ended_do_not_count_with_those_after_it() -> None:
    house = _secure()
    house.devices[0].events.append(keys("12"))
    house.run(500)
    house.devices[0].plug()
    house.devices[0].events.append(keys("34#"))
    house.run(2_000)
    assert [value for _, _, _, value in _read(house)] != [doorlist.pin_value("1234")]


def test_replies_of_another_turn_or_another_reader_are_none() -> None:
    for at, bits in ((4, 1), (4, 2), (1, 1)):

        def spoil(said: bytes) -> bytes:
            return osdp.closed(said[:at] + bytes([said[at] ^ bits]) + said[at + 1 : -2])  # noqa: B023 (in this round)

        house = House([Device(0)], {0: KEY})
        house.meddle = spoil
        house.run(5_000)
        assert osdp.CAP not in [osdp.Reply(raw).code for raw in house.sent]
        assert house.told(words.EVENT_READER_LOST, words.REASON_TIMEOUT) == 1
