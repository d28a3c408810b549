"""Consent, a guard's hand on a door, alerts: written down, and what happens when that cannot be."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from controller.bus.tests.test_doors import signed
from controller.conftest import Middle
from controller.events.audit import GuardActions
from controller.events.enrol import LEFT_DAYS, Enrolment
from controller.events.ports import CameraView, EnrolError
from controller.store.errors import StoreFullError
from controller.store.templates import Consent, Template
from tools.door_simulator import SimulatedDoor

MakeMiddle = Callable[[], Middle]
MakeDoor = Callable[[str], SimulatedDoor]
NET = "net 1"
BEYOND = 0.02
CONSENT = Consent("v1", "guard")


class Eyes:
    """Cameras that make one vector of any picture and remember the gallery."""

    def __init__(self) -> None:
        self.gallery: list[Template] = []

    def views(self) -> list[CameraView]:
        return []

    def last_frame(self, camera: str) -> bytes | None:
        return None

    async def enrol(self, jpeg: bytes | None, camera: str | None) -> list[bytes]:
        if jpeg == b"dark":
            raise EnrolError("too dark; find more light")
        return [b"vector of " + (jpeg or b"camera")]

    async def set_gallery(self, templates: list[Template]) -> None:
        self.gallery = templates


def test_enrolment_needs_a_listed_person_consent_and_a_face_and_is_undone_by_withdrawal(
    make_middle: MakeMiddle,
) -> None:
    async def scene() -> None:
        middle, eyes = make_middle(), Eyes()
        await middle.start()
        enrolment = Enrolment(middle.store, eyes, middle.clock.unix, NET, BEYOND)
        with pytest.raises(EnrolError, match="not on the community's list"):
            await enrolment.enrol(7, CONSENT, b"picture")
        await middle.lists.apply(signed(1))
        with pytest.raises(EnrolError, match="no consent"):
            await enrolment.enrol(7, Consent("", "guard"), b"picture")
        with pytest.raises(EnrolError, match="more light"):
            await enrolment.enrol(7, CONSENT, b"dark")
        assert eyes.gallery == []
        assert await enrolment.enrol(7, CONSENT, b"picture") == 1
        assert await enrolment.enrol(7, CONSENT, None, "face-1") == 2
        assert [(row.person, row.vector) for row in eyes.gallery] == [
            (7, b"vector of picture"),
            (7, b"vector of camera"),
        ]
        assert await enrolment.withdraw(7, "guard") == 2
        assert eyes.gallery == []
        acts = [(row.who, row.action, row.subject) for row in await middle.store.alerts.audited(9)]
        assert acts == [("guard", "withdraw-consent", "person:7"), *[("guard", "enrol", "person:7")] * 2]
        await middle.stop()

    asyncio.run(scene())


def test_a_face_taken_for_somebody_else_makes_that_person_stricter(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle, eyes = make_middle(), Eyes()
        await middle.start()
        enrolment = Enrolment(middle.store, eyes, middle.clock.unix, NET, BEYOND)
        await middle.lists.apply(signed(1))
        await enrolment.enrol(7, CONSENT, b"picture")
        for spare in (0.01, 0.03, 0.03, 0.01):  # said twice of one capture, it does not add up
            await enrolment.not_me(7, spare, "guard")
        assert eyes.gallery[0].stricter == pytest.approx(0.03 + BEYOND)
        await enrolment.withdraw(7, "guard")
        await enrolment.enrol(7, CONSENT, b"picture")
        assert eyes.gallery[0].stricter == 0.0  # new pictures, a new start
        await middle.stop()

    asyncio.run(scene())


def test_a_person_who_left_is_forgotten_after_the_retention_time(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle, eyes = make_middle(), Eyes()
        await middle.start()
        enrolment = Enrolment(middle.store, eyes, middle.clock.unix, NET, BEYOND)
        await middle.lists.apply(signed(1))
        await enrolment.enrol(7, CONSENT, b"picture")
        gone = signed(2)
        gone = type(gone)(gone.document.model_copy(update={"people": []}), gone.payload, b"", gone.digest)
        await middle.lists.apply(gone)
        await enrolment.forget_left()
        assert await enrolment.counts() == {7: 1}
        middle.clock.now_s += LEFT_DAYS * 86_400 + 1
        await enrolment.forget_left()
        assert await enrolment.counts() == {}
        await middle.stop()

    asyncio.run(scene())


def test_a_guard_opens_with_a_reason_also_while_the_disk_is_full(
    make_middle: MakeMiddle, make_door: MakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        middle, door = make_middle(), make_door("b1-u1")
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        guard = GuardActions(middle.store, middle.doors, middle.clock.unix)
        await guarded(middle, door, guard, "a parcel")
        acts = [(row.who, row.action, row.subject, row.detail) for row in await middle.store.alerts.audited(2)]
        assert acts == [("门卫", "open-ended", "b1-u1", "done"), ("门卫", "open", "b1-u1", "a parcel")]
        middle.store.database.write = refuse  # type: ignore[method-assign,assignment]
        await guarded(middle, door, guard, "an ambulance")
        assert len(door.opened) == 2

    with caplog.at_level(logging.WARNING):
        asyncio.run(scene())
    assert "门卫 did open to b1-u1 (an ambulance)" in caplog.text


async def guarded(middle: Middle, door: SimulatedDoor, guard: GuardActions, why: str) -> None:
    """Open, and carry the frames meanwhile."""
    opening = asyncio.ensure_future(guard.open("b1-u1", "门卫", why))
    while not opening.done():
        await asyncio.sleep(0)
        for _, frame in middle.down:
            door.receive(frame, middle.clock.now_s)
        middle.down.clear()
        frames, door.outgoing = door.outgoing, []
        for frame in frames:
            middle.doors.on_up(door.device.hex(), frame)
    assert (await opening).done


async def refuse(job: object) -> None:
    """A full disk."""
    raise StoreFullError("full")


def test_an_alert_that_a_full_disk_refused_is_stored_later(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle = make_middle()
        await middle.start()
        write = middle.store.database.write
        middle.store.database.write = refuse  # type: ignore[method-assign,assignment]
        items = middle.live.subscribe()
        assert await middle.alarm.raise_alert("watchlist", "sure", "watchlist:1", "north", "w", ("cars", b"j")) is None
        assert (await anext(items)).data["kind"] == "watchlist"  # the page knows at once
        await middle.alarm.store_waiting()
        middle.store.database.write = write  # type: ignore[method-assign]
        await middle.alarm.store_waiting()
        (alert,) = await middle.store.alerts.latest(5)
        assert alert.capture is not None and await middle.store.alerts.evidence(alert.capture) is not None
        await middle.stop()

    asyncio.run(scene())
