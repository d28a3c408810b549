"""News: numbered, resumable, bounded; the stream of server-sent events over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from controller.api.feed import Feed
from controller.api.live import stream
from controller.api.tests.duty_room import GUARD, HOSTILE, PASSWORD, DutyRoom, play
from controller.events.live import Live, LiveItem


async def as_it_is(item: LiveItem) -> dict[str, Any]:
    if item.data.get("n") == "broken":
        raise KeyError("n")
    return item.data


class Reader:
    """What a page hears, part by part."""

    def __init__(self, feed: Feed, position: str = "", signed_in: bool = True) -> None:
        self.position = position
        self.signed_in = signed_in
        self._parts = stream(feed, position, self._allowed, heartbeat_s=0.01)

    async def _allowed(self) -> bool:
        return self.signed_in

    async def next(self) -> tuple[str, Any]:
        """The next event that is no heartbeat: (kind, data)."""
        async for part in self._parts:
            fields = dict(line.partition(": ")[::2] for line in part.decode().strip().split("\n"))
            if fields.get("event", "beat") == "beat":
                continue
            self.position = fields["id"]
            return fields["event"], json.loads(fields["data"])
        return "end", None

    async def beats(self) -> bool:
        async for part in self._parts:
            if b"event: beat" in part:
                return True
        return False


def run(scene: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scene()

    asyncio.run(bounded())


def test_a_new_page_is_told_to_load_then_hears_everything() -> None:
    async def scene() -> None:
        live, feed = Live(), None
        feed = Feed(live, as_it_is)
        feed.start()
        page = Reader(feed)
        assert (await page.next())[0] == "reset"
        assert await page.beats()
        for number in range(5):
            live.publish("event", {"n": number})
        assert [(await page.next())[1]["n"] for _ in range(5)] == list(range(5))
        await feed.close()
        assert (await page.next())[0] == "end"

    run(scene)


def test_a_page_resumes_where_it_was_and_only_there() -> None:
    async def scene() -> None:
        live = Live()
        feed = Feed(live, as_it_is, history=3)
        feed.start()
        page = Reader(feed)
        await page.next()
        live.publish("event", {"n": 0})
        await page.next()
        was = page.position
        for number in (1, 2, 3):
            live.publish("event", {"n": number})
        again = Reader(feed, was)
        assert [(await again.next())[1]["n"] for _ in range(3)] == [1, 2, 3]
        live.publish("event", {"n": 4})
        await again.next()
        assert (await Reader(feed, was).next())[0] == "reset"  # 1 is no longer kept
        assert (await Reader(feed, "of-another-life").next())[0] == "reset"
        assert (await Reader(feed, feed.position.split("-")[0] + "-99").next())[0] == "reset"
        assert (await Reader(feed, feed.position.split("-")[0] + "-²").next())[0] == "reset"
        await feed.close()

    run(scene)


def test_items_lost_on_the_way_reset_every_page() -> None:
    async def scene() -> None:
        live = Live(backlog=2)
        feed = Feed(live, as_it_is)
        feed.start()
        page = Reader(feed)
        await page.next()
        await asyncio.sleep(0)
        for number in range(9):  # without a pause: the feed cannot take them
            live.publish("event", {"n": number})
        heard = [await page.next()]
        while heard[-1][0] != "reset":
            heard.append(await page.next())
        live.publish("event", {"n": 10})
        assert (await page.next())[1] == {"n": 10}
        await feed.close()

    run(scene)


def test_an_item_that_cannot_be_named_does_not_end_the_news() -> None:
    async def scene() -> None:
        live = Live()
        feed = Feed(live, as_it_is)
        feed.start()
        page = Reader(feed)
        await page.next()
        live.publish("event", {"n": "broken"})
        live.publish("event", {"n": 2})
        assert (await page.next())[1] == {"n": 2}
        await feed.close()

    run(scene)


def test_a_session_that_ends_ends_its_stream() -> None:
    async def scene() -> None:
        feed = Feed(Live(), as_it_is)
        feed.start()
        page = Reader(feed)
        await page.next()
        page.signed_in = False
        assert (await page.next())[0] == "bye"
        assert (await page.next())[0] == "end"
        await feed.close()

    run(scene)


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields.get("event", "beat") != "beat":
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}
        else:
            fields = {}


def test_an_event_arrives_with_its_names_and_is_resumed_by_last_event_id(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        await room.greet()
        async with room.served() as url, httpx.AsyncClient(base_url=url, headers={"origin": url}) as client:
            await client.post("/api/login", json={"username": GUARD, "password": PASSWORD})
            async with client.stream("GET", "/api/live") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                heard = events(answer.aiter_lines())
                position, kind, _ = await anext(heard)
                assert kind == "reset"
                key = await room.happen()
                while kind != "event":
                    _, kind, data = await anext(heard)
                assert f"{data['device']}-{data['epoch']}-{data['seq']}" == key
                assert data["person_name"] == HOSTILE and data["door"] == "b1-u1" and data["reason"] == "listed"
            headers = {"last-event-id": position}
            async with client.stream("GET", "/api/live", headers=headers) as answer:
                kinds = []
                async for _, kind, _ in events(answer.aiter_lines()):
                    kinds.append(kind)
                    if kind == "event":
                        break
                assert "reset" not in kinds

    play(tmp_path, scene)
