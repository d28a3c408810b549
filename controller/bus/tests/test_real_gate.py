"""A gate of real firmware over a real broker: a vehicle under the barrier, manual mode, silence."""

import asyncio
from pathlib import Path

from controller.bus.session import Handlers, Session
from controller.bus.tests.test_session import PASSWORD, RealClock, eventually
from controller.conftest import DEVICES, Middle, write_site
from controller.events.audit import GuardActions
from controller.events.ports import GateMode
from controller.health import Health
from controller.settings import load
from controller.tasks import end
from doorwire import vocabulary as words
from doorwire.messages import Command
from tools.broker import Broker
from tools.bundle import build_bundle
from tools.provision import BrokerAddress, new_device, write_image
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
        broker = Broker(tmp_path / "broker", "demo")
        address = BrokerAddress("127.0.0.1", broker.port, "localhost")
        device = DEVICES["north"]
        settings = {"barrier": True, "release_s": RELEASE_S}
        identity = new_device("demo", address, broker.ca_pem, device=device, settings=settings)
        write_image(tmp_path / "gate.flash", identity, build_bundle())
        await broker.add_users({"controller": PASSWORD, device: identity.broker_password})
        await broker.start()
        site = write_site(tmp_path, broker.port)
        (tmp_path / "ca.pem").write_bytes(broker.ca_pem)
        middle = Middle(load(site), RealClock(), {device: identity.key})
        await middle.start()
        session = Session(middle.settings.broker, "demo", PASSWORD, Health(middle.live))
        listening = asyncio.ensure_future(
            session.run(Handlers(middle.doors.on_up, middle.doors.on_link, lambda version: None))
        )
        middle.send = session.send
        board = VirtualBoard(tmp_path / "gate.flash", tmp_path / "gate.log")
        try:
            await play(middle, board)
        finally:
            await board.stop()
            await end([listening])
            await middle.stop()
            await broker.stop()

    asyncio.run(asyncio.wait_for(scene(), LIMIT_S))
