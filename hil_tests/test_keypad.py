"""PINs at a reader's keypad, through the real firmware."""

from __future__ import annotations

import time
from pathlib import Path

from doorwire import doorlist
from doorwire import vocabulary as words
from doorwire.messages import Event, Hello, State
from hil_tests.conftest import Play, Station
from tools.virtual_board import image
from tools.virtual_board.wiegand import keys, wiegand26


def records(here: Station) -> list[doorlist.Record]:
    """Card 1 with PIN 1234 (or 4321 under duress), PIN 4711 alone."""
    key = doorlist.digest_key(here.identity.key)

    def digest(kind: int, value: int, person: int = 0) -> bytes:
        return doorlist.credential_digest(key, kind, value, person)

    both, alone = words.CREDENTIAL_CARD_PIN, words.CREDENTIAL_PIN
    return [
        doorlist.Record(digest(words.CREDENTIAL_CARD, 1), 7, factor=doorlist.FACTOR_WITH_PIN),
        doorlist.Record(digest(both, doorlist.pin_value("1234"), 7), 7),
        doorlist.Record(digest(both, doorlist.pin_value("4321"), 7), 7, flags=doorlist.FLAG_DURESS),
        doorlist.Record(digest(alone, doorlist.pin_value("4711")), 8),
    ]


async def ready(here: Station) -> None:
    """Power, hello, list; the reader has a keypad of 4 bits a key."""
    configure(here.door.image, b'"keypad": 4')
    await here.door.start()
    await here.desk.hear(Hello)
    installed = await here.desk.install(1, [], records(here))
    assert installed.reason == words.REASON_NONE


def configure(flash: Path, setting: bytes) -> None:
    """Put a reader setting into config.json."""
    files = image.read(flash)
    config = files["config.json"].rstrip(b"}") + b', "readers": [{' + setting + b"}]}"
    flash.write_bytes(image.pack({**files, "config.json": config}))


async def enter(here: Station, pressed: str) -> None:
    """Press keys."""
    for burst in keys(pressed):
        await here.door.swipe(burst)


def told(here: Station) -> list[tuple[int, int, int]]:
    """(kind, reason, person) of what the door decided."""
    wanted = (words.EVENT_GRANTED, words.EVENT_DENIED, words.EVENT_DURESS, words.EVENT_LOCKED_OUT)
    return [(e.kind, e.reason, e.person) for e in here.desk.messages(Event) if e.kind in wanted]


def test_card_and_pin_open_and_duress_is_heard_only_by_the_controller(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        await here.door.swipe(wiegand26(0, 1))
        await enter(here, "4321#")
        await here.door.wait_level("relay", True, 3)
        await here.door.wait_level("relay", False, 5)
        while (words.EVENT_DURESS, words.REASON_DURESS, 7) not in told(here):
            await here.desk.hear(Event, len(here.desk.messages(Event)))
        assert (words.EVENT_GRANTED, words.REASON_DURESS, 7) in told(here)
        assert not any(edge.pin == "buzzer" for edge in here.door.edges)
        await enter(here, "4711#")
        await here.door.wait_level("relay", True, 3)
        while (words.EVENT_GRANTED, words.REASON_LISTED, 8) not in told(here):
            await here.desk.hear(Event, len(here.desk.messages(Event)))
        assert all(event.credential in (0, 1) for event in here.desk.messages(Event))
        assert here.desk.messages(State)

    play(test)


def test_guesses_lock_the_keypad_over_a_power_cut(play: Play) -> None:
    async def test(here: Station) -> None:
        await ready(here)
        for _ in range(5):
            await enter(here, "0000#")
        while words.EVENT_LOCKED_OUT not in [kind for kind, _, _ in told(here)]:
            await here.desk.hear(Event, len(here.desk.messages(Event)))
        await here.door.cut_power()
        await here.door.start()
        began = time.monotonic()
        await enter(here, "4711#")
        while (words.EVENT_DENIED, words.REASON_LOCKED_OUT, 0) not in told(here):
            await here.desk.hear(Event, len(here.desk.messages(Event)))
        assert here.relay_rises() == 0 and time.monotonic() - began < 20
        await here.door.swipe(wiegand26(0, 1))  # a card is still read: its LED asks for the PIN
        await here.door.wait_level("led", True, 3)

    play(test)
