"""A gate's modes on the bus: told, mended, kept; what is refused meanwhile."""

import asyncio
from pathlib import Path

import pytest

from controller.bus.tests.test_doors import MakeDoor, MakeMiddle
from controller.conftest import DEVICES
from controller.events.audit import GuardActions
from controller.events.ports import GateMode
from controller.tasks import end
from doorwire import vocabulary as words


def test_a_gate_in_manual_mode_obeys_people_only_and_says_so_over_a_restart(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene() -> None:
        middle, gate = make_middle(), make_door("north")
        await middle.start()
        guard = GuardActions(middle.store, middle.doors, middle.clock.unix)
        assert (await guard.switch("north", GateMode.MANUAL, "guard", "演习")).reason == "unreachable"
        gate.connect(middle.clock.now_s)
        await middle.carry(gate)
        for reason, opened in ((words.REASON_PLATE, False), (words.REASON_FACE, False), (words.REASON_GUARD, True)):
            opening = asyncio.ensure_future(middle.doors.open("north", reason, "somebody"))
            await middle.carry(gate)
            assert (await opening).done == opened, reason
        assert gate.opened == [words.REASON_GUARD]
        assert (await middle.doors.open("north", words.REASON_PLATE, "plate")).reason == "manual"
        view = middle.doors.view("north")
        assert view is not None and view.gate_mode == "manual"
        rows = await middle.store.alerts.audited(2)
        assert [(row.who, row.action, row.subject, row.detail) for row in reversed(rows)] == [
            ("guard", "gate-manual", "north", "演习"),
            ("guard", "gate-manual-ended", "north", "unreachable"),
        ]
        await middle.stop()
        middle = make_middle()
        middle.doors.gates.take({**await middle.store.gates.all(), "pulled-down": "up"})
        assert middle.doors.gates.mode("north") == "manual" and middle.doors.gates.mode("b1-u1") == ""
        await middle.stop()

    asyncio.run(scene())


def test_a_gate_is_told_its_mode_when_it_comes_back(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        middle, gate = make_middle(), make_door("north")
        await middle.start()
        gate.connect(middle.clock.now_s)
        await middle.carry(gate)
        for mode, wire in (
            (GateMode.UP, words.MODE_UNLOCKED),
            (GateMode.DOWN, words.MODE_LOCKED_DOWN),
            (GateMode.AUTO, words.MODE_LOCKED),
        ):
            switching = asyncio.ensure_future(middle.doors.switch("north", mode))
            await middle.carry(gate)
            assert (await switching).done and gate.mode == wire
        middle.doors.on_link(gate.device.hex(), "lost", retained=False)
        assert (await middle.doors.switch("north", GateMode.DOWN)).reason == "unreachable"
        assert (await middle.doors.switch("b1-u1", GateMode.DOWN)).reason == "unknown-door"
        gate.boot(middle.clock.now_s)
        gate.connect(middle.clock.now_s)
        await middle.carry(gate)
        assert gate.mode == words.MODE_LOCKED_DOWN
        await middle.stop()

    asyncio.run(scene())


def test_a_mode_whose_command_was_lost_is_asked_for_again(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        middle, gate = make_middle(), make_door("north")
        await middle.start()
        gate.mode = words.MODE_UNLOCKED  # it is asked once after its Hello already
        gate.connect(middle.clock.now_s)
        await middle.carry(gate)
        assert gate.mode == words.MODE_LOCKED
        switching = asyncio.ensure_future(middle.doors.switch("north", GateMode.DOWN))
        await middle.settle()
        middle.down.clear()
        gate.say_state(middle.clock.now_s)
        await middle.carry(gate)
        assert gate.mode == words.MODE_LOCKED_DOWN
        await end([switching])
        await middle.stop()

    asyncio.run(scene())


@pytest.mark.parametrize("reason", [words.REASON_PLATE, words.REASON_FACE, words.REASON_GUARD])
def test_a_gate_that_has_not_heard_that_it_stays_down_is_not_opened(
    make_middle: MakeMiddle, make_door: MakeDoor, reason: int
) -> None:
    async def scene() -> None:
        middle, gate = make_middle(), make_door("north")
        await middle.start()
        gate.connect(middle.clock.now_s)
        await middle.carry(gate)
        middle.doors.gates.switch("north", GateMode.DOWN)
        opening = asyncio.ensure_future(middle.doors.open("north", reason, "somebody"))
        await middle.carry(gate)
        assert (await opening).reason == "locked-down" and gate.opened == []
        await middle.stop()

    asyncio.run(scene())


@pytest.mark.parametrize(("seconds", "told"), [(0, [0]), (60, [60] * 3)])  # that it stays down it is told once
def test_a_gate_that_fails_open_hears_from_us_three_times_within_its_time(
    make_middle: MakeMiddle, make_door: MakeDoor, site_file: Path, seconds: int, told: list[int]
) -> None:
    row = f'device = "{DEVICES["north"]}"\n'
    site_file.write_text(site_file.read_text(encoding="utf-8").replace(row, f"{row}fail_open_s = {seconds}\n"), "utf-8")

    async def scene() -> None:
        middle, gate, door = make_middle(), make_door("north"), make_door("b1-u1")
        await middle.start()
        for one in (gate, door):
            one.connect(middle.clock.now_s)
            await middle.carry(one)
        for _ in range(59):
            middle.clock.now_s += 1
            middle.doors.tick()
            await middle.carry(gate)
        assert gate.fail_open_s == told and door.fail_open_s == []
        middle.doors.on_link(DEVICES["north"], "lost", retained=False)
        middle.clock.now_s += 60
        middle.doors.tick()
        assert middle.down == []
        await middle.stop()

    asyncio.run(scene())
