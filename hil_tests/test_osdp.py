"""OSDP readers of another maker (libosdp's PeripheralDevice) on the bus of the real firmware."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable

import osdp

from doorlogic import osdp as line
from doorwire import doorlist
from doorwire import vocabulary as words
from doorwire.messages import Event, Hello, State
from hil_tests.conftest import Play, Station
from hil_tests.reader_bus import Reader, ReaderBus
from hil_tests.test_keypad import configure
from tools.virtual_board import image
from tools.virtual_board.wiegand import wiegand26, wiegand34

LISTED, LISTED_34, STRANGE = 1, 0x12345678, 2
HEAP_FREE = 16_000  # bytes of 128 kB with two readers: lists and updates arrive
BACK_S = 2.0  # DESIGN: a reader that is plugged in again works within that


def records(here: Station) -> list[doorlist.Record]:
    """Two cards, and PIN 4711."""
    key = doorlist.digest_key(here.identity.key)
    return [
        doorlist.Record(doorlist.credential_digest(key, kind, value), person)
        for kind, value, person in (
            (words.CREDENTIAL_CARD, LISTED, 7),
            (words.CREDENTIAL_CARD, LISTED_34, 9),
            (words.CREDENTIAL_PIN, doorlist.pin_value("4711"), 8),
        )
    ]


async def ready(here: Station, bus: ReaderBus, keys: dict[int, bytes], addresses: list[int]) -> None:
    """Power, hello, list; the door knows these readers' keys."""
    configure(here.door.image, f'"osdp": {{"addresses": {addresses}, "baud": 115200}}'.encode())
    stored = b"".join(bytes([address]) + key for address, key in keys.items())
    here.door.image.write_bytes(image.pack({**image.read(here.door.image), "reader.keys": stored}))
    here.door.uart = bus.terminal
    await here.door.start()
    await here.desk.hear(Hello)
    installed = await here.desk.install(1, [], records(here))
    assert installed.reason == words.REASON_NONE


async def until(what: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Until it is so; TimeoutError otherwise."""
    async with asyncio.timeout(timeout_s):
        while not what():  # noqa: ASYNC110 (readers have a thread of their own)
            await asyncio.sleep(0.01)


async def event(here: Station, kind: int, reason: int, credential: int) -> Event:
    """The door's first event of these."""
    async with asyncio.timeout(10):
        heard = 0
        while True:
            found = await here.desk.hear(Event, heard)
            if (found.kind, found.reason, found.credential) == (kind, reason, credential):
                return found
            heard += 1


def shown(reader: Reader) -> bool:
    """Whether its light was made green."""
    return any(
        led["temporary"] and led["on_color"] == osdp.CommandLEDColor.Green for led in reader.told(osdp.Command.LED)
    )


def on_bus(test: Callable[[Station, ReaderBus], Awaitable[None]]) -> Callable[[Station], Awaitable[None]]:
    async def run(here: Station) -> None:
        with ReaderBus() as bus:
            await test(here, bus)

    return run


def test_card_and_pin_open_at_two_readers_of_one_bus_and_a_replugged_one_is_back(play: Play) -> None:
    async def test(here: Station, bus: ReaderBus) -> None:
        keys = {0: secrets.token_bytes(16), 5: secrets.token_bytes(16)}
        outside, inside = bus.plug(0, keys[0]), bus.plug(5, keys[5])
        await ready(here, bus, keys, [0, 5])
        await until(lambda: outside.device.is_sc_active() and inside.device.is_sc_active())
        assert here.desk.messages(Hello)[0].free_heap >= HEAP_FREE

        bus.card(outside, wiegand26(0, LISTED))
        await here.door.wait_level("relay", True, 3)
        await event(here, words.EVENT_GRANTED, words.REASON_LISTED, LISTED)
        await until(lambda: shown(outside))
        assert not inside.told(osdp.Command.LED)
        await here.door.wait_level("relay", False, 5)

        bus.card(inside, wiegand26(0, STRANGE))
        await event(here, words.EVENT_DENIED, words.REASON_UNKNOWN_CREDENTIAL, STRANGE)
        await until(lambda: bool(inside.told(osdp.Command.Buzzer)))
        assert not outside.told(osdp.Command.Buzzer) and here.relay_rises() == 1

        bus.press(inside, "4711#")
        await here.door.wait_level("relay", True, 3)
        await here.door.wait_level("relay", False, 5)
        bus.card(inside, wiegand34(LISTED_34))
        await here.door.wait_level("relay", True, 3)
        await here.door.wait_level("relay", False, 5)
        assert sorted({message.person for message in here.desk.messages(Event) if message.person}) == [7, 8, 9]

        bus.housing(inside, True)
        await event(here, words.EVENT_TAMPER, words.REASON_NONE, 5)
        await until(lambda: here.desk.messages(State)[-1].alarms == words.ALARM_TAMPER)
        bus.housing(inside, False)
        await until(lambda: here.desk.messages(State)[-1].alarms == 0)

        bus.unplug(outside)
        await event(here, words.EVENT_READER_LOST, words.REASON_TIMEOUT, 0)
        await until(lambda: here.desk.messages(State)[-1].alarms == words.ALARM_READER)
        began = time.monotonic()
        outside = bus.plug(0, keys[0])
        await until(outside.device.is_sc_active)
        bus.card(outside, wiegand26(0, LISTED))
        await here.door.wait_level("relay", True, 3)
        took_s = time.monotonic() - began
        print(f"replugged to relay: {took_s:.2f} s")
        assert took_s <= BACK_S
        await event(here, words.EVENT_READER_FOUND, words.REASON_NONE, 0)
        await until(lambda: here.desk.messages(State)[-1].alarms == 0)

    play(on_bus(test))


def without_aes(said: bytes) -> bytes:
    """The downgrade that Bishop Fox showed in 2023: the reader's capabilities lose their AES-128 on the line."""
    body = said[:-2]
    if body[5:6] == bytes([line.PDCAP]):
        body = body.replace(b"\x09\x01\x00", b"\x09\x00\x00")
    return line.closed(body)


def card_in_the_clear(said: bytes) -> bytes:
    """Whatever the reader says, the listed card is what arrives, in the right turn."""
    bits = wiegand26(0, LISTED)
    data = bytes([line.RAW, 0, 1, len(bits), 0]) + int(bits.ljust(32, "0"), 2).to_bytes(4, "big")
    head = said[:2] + bytes([5 + len(data) + 2, 0, said[4] & 3 | 4])
    return line.closed(head + data)


def test_wrong_key_downgrade_and_clear_text_open_nothing_and_are_told_once(play: Play) -> None:
    async def test(here: Station, bus: ReaderBus) -> None:
        keys = {0: secrets.token_bytes(16), 1: secrets.token_bytes(16)}
        strange, lessened = bus.plug(0, secrets.token_bytes(16)), bus.plug(1, keys[1], without_aes)
        await ready(here, bus, keys, [0, 1])
        for address, reason in ((0, words.REASON_WRONG_KEY), (1, words.REASON_NOT_SECURE)):
            await event(here, words.EVENT_TAMPER, reason, address)
            await event(here, words.EVENT_READER_LOST, reason, address)
        assert here.desk.messages(State)[-1].alarms == words.ALARM_READER
        for reader in (strange, lessened):
            bus.card(reader, wiegand26(0, LISTED))
        await asyncio.sleep(BACK_S)

        bus.unplug(strange)
        bus.unplug(lessened)
        bus.plug(0, keys[0], card_in_the_clear)
        bus.card(bus.plug(1, None), wiegand26(0, LISTED))  # in its delivery state
        await event(here, words.EVENT_TAMPER, words.REASON_NOT_SECURE, 0)
        await event(here, words.EVENT_TAMPER, words.REASON_WRONG_KEY, 1)
        await asyncio.sleep(BACK_S)
        assert here.relay_rises() == 0
        kinds = [message.kind for message in here.desk.messages(Event)]
        assert (kinds.count(words.EVENT_TAMPER), kinds.count(words.EVENT_READER_LOST)) == (4, 2)
        assert words.EVENT_GRANTED not in kinds and words.EVENT_DENIED not in kinds

    play(on_bus(test))
