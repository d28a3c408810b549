"""What cameras count, into the store: types, directions, gates, days, a full disk, retention."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from controller.conftest import Middle
from controller.events.flow import Flow, gate_counters
from controller.flow.hours import Kind, Tally
from controller.settings import CameraSettings
from controller.store.errors import StoreFullError
from controller.tasks import end
from controller.vision.sighting import FlowCount, PlateSighting, Presence

MakeMiddle = Callable[[], Middle]
CAMERAS = (
    CameraSettings(id="lane", name="n", url="u", task="flow", opens="north"),
    CameraSettings(id="plate", name="n", url="u", task="plate", opens="north"),
    CameraSettings(id="back", name="n", url="u", task="plate", opens="south", approach="out"),
    CameraSettings(id="plaza", name="n", url="u", task="people"),
)
DAY_S = 86_400


def play(make_middle: MakeMiddle, scene: Callable[[Middle, Flow, list[bytes]], Awaitable[None]]) -> None:
    async def run() -> None:
        middle = make_middle()
        await middle.start()
        keys: list[bytes] = []

        def new_key() -> bytes:
            keys.append(bytes([len(keys)]) * 32)
            return keys[-1]

        await scene(middle, Flow(middle.store, CAMERAS, middle.clock.unix, lambda: 8 * 3600, new_key, 30), keys)
        await middle.stop()

    asyncio.run(run())


def crossing(middle: Middle, camera: str, direction: str, what: str = "vehicle", spent_s: float = 2.0) -> FlowCount:
    return FlowCount(camera, middle.clock.unix(), what, direction, 1, spent_s)


def plate(middle: Middle, text: str, camera: str = "plate", confidence: float = 0.99) -> PlateSighting:
    return PlateSighting(
        camera, 1, middle.clock.unix(), text, confidence, (confidence,) * 7, "blue", "blue", "in", None, 1.0
    )


async def everything(middle: Middle) -> dict[Kind, Tally]:
    return await middle.store.passages.between(0, 2**40)


def test_hours_hold_type_direction_lane_and_time_spent(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        flow.seen(crossing(middle, "lane", "in", spent_s=2.0))
        flow.seen(crossing(middle, "lane", "in", spent_s=4.0))
        flow.seen(crossing(middle, "plaza", "visit", "person", 60.0))
        await flow.store()
        flow.seen(crossing(middle, "lane", "in", spent_s=6.0))
        flow.plate(plate(middle, "皖A12345", "back"))
        await flow.store()
        hour = int(middle.clock.unix()) // 3600 * 3600
        assert await everything(middle) == {
            Kind(hour, "back", "vehicle", "blue", "out", 0): Tally(1, 0.0),
            Kind(hour, "lane", "vehicle", "", "in", 1): Tally(3, 12.0),
            Kind(hour, "plaza", "person", "", "visit", 1): Tally(1, 60.0),
        }
        assert list(await middle.store.passages.between(hour, hour + 1, "plaza")) == [
            Kind(hour, "plaza", "person", "", "visit", 1)
        ]

    play(make_middle, scene)


def test_vehicles_inside_go_by_lanes_where_a_gate_has_them_and_by_plates_elsewhere(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        assert gate_counters(CAMERAS) == {"lane", "back"}
        await flow.set_inside(10, "guard")
        for direction in ("in", "in", "out"):
            flow.seen(crossing(middle, "lane", direction))
        flow.plate(plate(middle, "皖A12345"))
        flow.plate(plate(middle, "皖A12346", "back"))
        await flow.store()
        assert (await middle.store.passages.inside()).vehicles == 10
        flow.seen(crossing(middle, "lane", "in"))
        await flow.set_inside(3, "guard")
        inside = await middle.store.passages.inside()
        assert (inside.vehicles, inside.counted_unix) == (3, middle.clock.unix())
        for _ in range(5):
            flow.seen(crossing(middle, "lane", "out"))
        await flow.store()
        assert (await middle.store.passages.inside()).vehicles == 0
        acts = await middle.store.alerts.audited(5)
        assert [(act.who, act.action, act.detail) for act in acts] == [
            ("guard", "vehicles-counted", "3"),
            ("guard", "vehicles-counted", "10"),
        ]

    play(make_middle, scene)


def test_different_vehicles_of_a_day_and_no_plate_in_the_database(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        for text in ("皖A12345", "皖A12346", "皖A12345"):
            flow.plate(plate(middle, text))
        flow.plate(plate(middle, "皖A1234?", confidence=0.2))
        await flow.store()
        flow.plate(plate(middle, "皖A12346"))
        flow.plate(plate(middle, "皖A12347"))
        await flow.store()
        today = flow.today()
        assert await middle.store.passages.days(0, 2**40) == {today: 3}
        middle.clock.now_s += DAY_S
        await flow.store()
        flow.plate(plate(middle, "皖A12345"))
        await flow.store()
        assert await middle.store.passages.days(0, 2**40) == {today: 3, today + DAY_S: 1}
        assert len(set(keys)) == len(keys) == 2, "each day has a key of its own"
        dump = await middle.store.database.read(lambda c: "\n".join(c.iterdump()))
        assert "A1234" not in dump and "flow_days" in dump

    play(make_middle, scene)


def test_vehicles_between_midnight_and_the_next_store_are_of_the_new_day(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        flow.plate(plate(middle, "皖A12345"))
        today = flow.today()
        middle.clock.now_s += today + DAY_S + 5 - middle.clock.unix()
        for text in ("皖A12345", "皖A12346", "皖A12346"):
            flow.plate(plate(middle, text))
        await flow.store()
        flow.plate(plate(middle, "皖A12346"))
        await flow.store()
        assert await middle.store.passages.days(0, 2**40) == {today: 1, today + DAY_S: 2}
        assert len(keys) == 2

    play(make_middle, scene)


def test_a_full_disk_loses_no_count(make_middle: MakeMiddle, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        async def full(*_: object) -> None:
            raise StoreFullError("full")

        flow.plate(plate(middle, "皖A12345"))
        flow.seen(crossing(middle, "lane", "in"))
        with monkeypatch.context() as patch:
            patch.setattr(middle.store.passages, "add", full)
            with pytest.raises(StoreFullError):
                await flow.store()
        await flow.store()
        assert sum(tally.count for tally in (await everything(middle)).values()) == 2
        assert list((await middle.store.passages.days(0, 2**40)).values()) == [1]
        assert (await middle.store.passages.inside()).vehicles == 1

    play(make_middle, scene)


def test_a_controller_that_stops_while_it_stores_counts_nobody_twice(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        flow.plate(plate(middle, "皖A12345"))
        storing = asyncio.create_task(flow.store())
        await asyncio.sleep(0)  # it has handed its job over
        await end([storing])
        await flow.store()
        await middle.settle()
        assert sum(tally.count for tally in (await everything(middle)).values()) == 1
        assert list((await middle.store.passages.days(0, 2**40)).values()) == [1]

    play(make_middle, scene)


def test_old_counts_go(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        first = flow.today()
        for day in range(40):
            flow.plate(plate(middle, "皖A12345"))
            await flow.store()
            kept = range(max(0, day - 30), day + 1)
            assert list(await middle.store.passages.days(0, 2**40)) == [first + day * DAY_S for day in kept]
            assert len(await everything(middle)) == len(kept)
            middle.clock.now_s += DAY_S

    play(make_middle, scene)


@pytest.mark.parametrize("wrong_days", [1, 5])
def test_a_clock_that_is_far_ahead_for_a_while_costs_no_more_than_the_oldest_counts(
    make_middle: MakeMiddle, wrong_days: int
) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        for _ in range(20):
            flow.plate(plate(middle, "皖A12345"))
            await flow.store()
            middle.clock.now_s += DAY_S
        middle.clock.now_s += 500 * DAY_S
        for _ in range(wrong_days):
            flow.plate(plate(middle, "皖A12345"))
            await flow.store()
            middle.clock.now_s += DAY_S
        middle.clock.now_s -= 500 * DAY_S
        await flow.store()
        kept = [hour for hour in await everything(middle) if hour.hour_unix < middle.clock.unix()]
        assert len(kept) == 20 - 2 * (wrong_days - 1)

    play(make_middle, scene)


def test_people_in_a_zone_are_those_that_were_said_last(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, flow: Flow, keys: list[bytes]) -> None:
        for people in (1, 3, 2):
            flow.seen(Presence("plaza", middle.clock.unix(), people))
        assert flow.present() == {"plaza": 2}

    play(make_middle, scene)
