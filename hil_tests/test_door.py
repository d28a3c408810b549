"""A door as those outside it know it: reader, relay, broker. Real firmware, real MicroPython, real Mosquitto."""

from __future__ import annotations

import asyncio
import time

from doorwire import doorlist
from doorwire import vocabulary as words
from doorwire.messages import Command, Event, Hello, Result
from hil_tests.conftest import Play, Station
from tools.virtual_board.wiegand import wiegand26, wiegand34

QUIET_S = 1.0
DAY_S = 86_400
FACILITY = 12
LISTED, LAPSED, DENIED, STRANGE = 100, 101, 102, 103
LISTED_34 = 0x12345678


def card(here: Station, value: int, **settings: int) -> doorlist.Record:
    key = doorlist.digest_key(here.identity.key)
    return doorlist.Record(doorlist.credential_digest(key, words.CREDENTIAL_CARD, value), person=7, **settings)


def number(value: int) -> int:
    return FACILITY << 16 | value


async def ready(here: Station) -> None:
    """Power, hello, clock, list."""
    await here.door.start()
    await here.desk.hear(Hello)
    granted = [
        card(here, number(LISTED)),
        card(here, number(LAPSED), not_after=int(time.time()) - DAY_S),
        card(here, LISTED_34),
    ]
    installed = await here.desk.install(1, [card(here, number(DENIED))], granted)
    assert (installed.version, installed.reason) == (1, words.REASON_NONE)


async def event(here: Station, kind: int) -> Event:
    """The first event of this kind, as the desk hears it."""
    async with asyncio.timeout(20):
        while True:
            for heard in here.desk.messages(Event):
                if heard.kind == kind:
                    return heard
            await here.desk.hear(Event, len(here.desk.messages(Event)))


async def refused(here: Station, bits: str) -> Event:
    """Show a card; the relay must not move. The denial."""
    await ready(here)
    await here.door.swipe(bits)
    denied = await event(here, words.EVENT_DENIED)
    await asyncio.sleep(QUIET_S)
    assert here.relay_rises() == 0
    return denied


def test_listed_card_opens_for_the_release_time(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        await here.door.swipe(wiegand26(FACILITY, LISTED))
        up = await here.door.wait_level("relay", True, 2)
        down = await here.door.wait_level("relay", False, 5)
        assert 0.8e6 < down.at_us - up.at_us < 1.5e6
        granted = await event(here, words.EVENT_GRANTED)
        assert (granted.reason, granted.person, granted.credential) == (words.REASON_LISTED, 7, number(LISTED))
        assert granted.list_version == 1 and abs(granted.at_unix - time.time()) < 5

    play(test)


def test_34_bit_card_opens(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        await here.door.swipe(wiegand34(LISTED_34))
        await here.door.wait_level("relay", True, 2)

    play(test)


def test_unknown_card_is_denied(play: Play) -> None:
    async def test(here: Station) -> None:
        denied = await refused(here, wiegand26(FACILITY, STRANGE))
        assert (denied.reason, denied.credential) == (words.REASON_UNKNOWN_CREDENTIAL, number(STRANGE))

    play(test)


def test_lapsed_card_is_denied(play: Play) -> None:
    async def test(here: Station) -> None:
        assert (await refused(here, wiegand26(FACILITY, LAPSED))).reason == words.REASON_EXPIRED

    play(test)


def test_card_in_the_deny_set_is_denied(play: Play) -> None:
    async def test(here: Station) -> None:
        assert (await refused(here, wiegand26(FACILITY, DENIED))).reason == words.REASON_REVOKED

    play(test)


def test_wrong_parity_never_opens(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        good = wiegand26(FACILITY, LISTED)
        await here.door.swipe(("1" if good[0] == "0" else "0") + good[1:])
        told = await event(here, words.EVENT_READER_ERROR)
        assert (told.reason, told.credential) == (words.REASON_PARITY, 1)
        await asyncio.sleep(QUIET_S)
        assert here.relay_rises() == 0

    play(test)


def test_sealed_open_acts_once_and_never_again(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        data = await here.desk.open()
        assert (await here.desk.hear(Result)).reason == words.REASON_NONE
        await here.door.wait_level("relay", False, 5)
        for retain in (False, True, False):
            await here.desk.publish(data, retain)
        await asyncio.sleep(QUIET_S)
        assert here.relay_rises() == 1

    play(test)


def test_hostile_frames_move_nothing(play: Play) -> None:
    """Flipped, truncated, for another boot, under another key, expired, empty, too long: the relay stays."""

    async def test(here: Station) -> None:
        await ready(here)
        command = Command(op=words.OP_OPEN, argument=0, reason=words.REASON_GUARD, person=0)
        good = here.desk.seal(command)
        frames = [good[:cut] for cut in range(0, len(good), 3)]
        frames += [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(len(good))]
        frames += [here.desk.seal(command, boot_id=1), here.desk.seal(command, key=bytes(32)), good * 20]
        frames += [here.desk.seal(command, lifetime_s=-30), b"", b"open"]
        for data in frames:
            await here.desk.publish(data)
        await asyncio.sleep(QUIET_S)
        assert here.relay_rises() == 0
        await here.desk.open()
        await here.door.wait_level("relay", True, 5)

    play(test)


def test_retained_open_does_nothing_after_a_power_cut(play: Play) -> None:
    """esp-rfid #339: a retained command opens the door after a restart."""

    async def test(here: Station) -> None:
        await ready(here)
        command = Command(op=words.OP_OPEN, argument=0, reason=words.REASON_GUARD, person=0)
        data = here.desk.seal(command, lifetime_s=3600)
        await here.door.cut_power()
        await here.desk.publish(data, retain=True)
        await here.door.start()
        await here.desk.hear(Hello, after=1)
        await asyncio.sleep(QUIET_S)
        assert here.relay_rises() == 0

    play(test)


def test_door_decides_without_a_broker_and_tells_later(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        await here.broker.kill()
        await here.door.swipe(wiegand26(FACILITY, LISTED))
        await here.door.wait_level("relay", True, 2)
        await here.door.swipe(wiegand26(FACILITY, STRANGE))
        await here.door.wait_level("buzzer", True, 2)  # a door takes one card after another: the first is in flash
        await here.door.cut_power()
        await here.broker.start()
        await here.door.start()
        granted = await event(here, words.EVENT_GRANTED)
        assert granted.person == 7

    play(test)


def test_list_survives_a_power_cut(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        await here.door.cut_power()
        await here.broker.kill()
        await here.door.start()
        await here.door.swipe(wiegand26(FACILITY, LISTED))
        await here.door.wait_level("relay", True, 2)

    play(test)


def test_list_with_a_bad_seal_is_refused_and_the_old_one_stays(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        refused_list = await here.desk.install(2, [], [card(here, number(STRANGE))], key=bytes(range(32)))
        assert refused_list.reason != words.REASON_NONE and refused_list.version == 1
        await here.door.swipe(wiegand26(FACILITY, STRANGE))
        await event(here, words.EVENT_DENIED)
        await here.door.swipe(wiegand26(FACILITY, LISTED))
        await here.door.wait_level("relay", True, 2)
        assert here.relay_rises() == 1

    play(test)
