"""The controller's lists on a door of real firmware, over a real broker: the first one, then what changes."""

import asyncio
from pathlib import Path
from typing import Literal

from controller.bus.tests.real_bus import eventually, with_board
from controller.bus.tests.test_doors import CARD, signed
from controller.conftest import Middle
from doorwire import vocabulary as words
from tools.virtual_board.board import VirtualBoard
from tools.virtual_board.wiegand import wiegand34

MANY = 2000
LIMIT_S = 60.0


async def released(board: VirtualBoard) -> None:
    await board.wait_level("relay", True, 5)
    await board.wait_level("relay", False, 5)


async def play(middle: Middle, board: VirtualBoard) -> None:
    sent: list[int] = []
    to_broker = middle.send

    def send(to: str, frame: bytes) -> None:
        sent.append(len(frame))
        to_broker(to, frame)

    middle.send = send

    async def push(version: int, cards: int, factor: Literal["alone", "both"] = "alone") -> int:
        """Bytes sent until the door has it in force."""
        sent.clear()
        await middle.lists.apply(signed(version, cards=cards, factor=factor))
        await eventually(lambda: has(version), 20)
        return sum(sent)

    def has(version: int) -> bool:
        view = middle.doors.view("b1-u1")
        return view is not None and view.list_current and view.reported_version == version

    await board.start()
    await eventually(lambda: middle.doors.views()[0].online)
    assert await push(1, MANY) > MANY * 24
    for version in (2, 3):
        cards = MANY + 100 * version
        assert await push(version, cards) < 6_000
        await board.swipe(wiegand34(CARD + cards - 1))
        await released(board)
    await push(4, 2, "both")
    for face_first in (True, False):
        for step in (0, 1):  # a card and its owner's face, in either order
            if (step == 0) == face_first:
                assert (await middle.doors.vouch("b1-u1", words.REASON_FACE, 7, 10)).done
            else:
                await board.swipe(wiegand34(CARD + 1))
        await released(board)
    assert middle.refused == []


def test_a_changed_list_reaches_a_real_door_and_opens_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with with_board(tmp_path, "b1-u1", release_s=1) as (middle, board):
            await play(middle, board)

    asyncio.run(asyncio.wait_for(scene(), LIMIT_S))
