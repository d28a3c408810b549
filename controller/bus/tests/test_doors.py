"""Doors and registry joined by a wire in memory: greeting, events, lists, commands, replay."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from controller.access.document import Credential, Document, Person
from controller.conftest import DEVICES, HandClock, Middle
from controller.settings import load
from controller.store.documents import SignedDocument
from doorwire import vocabulary as words
from doorwire.frame import Frame
from doorwire.messages import State
from tools.door_simulator import SimulatedDoor

MakeMiddle = Callable[[], Middle]
MakeDoor = Callable[[str], SimulatedDoor]
CARD = 0x01020304


def signed(
    version: int, revoked: bool = False, cards: int = 1, factor: Literal["alone", "both"] = "alone"
) -> SignedDocument:
    document = Document(
        site="demo",
        version=version,
        previous="",
        issued_unix=1_800_000_000 + version,
        expires_unix=0,
        people=[Person(id=7, name="住户", doors=["b1-e1"])],
        credentials=[
            Credential(person=7, kind="card", value=CARD + n, revoked=revoked and n == 0, factor=factor)
            for n in range(cards)
        ],
    )
    payload = document.model_dump_json().encode()
    return SignedDocument(document, payload, b"", hashlib.sha256(payload).digest())


def test_hello_is_answered_with_time_and_events_are_stored_then_acknowledged(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        assert door.clock_offset is not None
        for _ in range(20):
            door.record(words.EVENT_DOOR_OPENED, words.REASON_NONE, middle.clock.now_s)
        while door.journal:
            door.pump(middle.clock.now_s)
            await middle.carry(door)
        stored = await middle.store.journal.after(0, 100)
        assert [row.event.seq for row in stored] == list(range(1, 21))
        assert stored[0].event.kind == "door-opened" and stored[0].event.clock_known
        view = middle.doors.view("b1-u1")
        assert view is not None and view.online and view.door == "Closed"
        await middle.stop()

    asyncio.run(scene())


def test_a_list_reaches_only_the_door_it_changes_and_a_revocation_every_door(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene() -> None:
        middle = make_middle()
        one, two = make_door("b1-u1"), make_door("b1-u2")
        await middle.start()
        for door in (one, two):
            door.connect(middle.clock.now_s)
            await middle.carry(door)
        await middle.lists.apply(signed(1))
        await middle.carry(one)
        assert one.list_version == 1
        assert one.swipe(CARD, middle.clock.now_s) == words.REASON_LISTED
        await middle.lists.apply(signed(2))
        await middle.carry(one)
        assert one.list_version == 1  # nothing of it has changed
        await middle.lists.apply(signed(3, revoked=True))
        for door in (one, two):
            door.connect(middle.clock.now_s)
            await middle.carry(door)
            assert door.list_version == 3
            assert door.swipe(CARD, middle.clock.now_s) == words.REASON_REVOKED
        assert all(view.list_current for view in middle.doors.views() if not view.gate)
        await middle.stop()

    asyncio.run(scene())


def test_a_large_list_goes_through_a_wire_that_loses_chunks(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        lost = iter([False, False, True, False, False, False, True] + [False] * 40 + [True])
        middle.send = lambda device, frame: None if next(lost, False) else middle.down.append((device, frame))
        await middle.lists.apply(signed(1, cards=1500))
        for _ in range(20):
            await middle.carry(door)
            middle.clock.now_s += 3
            middle.doors.tick()
        assert door.list_version == 1
        assert door.swipe(CARD + 1499, middle.clock.now_s) == words.REASON_LISTED
        await middle.stop()

    asyncio.run(scene())


def test_a_door_that_is_ahead_of_a_lost_database_gets_a_list_above_its_own(
    make_middle: MakeMiddle, make_door: MakeDoor
) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.list_version = 900
        await middle.lists.apply(signed(5))
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        assert door.list_version == 901
        assert door.swipe(CARD, middle.clock.now_s) == words.REASON_LISTED
        await middle.stop()

    asyncio.run(scene())


def test_open_is_carried_out_once_and_answered(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        assert (await middle.doors.open("b1-u1", words.REASON_GUARD, "guard")).reason == "unreachable"
        assert (await middle.doors.open("nowhere", words.REASON_GUARD, "guard")).reason == "unknown-door"
        assert (await middle.doors.vouch("b1-u1", words.REASON_FACE, 7, 10)).reason == "unreachable"
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        opening = asyncio.ensure_future(middle.doors.open("b1-u1", words.REASON_FACE, "face", 7))
        await middle.settle()
        (device, frame) = middle.down[-1]
        await middle.carry(door)
        result = await opening
        assert result.done and door.opened == [words.REASON_FACE]
        assert door.receive(frame, middle.clock.now_s) is None  # the same frame again
        middle.clock.now_s += 60
        assert door.opened == [words.REASON_FACE] and device == door.device.hex()
        await middle.stop()

    asyncio.run(scene())


def test_an_open_command_that_was_held_back_is_void(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        opening = asyncio.ensure_future(middle.doors.open("b1-u1", words.REASON_GUARD, "guard"))
        await middle.settle()
        middle.clock.now_s += 8
        await middle.carry(door)
        assert (await opening).reason == "command-expired" and not door.opened
        await middle.stop()

    asyncio.run(scene())


def test_counters_rise_over_a_restart_of_the_controller(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        door = make_door("b1-u1")
        for _ in range(3):
            middle = make_middle()
            await middle.start()
            middle.doors.on_link(door.device.hex(), "here", retained=True)
            if not door.clock_offset:
                door.connect(middle.clock.now_s)
            await middle.carry(door)
            view = middle.doors.view("b1-u1")
            assert view is not None and view.online
            opening = asyncio.ensure_future(middle.doors.open("b1-u1", words.REASON_GUARD, "guard"))
            await middle.settle()
            await middle.carry(door)
            assert (await opening).done
            await middle.stop()
        assert len(door.opened) == 3

    asyncio.run(scene())


def test_a_boot_unknown_to_the_controller_is_asked_at_once(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    """It rebooted while the controller was away: the question to its old boot must not delay the one to the new."""

    async def scene() -> None:
        door, middle = make_door("b1-u1"), make_middle()
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        await middle.stop()
        door.boot(middle.clock.now_s)
        middle = make_middle()
        await middle.start()
        middle.doors.on_link(door.device.hex(), "here", retained=True)
        await middle.carry(door)
        assert door.clock_offset is not None
        await middle.stop()

    asyncio.run(scene())


def test_replayed_forged_and_truncated_frames_change_nothing(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        old = list(door.outgoing)
        await middle.carry(door)
        door.boot(middle.clock.now_s)
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        boot = door.boot_id
        device = door.device.hex()
        open_state = door.state(0.0).to_bytes().replace(bytes([words.DOOR_CLOSED]), bytes([words.DOOR_OPEN]), 1)
        forged = Frame(door.device, boot, 10_000, 1, State.from_bytes(open_state)).to_bytes(bytes(32))
        for frame in [*old, forged, forged[:-1], b"", b"\x00" * 40, old[0][:20]]:
            middle.doors.on_up(device, frame)
        await middle.settle()
        view = middle.doors.view("b1-u1")
        assert view is not None and view.door == "Closed"
        door.record(words.EVENT_TAMPER, words.REASON_NONE, middle.clock.now_s)
        door.pump(middle.clock.now_s)
        await middle.carry(door)
        assert not door.journal  # the door of the new boot is still heard
        await middle.stop()

    asyncio.run(scene())


def test_a_door_whose_hello_was_missed_is_asked_for_it(make_middle: MakeMiddle, make_door: MakeDoor) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        door.outgoing.pop(0)
        door.record(words.EVENT_BOOT, words.REASON_NONE, middle.clock.now_s)
        door.pump(middle.clock.now_s)
        await middle.carry(door)
        middle.clock.now_s += 2
        door.pump(middle.clock.now_s)
        await middle.carry(door)
        assert not door.journal and door.clock_offset is not None
        await middle.stop()

    asyncio.run(scene())


def test_a_door_gets_its_configured_mode_and_its_clock_is_kept_right(site_file: Path, keys: dict[str, bytes]) -> None:
    text = site_file.read_text("utf-8")
    site_file.write_text(text.replace('name = "一单元门"', 'name = "一单元门"\nmode = "Trial"'), "utf-8")

    async def scene() -> None:
        middle = Middle(load(site_file), HandClock(), keys)
        await middle.start()
        door = SimulatedDoor(DEVICES["b1-u1"], keys[DEVICES["b1-u1"]])
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        assert door.mode == words.MODE_TRIAL and door.clock_offset is not None
        door.clock_offset += 10
        door.mode = words.MODE_LOCKED  # somebody has changed it at the door: not fought over before the next Hello
        door.say_state(middle.clock.now_s)
        await middle.carry(door)
        assert door.mode == words.MODE_LOCKED and abs(door.clock_offset - 1_800_000_000) < 2
        await middle.stop()

    asyncio.run(scene())
