"""Fan-out: everyone hears, the slow one is told to load anew, nobody is waited for."""

import asyncio

from controller.events.live import Live, LiveItem


def test_every_subscriber_hears_what_is_published_after_it_came() -> None:
    async def scene() -> None:
        live = Live()
        live.publish("event", {"id": 0})
        one, two = live.subscribe(), live.subscribe()
        live.publish("event", {"id": 1})
        live.close()
        for subscription in (one, two):
            assert [item async for item in subscription] == [LiveItem("event", {"id": 1})]

    asyncio.run(scene())


def test_a_slow_subscriber_gets_a_reset_and_no_more() -> None:
    async def scene() -> None:
        live = Live(backlog=3)
        slow, fast = live.subscribe(), live.subscribe()
        heard = []
        for number in range(6):
            live.publish("door", {"n": number})
            heard.append((await anext(fast)).data["n"])
        assert heard == [0, 1, 2, 3, 4, 5]
        assert [item.kind async for item in slow] == ["door", "door", "door", "reset"]

    asyncio.run(scene())


def test_a_subscriber_that_leaves_is_forgotten() -> None:
    async def scene() -> None:
        live = Live()
        async with live.subscribe() as items:
            live.publish("door", {})
            assert (await anext(items)).kind == "door"
        live.publish("door", {})
        assert not live._subscriptions

    asyncio.run(scene())
