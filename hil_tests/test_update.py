"""Firmware over the bus to a real door: a good one stays, a bad one is undone by itself, residents get in."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from doorwire import vocabulary as words
from doorwire.messages import Command, Event, Hello
from hil_tests.conftest import Station, station
from hil_tests.test_door import FACILITY, LISTED, ready
from tools.bundle import FIRMWARE, Bundle, build_bundle, rom_image
from tools.virtual_board.wiegand import wiegand26

NEW = "9.0.0"
LIMIT_S = 90.0

# file → (what stands there, what stands there instead); every one of them also lasts after a second, not a minute
SOONER = ("device/proof.py", "LASTS_S = 60", "LASTS_S = 1")
BAD = {
    words.REASON_EXCEPTION: (
        [("app.py", "import asyncio\n", "import asyncio\n1 / 0\n")],
        [("app.py", "import config\n", "import config\nimport nothing_of_that_name\n")],
        [("app.py", "        reader = Reader(", "        raise ValueError\n        reader = Reader(")],
    ),
    words.REASON_BAD_BOOTS: (
        [("app.py", "        reader = Reader(", "        while True:\n            pass\n        reader = Reader(")],
        [("app.py", "import asyncio\n", "import asyncio\nwhile True:\n    pass\n")],
    ),
    words.REASON_TIMEOUT: (
        [
            ("device/proof.py", "LINK_S = 600", "LINK_S = 4"),
            ("device/link.py", "        stream = await", "        raise OSError\n        stream = await"),
        ],
    ),
    words.REASON_SELF_TEST: (
        [("app.py", "        self._connect(settings, key)", '        self.faults.append("new")')],
    ),
}


def variant(folder: Path, *patches: tuple[str, str, str]) -> Bundle:
    """Our firmware under another version, with these changes."""
    shutil.copytree(FIRMWARE, folder, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    for file, old, new in (SOONER, ("version.py", 'FIRMWARE = "', f'FIRMWARE = "{NEW}"  # "'), *patches):
        text = (folder / file).read_text()
        assert text.count(old) == 1, (file, old)
        (folder / file).write_text(text.replace(old, new))
    return build_bundle(folder)


async def opens(here: Station) -> None:
    """The resident's card releases the door; tried again while it starts."""
    before = here.relay_rises()
    async with asyncio.timeout(15):
        while here.relay_rises() == before:
            await here.door.swipe(wiegand26(FACILITY, LISTED))
            await asyncio.sleep(0.5)


async def told(here: Station, kind: int) -> Event:
    """The first event of this kind."""
    async with asyncio.timeout(60):
        heard = 0
        while True:
            event = await here.desk.hear(Event, heard, 60)
            heard += 1
            if event.kind == kind:
                return event


def running(here: Station) -> str:
    """The version in the last Hello."""
    return here.desk.messages(Hello)[-1].firmware.decode()


async def undone(folder: Path, bad: Bundle, reason: int) -> None:
    """`bad` is taken in, tried, and given up for `reason`."""
    async with station(folder, watchdog_s=2.5) as here:
        await ready(here)
        status = await here.desk.update(bad)
        assert (status.reason, status.offset) == (words.REASON_NONE, len(bad.image))
        assert (await told(here, words.EVENT_UPDATE_UNDONE)).reason == reason
        assert running(here) == build_bundle().version
        await opens(here)


@pytest.mark.parametrize("reason", BAD)
def test_update_that_is_bad_is_undone_without_anyones_doing(tmp_path: Path, reason: int) -> None:
    async def story() -> None:
        async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
            for n, patches in enumerate(BAD[reason]):
                (tmp_path / str(n)).mkdir()
                bad = variant(tmp_path / f"firmware-{n}", *patches)
                group.create_task(undone(tmp_path / str(n), bad, reason))

    asyncio.run(story())


def test_update_that_is_good_is_confirmed_and_residents_get_in_throughout(tmp_path: Path) -> None:
    async def story() -> None:
        new = variant(tmp_path / "firmware")
        async with asyncio.timeout(LIMIT_S), station(tmp_path) as here:
            await ready(here)
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(here.desk.update(new))
                await opens(here)
            assert sending.result().reason == words.REASON_NONE
            await told(here, words.EVENT_UPDATE_STARTED)
            await opens(here)
            await told(here, words.EVENT_UPDATE_CONFIRMED)
            assert running(here) == NEW
            await opens(here)
            await here.door.cut_power()
            await here.door.start()
            await opens(here)
            assert running(here) == NEW
            assert here.door.resets == [words.RESET_POWER_ON]

    asyncio.run(story())


def test_update_older_or_no_rom_at_all_never_starts(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(LIMIT_S), station(tmp_path) as here:
            await ready(here)
            ours = build_bundle()
            older = Bundle("0.0.1", {"a.rom": rom_image(ours.modules, ours.rollback - 1)}, ours.rollback - 1)
            assert (await here.desk.update(older)).reason == words.REASON_ROLLBACK
            assert (await here.desk.update(older, rollback=ours.rollback)).reason == words.REASON_ROLLBACK
            await here.desk.send(Command(op=words.OP_REBOOT, argument=0, reason=words.REASON_GUARD, person=0))
            await here.desk.hear(Hello, 1, 20)
            assert running(here) == ours.version
            await opens(here)

    asyncio.run(story())
