"""A gate of real firmware over a real broker: a vehicle under the barrier, manual mode, silence."""

import asyncio
from pathlib import Path

from controller.bus.tests.real_bus import eventually, with_board
from controller.conftest import DEVICES, Middle
from controller.events.audit import GuardActions
from controller.events.ports import GateMode
from doorwire import vocabulary as words
from doorwire.messages import Command
from tools.virtual_board.board import VirtualBoard

LIMIT_S = 60.0
RELEASE_S = 1


async def play(middle: Middle, board: VirtualBoard) -> None:
    doors = middle.doors
    guard = GuardActions(middle.store, doors, middle.clock.unix)
    now_s = asyncio.get_running_loop().time

    async def by_plate() -> str:
        return (await doors.open("north", words.REASON_PLATE, "plate", 7)).reason

    await board.start()
    await eventually(lambda: any(view.online for view in doors.views() if view.gate))

    assert await by_plate() == "none"
    await board.wait_level("relay", True, 5)
    await board.set_input("loop", True)
    while await by_plate() != "loop-occupied":  # until the loop is debounced
        pass
    until_s = now_s() + RELEASE_S + 0.5
    await eventually(lambda: now_s() > until_s)
    assert board.level("relay")  # its time is over, and a vehicle stands under it
    await board.set_input("loop", False)
    await board.wait_level("relay", False, 5)

    await board.set_input("loop", True)
    seen_s = now_s() + 0.3  # debounced by then
    await eventually(lambda: now_s() > seen_s)
    edges = len(board.edges)
    assert await by_plate() == "loop-occupied" and len(board.edges) == edges
    await board.set_input("loop", False)
    while await by_plate() == "loop-occupied":
        pass
    await eventually(lambda: any(edge.pin == "relay" and edge.level for edge in board.edges[edges:]))
    await board.wait_level("relay", False, 5)

    assert (await guard.switch("north", GateMode.MANUAL, "guard", "演习")).done
    assert await by_plate() == "manual" and not board.level("relay")
    assert (await guard.open("north", "guard", "演习")).done
    await board.wait_level("relay", True, 5)
    await board.wait_level("relay", False, 5)
    assert (await guard.switch("north", GateMode.UP, "guard", "演习")).done
    await board.wait_level("relay", True, 5)
    assert (await guard.switch("north", GateMode.AUTO, "guard", "演习")).done
    await board.wait_level("relay", False, 5)

    door = doors._doors[DEVICES["north"]]
    for seconds, up in ((2, True), (0, False)):
        doors._send(door, Command(op=words.OP_FAIL_OPEN, argument=seconds, reason=words.REASON_NONE, person=0))
        await board.wait_level("relay", up, 8)
    kinds = {(row.event.kind, row.event.reason) for row in await middle.store.journal.after(0, 100)}
    assert {("command-done", "plate"), ("command-refused", "loop-occupied"), ("command-done", "guard")} <= kinds


def test_a_real_gate_waits_for_vehicles_obeys_people_and_opens_in_silence_if_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with with_board(tmp_path, "north", barrier=True, release_s=RELEASE_S) as (middle, board):
            await play(middle, board)

    asyncio.run(asyncio.wait_for(scene(), LIMIT_S))
