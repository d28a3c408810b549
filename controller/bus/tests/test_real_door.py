"""The controller's lists on a door of real firmware, over a real broker: the first one, then what changes."""

import asyncio
from pathlib import Path

from controller.bus.session import Handlers, Session
from controller.bus.tests.test_doors import CARD, signed
from controller.bus.tests.test_session import PASSWORD, RealClock, eventually
from controller.conftest import DEVICES, Middle, write_site
from controller.health import Health
from controller.settings import load
from controller.tasks import end
from doorwire import vocabulary as words
from tools.broker import Broker
from tools.bundle import build_bundle
from tools.provision import BrokerAddress, new_device, write_image
from tools.virtual_board.board import VirtualBoard
from tools.virtual_board.wiegand import wiegand34

MANY = 2000
LIMIT_S = 60.0


def test_a_changed_list_reaches_a_real_door_and_opens_it(tmp_path: Path) -> None:
    async def scene() -> None:
        broker = Broker(tmp_path / "broker", "demo")
        address = BrokerAddress("127.0.0.1", broker.port, "localhost")
        device = DEVICES["b1-u1"]
        identity = new_device("demo", address, broker.ca_pem, device=device, settings={"release_s": 1})
        write_image(tmp_path / "door.flash", identity, build_bundle())
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
        sent: list[int] = []

        def send(to: str, frame: bytes) -> None:
            sent.append(len(frame))
            session.send(to, frame)

        middle.send = send
        board = VirtualBoard(tmp_path / "door.flash", tmp_path / "door.log")

        async def push(version: int, cards: int) -> int:
            """Bytes sent until the door has it in force."""
            sent.clear()
            await middle.lists.apply(signed(version, cards=cards))
            await eventually(lambda: has(version), 20)
            return sum(sent)

        def has(version: int) -> bool:
            view = middle.doors.view("b1-u1")
            return view is not None and view.list_current and view.reported_version == version

        try:
            await board.start()
            await eventually(lambda: middle.doors.views()[0].online)
            assert await push(1, MANY) > MANY * 24
            for version in (2, 3):
                cards = MANY + 100 * version
                assert await push(version, cards) < 6_000
                await board.swipe(wiegand34(CARD + cards - 1))
                await board.wait_level("relay", True, 5)
                await board.wait_level("relay", False, 5)
            await middle.lists.apply(signed(4, cards=2, factor="both"))
            await eventually(lambda: has(4), 20)
            for face_first in (True, False):
                for step in (0, 1):  # a card and its owner's face, in either order
                    if (step == 0) == face_first:
                        assert (await middle.doors.vouch("b1-u1", words.REASON_FACE, 7, 10)).done
                    else:
                        await board.swipe(wiegand34(CARD + 1))
                await board.wait_level("relay", True, 5)
                await board.wait_level("relay", False, 5)
            assert middle.refused == []
        finally:
            await board.stop()
            await end([listening])
            await middle.stop()
            await broker.stop()

    async def bounded() -> None:
        async with asyncio.timeout(LIMIT_S):
            await scene()

    asyncio.run(bounded())
