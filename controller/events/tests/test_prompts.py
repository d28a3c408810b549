"""The screen beside a camera: what it shows, for how long, and to whom it is told."""

import asyncio

import pytest

from controller.conftest import HandClock
from controller.events.prompts import ANSWERED_S, ASKED_S, CARD, OPEN, Prompts
from controller.events.tries import MOST, WITHIN_S, Tries
from controller.vision.sighting import Ask


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def prompts(clock: HandClock) -> Prompts:
    return Prompts(["door"], clock.mono)


def test_what_is_asked_is_shown_until_it_is_done_or_its_time_is_over(prompts: Prompts, clock: HandClock) -> None:
    assert prompts.now("door").what == ""
    prompts.ask(Ask("door", "left"))
    assert prompts.now("door").what == "left" and prompts.left_s(prompts.now("door")) == ASKED_S
    prompts.ask(Ask("door", ""))
    assert prompts.now("door").what == ""
    prompts.ask(Ask("door", "left"))
    clock.now_s += ASKED_S
    assert prompts.now("door").what == ""


def test_an_answer_stays_for_seconds_though_nobody_is_asked_any_more(prompts: Prompts, clock: HandClock) -> None:
    for opened, what in ((True, OPEN), (False, CARD)):
        prompts.ask(Ask("door", "down"))
        prompts.answer("door", opened)
        prompts.ask(Ask("door", ""))
        assert prompts.now("door").what == what
        clock.now_s += ANSWERED_S
        assert prompts.now("door").what == ""
    prompts.answer("door", True)
    prompts.ask(Ask("door", "up"))  # the next person
    assert prompts.now("door").what == "up"


def test_a_camera_without_a_screen_shows_nothing(prompts: Prompts) -> None:
    prompts.ask(Ask("elsewhere", "left"))
    prompts.answer("elsewhere", True)
    assert "elsewhere" not in prompts and prompts.now("elsewhere").what == ""


def test_who_waits_hears_of_the_next_change_and_of_the_end(prompts: Prompts) -> None:
    async def scene() -> None:
        before = prompts.now("door").number
        waiting = asyncio.create_task(prompts.wait("door", before, 60))
        await asyncio.sleep(0)
        prompts.ask(Ask("door", "left"))
        await waiting
        await prompts.wait("door", before, 60)  # it has changed since
        waiting = asyncio.create_task(prompts.wait("door", prompts.now("door").number, 60))
        await asyncio.sleep(0)
        prompts.close()
        await waiting

    asyncio.run(scene())


def test_too_many_wrong_moves_of_one_face_at_one_camera() -> None:
    tries = Tries()
    assert [tries.fail("door", 7, 10.0 * number) for number in range(MOST)] == [False] * (MOST - 1) + [True]
    assert tries.too_many("door", 7, 30) and not tries.too_many("door", 8, 30) and not tries.too_many("other", 7, 30)
    assert tries.too_many("door", 7, WITHIN_S - 1) and not tries.too_many("door", 7, WITHIN_S)
    assert not tries.fail("door", 8, 0.0)
