"""Lists and deltas on their way to a door: what is sent, what a refusal leads to, what a restart remembers."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from controller.bus.tests.test_doors import CARD, MakeDoor, MakeMiddle, signed
from controller.conftest import Middle
from doorwire import vocabulary as words
from doorwire.messages import ListInstalled
from tools.door_simulator import SimulatedDoor

MANY = 2000
SMALL = 1024  # bytes: a delta of one card is far below it, a list of MANY far above
Scene = Callable[[Middle, SimulatedDoor], Awaitable[None]]


def play(make_middle: MakeMiddle, make_door: MakeDoor, scene: Scene) -> None:
    """`scene` with a door that has the first list, of MANY cards."""

    async def run() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.lists.apply(signed(1, cards=MANY))
        await middle.carry(door)
        assert door.list_version == 1
        door.list_bytes = 0
        await scene(middle, door)
        await middle.stop()

    asyncio.run(run())


async def push(middle: Middle, door: SimulatedDoor, version: int, cards: int) -> None:
    await middle.lists.apply(signed(version, cards=cards))
    await middle.carry(door)


def is_current(middle: Middle) -> bool:
    view = middle.doors.view("b1-u1")
    assert view is not None
    return view.list_current


def test_a_change_goes_as_a_delta_of_its_own_size(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        sizes = []
        for version, cards in ((2, MANY + 1), (3, MANY + 101), (4, MANY)):
            door.list_bytes = 0
            await push(middle, door, version, cards)
            assert door.list_version == version and is_current(middle)
            assert door.swipe(CARD + cards - 1, middle.clock.now_s) == words.REASON_LISTED
            sizes.append(door.list_bytes)
            door.unmerged = False
        assert sizes[0] < 200 and sizes[1] - sizes[0] == 99 * 24 and sizes[2] < SMALL
        assert door.swipe(CARD + MANY, middle.clock.now_s) == words.REASON_UNKNOWN_CREDENTIAL

    play(make_middle, make_door, scene)


def test_a_door_that_cannot_take_a_delta_gets_the_whole_list(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        door.unmerged = True
        await push(middle, door, 2, MANY + 1)
        assert door.list_version == 2 and is_current(middle) and door.list_bytes > MANY * 24
        assert middle.refused == [] and not door.unmerged
        door.list_bytes = 0
        await push(middle, door, 3, MANY + 2)
        assert door.list_version == 3 and door.list_bytes < SMALL  # and the next one is a delta again

    play(make_middle, make_door, scene)


def test_a_delta_that_does_not_lead_where_it_says_is_followed_by_the_whole_list(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        door.list_data = door.list_data[:-30] + bytes(30)  # its flash has changed under it
        await push(middle, door, 2, MANY + 1)
        assert door.list_version == 2 and is_current(middle) and middle.refused == []
        assert door.swipe(CARD + MANY, middle.clock.now_s) == words.REASON_LISTED

    play(make_middle, make_door, scene)


def test_a_door_that_went_back_to_an_older_list_gets_the_whole_one(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        before = door.list_data
        await push(middle, door, 2, MANY + 1)
        assert door.list_bytes < SMALL
        door.go_back(before, middle.clock.now_s)
        await middle.carry(door)
        assert door.list_version == 2 and door.list_bytes > MANY * 24 and is_current(middle)

    play(make_middle, make_door, scene)


def test_a_change_of_most_of_a_list_goes_whole(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        await push(middle, door, 2, 3)
        assert door.list_version == 2 and not door.unmerged
        await push(middle, door, 3, 50)
        assert door.list_version == 3 and not door.unmerged and is_current(middle)

    play(make_middle, make_door, scene)


def test_a_restarted_controller_still_sends_deltas(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        again = make_middle()
        await again.start()
        door.boot(again.clock.now_s)
        await again.lists.apply(signed(2, cards=MANY + 1))
        door.connect(again.clock.now_s)
        await again.carry(door)
        assert door.list_version == 2 and door.list_bytes < SMALL and is_current(again)
        await again.stop()

    async def run() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await push(middle, door, 1, MANY)
        await middle.stop()
        door.list_bytes = 0
        await scene(middle, door)

    asyncio.run(run())


def test_a_list_that_is_refused_whole_is_said_once(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        door.refuses = words.REASON_FLASH
        await push(middle, door, 2, MANY * 3)
        assert middle.refused == [("b1-u1", "flash")] and door.list_version == 1
        door.refuses = words.REASON_NONE
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        assert door.list_version == 2

    play(make_middle, make_door, scene)


def test_a_begin_that_is_lost_is_said_again(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        lost = iter([True])
        send = middle.send
        middle.send = lambda device, frame: None if next(lost, False) else send(device, frame)
        await push(middle, door, 2, MANY + 1)
        assert door.list_version == 1
        middle.clock.now_s += 3
        middle.doors.tick()
        await middle.carry(door)
        assert door.list_version == 2 and door.list_bytes < SMALL

    play(make_middle, make_door, scene)


def test_the_second_answer_to_a_delta_does_not_end_the_whole_list(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene(middle: Middle, door: SimulatedDoor) -> None:
        door.unmerged = True
        await middle.lists.apply(signed(2, cards=MANY + 1))
        await middle.exchange(door)  # Begin of the delta
        await middle.exchange(door)  # LIST_BASE, Begin of the whole list
        late = ListInstalled(
            version=1, digest=hashlib.sha256(door.list_data).digest()[:8], reason=words.REASON_LIST_DIGEST
        )
        door.say(late, middle.clock.now_s)
        await middle.carry(door)
        assert door.list_version == 2 and middle.refused == []

    play(make_middle, make_door, scene)
