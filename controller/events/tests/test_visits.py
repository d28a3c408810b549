"""Visitors' cars: counted before the barrier, over restarts, per window."""

import asyncio
import sqlite3
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import lists, sampled_from

from controller.access.document import Document, Vehicle
from controller.events.visits import Visits
from controller.store.errors import StoreFullError
from controller.store.store import Store

CAR = Vehicle(plate="皖A·12345", person=7, uses=3, not_after=2_000_000_000)


def document(*vehicles: Vehicle) -> Document:
    return Document(site="demo", version=1, previous="", issued_unix=0, expires_unix=0, vehicles=list(vehicles))


def with_store(folder: Path, scene: Any) -> None:
    async def run() -> None:
        store = Store(folder / "a.db", folder / "box.key")
        try:
            await scene(store)
        finally:
            await store.close()

    asyncio.run(run())


def test_visits_taken_at_once_are_never_more_than_there_are(tmp_path: Path) -> None:
    async def scene(store: Store) -> None:
        visits = Visits(store.visits)
        assert sorted(await asyncio.gather(*[visits.take(CAR) for _ in range(9)])) == [False] * 6 + [True] * 3
        assert await visits.take(CAR.model_copy(update={"uses": 0}))  # no limit, nothing counted

    with_store(tmp_path, scene)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=lists(sampled_from(["opened", "refused", "restart", "killed", "list"]), max_size=12))
def test_a_car_is_let_in_no_more_than_it_may_be_whatever_fails(tmp_path: Path, steps: list[str]) -> None:
    async def scene(store: Store) -> None:
        visits, opened = Visits(store.visits), 0
        await visits.tidy(document())
        for visit in await store.visits.all():
            await store.visits.forget([visit])
        for step in steps:
            if step == "list":
                await visits.tidy(document(CAR))
            elif step == "restart":
                visits = Visits(store.visits)
                await visits.load()
            elif await visits.take(CAR):
                opened += step != "refused"
                if step == "refused":
                    await visits.give_back(CAR)
                if step == "killed":  # the barrier has moved, and nothing else was done
                    visits = Visits(store.visits)
                    await visits.load()
        assert opened <= CAR.uses and visits.used(CAR) == opened

    with_store(tmp_path, scene)


def test_another_window_is_another_visit_and_what_left_the_list_is_forgotten(tmp_path: Path) -> None:
    async def scene(store: Store) -> None:
        visits = Visits(store.visits)
        for _ in range(CAR.uses):
            assert await visits.take(CAR)
        later = CAR.model_copy(update={"not_before": 1_900_000_000})
        assert not await visits.take(CAR) and await visits.take(later)
        more = CAR.model_copy(update={"uses": 4, "plate": "皖A12345"})
        assert await visits.take(more) and not await visits.take(more)  # one use more of the same visit
        await visits.tidy(document(later))
        assert visits.used(CAR) == 0 and visits.used(later) == 1 and len(await store.visits.all()) == 1

    with_store(tmp_path, scene)


def test_a_use_that_is_given_back_after_its_car_left_the_list_leaves_nothing(tmp_path: Path) -> None:
    async def scene(store: Store) -> None:
        visits = Visits(store.visits)
        assert await visits.take(CAR)
        await visits.tidy(document())
        await visits.give_back(CAR)
        assert visits.used(CAR) == 0 and await store.visits.all() == {}

    with_store(tmp_path, scene)


def test_on_a_full_disk_visits_still_count_until_the_next_start(tmp_path: Path) -> None:
    async def scene(store: Store) -> None:
        visits = Visits(store.visits)

        def full(job: object) -> Coroutine[Any, Any, None]:
            raise StoreFullError("full")

        store.database.write = full  # type: ignore[method-assign, assignment]
        assert [await visits.take(CAR) for _ in range(4)] == [True, True, True, False]

    with_store(tmp_path, scene)


def test_counts_are_in_the_file_before_the_barrier_is_asked(tmp_path: Path) -> None:
    async def scene(store: Store) -> None:
        assert await Visits(store.visits).take(CAR)
        with sqlite3.connect(store.database.path) as other:
            assert other.execute("SELECT plate, used FROM visits").fetchall() == [("皖A12345", 1)]
        other.close()

    with_store(tmp_path, scene)
