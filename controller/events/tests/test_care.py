"""Care on request: who asked, silence, signs of life, guards, restarts. Time is the hand clock's."""

import asyncio
import hashlib
import logging
from collections.abc import Callable

import pytest

from controller.access.document import Document, Person
from controller.conftest import DEVICES, Middle
from controller.events.care import SETTLE_S, Care
from controller.store.alerts import Alert
from controller.store.documents import SignedDocument
from controller.store.journal import NewEvent

MakeMiddle = Callable[[], Middle]
HOUR_S = 3_600


class House:
    """A controller whose care is looked after by hand."""

    def __init__(self, middle: Middle) -> None:
        self.middle = middle
        self.away = 0
        self.restart()

    def restart(self) -> None:
        self.care = Care(self.middle.store.care, self.middle.alarm, self.middle.clock, lambda: self.away)

    async def hours(self, hours: float) -> None:
        self.middle.clock.now_s += hours * HOUR_S
        await self.care.look()

    async def alerts(self) -> list[Alert]:
        return [alert for alert in await self.middle.store.alerts.latest(50) if alert.kind == "care"]

    async def lists(self, version: int, care_hours: int) -> None:
        """A list in which one of two people asks for care, or not."""
        people = [Person(id=7, name="王奶奶", doors=["b1-u1"], care_hours=care_hours), Person(id=8, name="李四")]
        document = Document(
            site="demo", version=version, previous="", issued_unix=version, expires_unix=0, people=people
        )
        payload = document.model_dump_json().encode()
        await self.middle.lists.apply(SignedDocument(document, payload, b"", hashlib.sha256(payload).digest()))

    async def event(self, seq: int, kind: str, person: int = 7, ago_s: float = 0) -> None:
        """A door's, which happened so long before it came."""
        now = self.middle.clock.unix()
        event = NewEvent(DEVICES["b1-u1"], 1, seq, kind, "none", int(now - ago_s), True, now, "card", "", person, 1, 0)
        assert (await self.middle.store.journal.append(event)).id is not None


async def asked_for(middle: Middle) -> House:
    """24 h are asked for; the controller has run for long enough."""
    await middle.start()
    house = House(middle)
    await house.lists(1, 24)
    await house.hours(SETTLE_S / HOUR_S)
    return house


def test_silence_of_who_asked_for_it_is_an_alert_once(
    make_middle: MakeMiddle, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        middle = make_middle()
        house = await asked_for(middle)
        await house.event(1, "granted")
        await house.event(2, "granted", person=8)
        await house.hours(23.9)
        assert await house.alerts() == []
        await house.event(3, "denied")
        await house.event(4, "granted", person=8)
        await house.hours(0.2)
        await house.hours(5)
        (alert,) = await house.alerts()
        assert (alert.subject, alert.level, alert.outcome) == ("person:7", "needs-a-person", "")
        assert "24 h" in alert.words
        assert "王奶奶" not in caplog.text and "person:7" not in caplog.text and "care" in caplog.text
        await middle.stop()

    caplog.set_level(logging.DEBUG)
    asyncio.run(scene())


@pytest.mark.parametrize("kind", ["granted", "command-done", "Duress"])
def test_a_sign_of_life_of_any_kind_ends_the_alert(make_middle: MakeMiddle, kind: str) -> None:
    async def scene() -> None:
        middle = make_middle()
        house = await asked_for(middle)
        await house.hours(25)
        await house.event(1, kind)
        await house.hours(0.01)
        assert [alert.outcome for alert in await house.alerts()] == ["ended"]
        await house.hours(23.9)
        assert len(await house.alerts()) == 1
        await house.hours(0.2)
        assert [alert.outcome for alert in await house.alerts()] == ["", "ended"]
        await middle.stop()

    asyncio.run(scene())


def test_a_sign_that_a_door_delivers_late_counts_from_when_it_happened(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle = make_middle()
        house = await asked_for(middle)
        house.away = 2
        await house.hours(25)
        assert "2 doors are out of reach" in (await house.alerts())[0].words
        await house.event(1, "granted", ago_s=5 * HOUR_S)
        await house.hours(0.01)
        assert [alert.outcome for alert in await house.alerts()] == ["ended"]
        await house.hours(19.1)
        assert [alert.outcome for alert in await house.alerts()] == ["", "ended"]
        await middle.stop()

    asyncio.run(scene())


def test_a_guards_judgement_starts_the_hours_anew(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle = make_middle()
        house = await asked_for(middle)
        await house.hours(25)
        (alert,) = await house.alerts()
        await middle.alarm.judge(alert.id, "confirmed", "guard")
        await house.hours(23.9)
        assert len(await house.alerts()) == 1
        await house.hours(0.2)
        assert [alert.outcome for alert in await house.alerts()] == ["", "confirmed"]
        await middle.stop()

    asyncio.run(scene())


def test_after_a_restart_doors_deliver_first_and_nothing_is_raised_twice(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle = make_middle()
        house = await asked_for(middle)
        middle.clock.now_s += 30 * HOUR_S
        house.restart()
        await house.hours(0)
        assert await house.alerts() == []
        await house.hours(SETTLE_S / HOUR_S)
        house.restart()
        await house.hours(1)
        assert len(await house.alerts()) == 1
        await middle.stop()

    asyncio.run(scene())


def test_who_does_not_ask_any_more_is_forgotten(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle = make_middle()
        house = await asked_for(middle)
        await house.hours(25)
        assert await middle.store.care.since(7) is not None and await middle.store.care.since(8) is None
        await house.lists(2, 0)
        await house.hours(0.01)
        assert [alert.outcome for alert in await house.alerts()] == ["ended"]
        rows = await middle.store.database.read(lambda c: c.execute("SELECT * FROM care").fetchall())
        assert rows == [] and await middle.store.care.since(7) is None
        await house.lists(3, 24)
        await house.hours(23)
        assert len(await house.alerts()) == 1, "silence counts from when it was asked for again"
        await middle.stop()

    asyncio.run(scene())


def test_a_doors_clock_that_is_ahead_makes_no_sign_of_the_future(make_middle: MakeMiddle) -> None:
    async def scene() -> None:
        middle = make_middle()
        house = await asked_for(middle)
        await house.event(1, "granted", ago_s=-500 * HOUR_S)
        await house.hours(24.1)
        assert len(await house.alerts()) == 1
        await middle.stop()

    asyncio.run(scene())
