"""Traffic over the API: who may, which span, the table, vehicles counted by hand."""

import csv
import io
from pathlib import Path

import httpx

from controller.api.tests.duty_room import GUARD, DutyRoom, play
from controller.flow.hours import Kind, Tally
from controller.vision.sighting import Presence

DAY_S = 86_400


async def fill(room: DutyRoom) -> int:
    today = room.flow.today()
    await room.middle.store.passages.add(
        {
            Kind(today - 3600, "cars", "vehicle", "blue", "in", 0): Tally(7, 14.0),
            Kind(today + 3600, "cars", "vehicle", "blue", "in", 0): Tally(4, 10.0),
            Kind(today + 7200, "face-1", "person", "", "out", 1): Tally(2, 3.0),
        },
        9,
        {today: 3},
    )
    return today


def test_flow_needs_a_session(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.client() as client:
            assert (await client.get("/api/flow")).status_code == 401
            assert (await client.get("/api/flow.csv")).status_code == 401
            assert (await client.post("/api/flow/inside", json={"vehicles": 1})).status_code == 401

    play(tmp_path, scene)


def test_flow_of_today_of_a_span_and_of_one_camera(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        today = await fill(room)
        room.flow.seen(Presence("face-1", 1.0, 4))
        room.flow.seen(Presence("cars", 1.0, 2))
        async with room.signed_in(GUARD) as client:
            view = (await client.get("/api/flow")).json()
            assert view["today_unix"] == today and view["vehicles_inside"] == 9
            assert [(row["camera"], row["count"], row["mean_s"]) for row in view["hours"]] == [
                ("cars", 4, 2.5),
                ("face-1", 2, 1.5),
            ]
            assert view["days"] == [{"day_unix": today, "vehicles": 3}]
            assert view["gate_cameras"] == ["cars"]
            assert view["people_present"] == {"face-1": 4}, "a camera that is down knows nothing"
            span = (await client.get(f"/api/flow?from={today - DAY_S}&to={today + DAY_S}&camera=cars")).json()
            assert [row["count"] for row in span["hours"]] == [7, 4]
            assert (await client.get("/api/flow?camera=nowhere")).status_code == 404
            for wrong in (f"from={today}&to={today}", f"from=0&to={today}"):
                refused = await client.get(f"/api/flow?{wrong}")
                assert refused.status_code == 422 and refused.json()["code"] == "bad-request"

    play(tmp_path, scene)


def test_flow_as_a_table_in_the_sites_time(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        await fill(room)
        async with room.signed_in(GUARD) as client:
            answer = await client.get("/api/flow.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"].startswith('attachment; filename="flow-2027-')
        assert answer.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert [(row["hour"][-5:], row["camera"], row["count"]) for row in rows] == [
            ("01:00", "cars", "4"),
            ("02:00", "face-1", "2"),
        ]

    play(tmp_path, scene)


def test_vehicles_inside_are_set_by_a_guard_and_written_down(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in(GUARD) as client:
            wrong: list[httpx.Response] = [
                await client.post("/api/flow/inside", json=body) for body in ({"vehicles": -1}, {"vehicles": "x"}, {})
            ]
            assert [answer.status_code for answer in wrong] == [422] * 3
            assert (await client.post("/api/flow/inside", json={"vehicles": 30})).status_code == 204
            assert (await client.get("/api/flow")).json()["vehicles_inside"] == 30
        (act, *_) = await room.middle.store.alerts.audited(1)
        assert (act.who, act.action, act.detail) == (GUARD, "vehicles-counted", "30")

    play(tmp_path, scene)
