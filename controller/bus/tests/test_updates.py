"""Firmware for the doors: one first, the others only after it; every end that a door can come to."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable

import pytest

from controller.bus.tests.test_doors import MakeDoor, MakeMiddle
from controller.bus.upload import ANSWER_S, FAILED, UNDER_WAY, UNDONE_S, VERDICT_S, Stage, Upload
from controller.conftest import DEVICES, Middle
from controller.events.ports import Firmware, FirmwareError, UpdateBusyError
from doorwire import vocabulary as words
from doorwire.messages import UpdateStatus
from tools import update
from tools.door_simulator import SimulatedDoor

Doors = dict[str, SimulatedDoor]
Scene = Callable[[Middle, Doors], Awaitable[None]]
BODY = random.Random(5).randbytes(50_000) + (7).to_bytes(4, "little")
IMAGE = BODY + hashlib.sha256(BODY).digest()
NEW = Firmware.from_image("9.0.0", IMAGE)


def play(make_middle: MakeMiddle, make_door: MakeDoor, scene: Scene) -> None:
    """`scene` with three doors that have said hello."""

    async def run() -> None:
        middle, doors = make_middle(), {place: make_door(place) for place in DEVICES}
        await middle.start()
        for door in doors.values():
            door.connect(middle.clock.now_s)
            await middle.carry(door)
        await scene(middle, doors)
        await middle.stop()

    asyncio.run(run())


async def let_run(middle: Middle, doors: Doors, seconds: float = 0.0) -> None:
    """So much later, everything said."""
    middle.clock.now_s += seconds
    middle.doors.tick()
    for door in doors.values():
        await middle.carry(door)
    middle.doors.tick()
    await middle.settle()


def stages(middle: Middle) -> list[tuple[str, str]]:
    view = middle.doors.updates.view()
    assert view is not None
    return [(row.stage, row.reason) for row in view.doors]


def start(middle: Middle) -> None:
    middle.doors.updates.start(NEW, list(DEVICES), "admin")


def test_a_good_firmware_goes_to_one_door_then_to_the_others_and_is_audited(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        first, second, third = doors.values()
        start(middle)
        with pytest.raises(UpdateBusyError):
            start(middle)
        await let_run(middle, doors)
        assert first.image == IMAGE and not second.image and not third.image
        assert stages(middle) == [("restarting", ""), ("waiting", ""), ("waiting", "")]
        first.try_firmware(middle.clock.now_s)
        for _ in range(2):
            await let_run(middle, doors)
        assert second.image == third.image == IMAGE
        for door in (second, third):
            door.try_firmware(middle.clock.now_s)
        await let_run(middle, doors)
        assert stages(middle) == [("confirmed", "")] * 3 and not middle.doors.updates.running
        rows = [(row.who, row.action, row.subject, row.detail) for row in await middle.store.alerts.audited(10)]
        assert rows[::-1][0] == ("admin", "update", "site", "firmware 9.0.0 to 3 doors")
        assert sorted(rows[:3]) == [("admin", "update-ended", place, "confirmed") for place in sorted(DEVICES)]
        start(middle)
        assert stages(middle) == [("already", "")] * 3

    play(make_middle, make_door, scene)


def test_a_firmware_that_the_first_door_undoes_reaches_no_other(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        start(middle)
        await let_run(middle, doors)
        doors["b1-u1"].try_firmware(middle.clock.now_s, undone_for=words.REASON_SELF_TEST)
        await let_run(middle, doors)
        assert stages(middle) == [("undone", "self-test"), ("not-tried", ""), ("not-tried", "")]
        assert not doors["b1-u2"].image and doors["b1-u1"].firmware == b"simulated"
        await middle.ingest.idle()
        assert (await middle.store.alerts.latest(1))[0].kind == "update-undone"

    play(make_middle, make_door, scene)


def test_what_undid_the_firmware_before_is_not_held_against_this_one(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        door = doors["b1-u1"]
        start(middle)
        await let_run(middle, doors)
        door.try_firmware(middle.clock.now_s, undone_for=words.REASON_SELF_TEST)
        former = dict(door.journal)
        await let_run(middle, doors)
        start(middle)
        await let_run(middle, doors)
        door.journal |= former  # a door that restarts tells what it had not forgotten yet
        door.try_firmware(middle.clock.now_s)
        while door.journal:
            await let_run(middle, doors)
            door.pump(middle.clock.now_s)
        assert stages(middle)[0] == ("confirmed", "")

    play(make_middle, make_door, scene)


def test_an_older_firmware_is_refused_and_reaches_no_other(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        doors["b1-u1"].refuses_firmware = words.REASON_ROLLBACK
        start(middle)
        await let_run(middle, doors)
        assert stages(middle) == [("refused", "rollback"), ("not-tried", ""), ("not-tried", "")]
        assert not any(door.image for door in doors.values())

    play(make_middle, make_door, scene)


def test_a_door_that_is_lost_is_passed_over(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        middle.doors.on_link(DEVICES["b1-u1"], "lost", retained=False)
        start(middle)
        await let_run(middle, doors)
        assert [stage for stage, _ in stages(middle)] == ["unreachable", "restarting", "waiting"]

    play(make_middle, make_door, scene)


def test_an_upload_goes_through_a_wire_that_loses_a_quarter(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        chance, send = random.Random(3), middle.send
        middle.send = lambda device, frame: send(device, frame) if chance.random() > 0.25 else None
        start(middle)
        for _ in range(200):
            await let_run(middle, doors, 4)
            if doors["b1-u1"].image:
                break
        assert doors["b1-u1"].image == IMAGE
        doors["b1-u1"].try_firmware(middle.clock.now_s)
        await let_run(middle, doors)
        assert stages(middle)[0] == ("confirmed", "")

    play(make_middle, make_door, scene)


def test_a_door_that_loses_power_half_way_begins_anew(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        door = doors["b1-u1"]
        start(middle)
        for _ in range(3):
            await middle.exchange(door)
        view = middle.doors.updates.view()
        assert view is not None and 0 < view.doors[0].sent < 1
        door.boot(middle.clock.now_s)
        door.forget_upload()
        door.connect(middle.clock.now_s)
        await let_run(middle, doors)
        assert door.image == IMAGE and stages(middle)[0] == ("restarting", "")

    play(make_middle, make_door, scene)


@pytest.mark.parametrize(
    ("last", "seconds", "end"),
    [("silent", ANSWER_S, "no-answer"), ("gone", VERDICT_S, "not-switched"), ("old", UNDONE_S, "not-switched")],
)
def test_a_door_that_never_says_is_given_up(
    make_middle: MakeMiddle, make_door: MakeDoor, last: str, seconds: float, end: str
) -> None:
    async def scene(middle: Middle, doors: Doors) -> None:
        door = doors["b1-u1"]
        if last == "silent":
            middle.send = lambda device, frame: None
        start(middle)
        await let_run(middle, doors)
        if last == "old":
            door.boot(middle.clock.now_s)
            door.connect(middle.clock.now_s)
            await let_run(middle, doors)
        await let_run(middle, doors, seconds - 1)
        assert stages(middle)[0][0] in ("sending", "restarting")
        await let_run(middle, doors, 2)
        assert stages(middle)[0] == (end, "") and not middle.doors.updates.running

    play(make_middle, make_door, scene)


def test_what_is_no_firmware_is_refused_before_any_door_sees_it() -> None:
    assert (NEW.rollback, NEW.digest) == (7, hashlib.sha256(IMAGE).digest())
    for version, image in (("9.0.0", IMAGE[:-1]), ("9.0.0", b""), ("", IMAGE), ("9 0", IMAGE), ("9", bytes(2_000_000))):
        with pytest.raises(FirmwareError):
            Firmware.from_image(version, image)


def test_the_command_has_words_for_every_end() -> None:
    assert set(update.STAGES) == set(Stage)
    assert set(update.GOOD) == set(Stage) - FAILED - UNDER_WAY - {Stage.UNREACHABLE, Stage.NOT_TRIED}
    assert set(update.REASONS) <= set(words.REASONS.values())


def test_a_firmware_has_its_whole_time_though_the_word_of_the_switch_is_lost(make_door: MakeDoor) -> None:
    upload, door = Upload(NEW), make_door("b1-u1")
    upload.start(1, (1, 5), 0.0)
    upload.status(UpdateStatus(offset=len(IMAGE), reason=words.REASON_NONE), 1.0)
    door.firmware = NEW.version.encode()
    upload.hello(door._hello(10.0), 2, 10.0)
    upload.tick(9.0 + VERDICT_S)
    assert str(upload.stage) == "trying"
    upload.tick(10.0 + VERDICT_S)
    assert str(upload.stage) == "no-verdict"
