"""The community server through its endpoints: rows, signed versions, events, who may ask."""

import asyncio
import base64
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tools.community.database import KEPT_PAYLOADS, Database
from tools.community.errors import SetupError
from tools.community.gate import BODY_LIMIT, Tokens
from tools.community.openapi import contract
from tools.community.publish import Publisher
from tools.community.server import Parts, create_server
from tools.community.signing import Signer, digest
from tools.community.version import DAY_S

NAME = "住户 <b>Resident</b>"
CARD = {"person": 7, "kind": "card", "value": 790_000}


class Desk:
    """One server in memory of this process, asked as administrator and as site; the clock is a number."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000.0
        self.signer = Signer(folder / "signing.key")
        self.database = Database(folder / "community.db", "demo")
        publisher = Publisher(self.database, self.signer, "demo", 30 * DAY_S, lambda: self.now)
        app = create_server(Parts("demo", self.database, publisher, None, lambda: self.now), Tokens(folder))
        self.transport = httpx.ASGITransport(app)
        self.admin = self.client((folder / "admin.token").read_text())
        self.site = self.client((folder / "site.token").read_text())

    def client(self, token: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=self.transport, base_url="http://community", headers=headers)

    async def publish_one_resident(self) -> None:
        await ok(self.admin.put("/v1/people/7", json={"name": NAME, "doors": ["b1-u1"], "gates": ["north"]}))
        await ok(self.admin.put("/v1/credentials", json=[CARD]))
        await ok(self.admin.put("/v1/vehicles/皖A12345", json={"person": 7, "gates": ["north"]}))
        await ok(self.admin.put("/v1/watchlist/1", json={"kind": "plate", "value": "京B67893", "reason": "stolen"}))
        await ok(self.admin.post("/v1/publish"))

    async def payload(self) -> dict[str, Any]:
        signed = (await ok(self.site.get("/v1/lists/latest"))).json()
        data = base64.b64decode(signed["payload"])
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(self.signer.public_key))
        key.verify(base64.b64decode(signed["signature"]), data)
        with pytest.raises(InvalidSignature):
            key.verify(base64.b64decode(signed["signature"]), data + b" ")
        found: dict[str, Any] = json.loads(data)
        return found


async def ok(asked: Awaitable[httpx.Response]) -> httpx.Response:
    answer = await asked
    assert answer.is_success, answer.text
    return answer


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    desk = Desk(tmp_path)
    yield desk
    desk.database.close()


def play(desk: Desk, scene: Callable[[Desk], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with desk.admin, desk.site:
            await scene(desk)

    asyncio.run(all_of_it())


def test_schedules_and_holidays_are_published_and_not_removed_while_used(desk: Desk) -> None:
    week = {"mon": [["08:00", "12:00"]], "holiday": []}

    async def scene(desk: Desk) -> None:
        person = {"name": NAME, "doors": ["b1-u1"], "schedule": "office", "extended": True}
        refused = await desk.admin.put("/v1/people/7", json=person)
        assert refused.status_code == 409 and "/v1/schedules/office" in refused.json()["detail"]
        bad = await desk.admin.put("/v1/schedules/office", json={"name": "x", "week": {"mon": [["08:07", "12:00"]]}})
        assert bad.status_code == 422
        await ok(desk.admin.put("/v1/schedules/office", json={"name": "办公", "week": week}))
        await ok(desk.admin.put("/v1/people/7", json=person))
        card = {"person": 7, "kind": "card", "value": 5, "factor": "both", "uses": 2, "schedule": "office"}
        await ok(desk.admin.put("/v1/credentials", json=[card]))
        holiday = {"first": "2026-10-01", "last": "2026-10-08", "name": "国庆"}
        await ok(desk.admin.put("/v1/calendar", json={"holidays": [holiday], "utc_offset_min": 480}))
        await ok(desk.admin.post("/v1/publish"))
        payload = await desk.payload()
        assert payload["schedules"] == [{"id": "office", "name": "办公", "week": week}]
        assert (payload["holidays"], payload["utc_offset_min"]) == ([holiday], 480)
        assert payload["people"][0]["schedule"] == "office" and payload["people"][0]["extended"] is True
        assert payload["credentials"] == [card]
        assert (await desk.admin.delete("/v1/schedules/office")).status_code == 409
        await ok(desk.admin.delete("/v1/people/7"))
        await ok(desk.admin.delete("/v1/schedules/office"))
        assert (await desk.admin.delete("/v1/schedules/office")).status_code == 404

    play(desk, scene)


def test_database_of_an_older_server_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as old:
        old.executescript(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, doors TEXT NOT NULL, gates TEXT NOT NULL)"
            " STRICT; CREATE TABLE credentials (person INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,"
            " not_before INTEGER NOT NULL, not_after INTEGER NOT NULL, revoked INTEGER NOT NULL,"
            " PRIMARY KEY (person, kind, value)) STRICT, WITHOUT ROWID;"
            "CREATE TABLE vehicles (plate TEXT PRIMARY KEY, person INTEGER NOT NULL, gates TEXT NOT NULL,"
            " not_before INTEGER NOT NULL, not_after INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
            "INSERT INTO vehicles VALUES ('皖A12345', 7, '[]', 0, 0);"
            "INSERT INTO people VALUES (7, 'x', '[]', '[]'); INSERT INTO credentials VALUES (7, 'card', '5', 0, 0, 0);"
        )
    old.close()
    for _ in range(2):
        database = Database(file, "demo")
        assert [row.schedule for row in database.people()] == [""]
        assert [(row.factor, row.uses, row.duress) for row in database.credentials(7)] == [("alone", 0, False)]
        assert [(row.plate, row.uses, row.body_colour) for row in database.vehicles()] == [("皖A12345", 0, "")]
        database.close()


def test_a_visitor_s_car_is_listed_with_its_uses_and_looks(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        car = {"person": 7, "gates": ["north"], "uses": 2, "body_colour": "red", "vehicle_class": "small"}
        assert (await desk.admin.put("/v1/vehicles/皖A12345", json={**car, "body_colour": "pink"})).status_code == 422
        assert (await desk.admin.put("/v1/vehicles/皖A12345", json={**car, "uses": 255})).status_code == 422
        await ok(desk.admin.put("/v1/vehicles/皖A12345", json=car))
        await ok(desk.admin.post("/v1/publish"))
        payload = await desk.payload()
        assert payload["vehicles"] == [{"plate": "皖A12345", **car}]

    play(desk, scene)


def test_a_plate_that_no_camera_reads_is_taken_with_a_warning(desk: Desk) -> None:
    async def warned(url: str, body: dict[str, Any]) -> str:
        words: str = (await ok(desk.admin.put(url, json=body))).json()["warning"]
        return words

    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        for plate in ("皖AO1234", "皖A1234", "?A12345", "皖A123456"):
            assert plate in await warned(f"/v1/vehicles/{plate.replace('?', '%3F')}", {"person": 7})
            assert plate in await warned("/v1/watchlist/2", {"kind": "plate", "value": plate, "reason": "stolen"})
        for plate in ("皖B·12345", "皖ｂ・D12345", "使 123-456"):
            assert await warned(f"/v1/vehicles/{plate}", {"person": 7}) == ""
        assert len((await ok(desk.admin.get("/v1/vehicles"))).json()) == 1 + 4 + 3

    play(desk, scene)


def test_a_plate_under_a_second_spelling_is_refused_in_words(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        refused = await desk.admin.put("/v1/vehicles/皖Ａ・12345", json={"person": 7, "gates": []})
        assert refused.status_code == 409 and "put it as 皖A12345" in refused.json()["detail"]
        await ok(desk.admin.put("/v1/vehicles/皖A12345", json={"person": 7, "uses": 2}))
        await ok(desk.admin.put("/v1/vehicles/皖A12346", json={"person": 7}))
        assert len((await ok(desk.admin.get("/v1/vehicles"))).json()) == 2

    play(desk, scene)


def test_numbers_that_no_row_can_have_are_refused(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        huge = 10**23
        entry = {"kind": "plate", "value": "京B67893", "reason": "stolen"}
        assert (await desk.admin.get(f"/v1/events?after={huge}")).status_code == 422
        assert (await desk.site.get(f"/v1/lists/{huge}")).status_code == 422
        assert (await desk.admin.put(f"/v1/watchlist/{huge}", json=entry)).status_code == 422

    play(desk, scene)


def test_published_list_holds_the_rows_and_a_signature(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        assert (await desk.site.get("/v1/lists/latest")).status_code == 404
        await desk.publish_one_resident()
        payload = await desk.payload()
        assert payload["site"] == "demo" and payload["version"] == 1 and payload["previous"] == ""
        assert payload["people"] == [{"id": 7, "name": NAME, "doors": ["b1-u1"], "gates": ["north"]}]
        assert payload["credentials"] == [CARD]
        assert payload["vehicles"][0]["plate"] == "皖A12345"
        assert payload["watchlist"][0]["value"] == "京B67893"

    play(desk, scene)


def test_versions_are_chained_and_immutable(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        first = (await ok(desk.site.get("/v1/lists/1"))).json()
        await ok(desk.admin.put("/v1/credentials", json=[{**CARD, "revoked": True}]))
        assert (await desk.payload())["credentials"][0].get("revoked") is None  # not published yet
        await ok(desk.admin.post("/v1/publish"))
        second = await desk.payload()
        assert second["version"] == 2 and second["previous"] == digest(base64.b64decode(first["payload"]))
        assert second["credentials"][0].get("revoked") is True
        assert (await ok(desk.site.get("/v1/lists/1"))).json() == first

    play(desk, scene)


def test_a_list_is_signed_anew_before_it_expires_without_unpublished_edits(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        await ok(desk.admin.delete("/v1/vehicles/皖A12345"))
        desk.now += 14 * DAY_S
        assert (await desk.payload())["version"] == 1
        desk.now += 2 * DAY_S
        renewed = await desk.payload()
        assert renewed["version"] == 2 and renewed["expires_unix"] == desk.now + 30 * DAY_S
        assert len(renewed["vehicles"]) == 1

    play(desk, scene)


def test_old_payloads_go_and_the_chain_stays(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        for _ in range(KEPT_PAYLOADS):
            await ok(desk.admin.post("/v1/publish"))
        assert (await desk.site.get("/v1/lists/1")).status_code == 404
        await ok(desk.site.get("/v1/lists/2"))
        with desk.database.transaction() as connection:
            assert connection.execute("SELECT length(digest) FROM lists WHERE version = 1").fetchone()[0] == 64

    play(desk, scene)


def test_an_unchanged_list_is_not_sent_again(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        etag = (await ok(desk.site.get("/v1/lists/latest"))).headers["etag"]
        assert (await desk.site.get("/v1/lists/latest", headers={"if-none-match": etag})).status_code == 304
        await ok(desk.admin.post("/v1/publish"))
        assert (await desk.site.get("/v1/lists/latest", headers={"if-none-match": etag})).status_code == 200

    play(desk, scene)


def event(seq: int, **more: Any) -> dict[str, Any]:
    row = {"device": "0011223344aa", "epoch": 5, "seq": seq, "kind": "granted", "reason": "listed", "at_unix": 9}
    row |= {"clock_known": True, "credential_kind": "card", "person": 7, "list_version": 1, "list_age_s": 3}
    return row | more


def test_events_sent_twice_are_there_once(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        batch = {"site": "demo", "events": [event(1), event(2)]}
        assert (await ok(desk.site.post("/v1/events", json=batch))).json() == {"stored": 2, "known": 0}
        again = {"site": "demo", "events": [event(2, reason="expired"), event(3)]}
        assert (await ok(desk.site.post("/v1/events", json=again))).json() == {"stored": 1, "known": 1}
        rows = (await ok(desk.admin.get("/v1/events?after=1&limit=10"))).json()
        assert [(row["id"], row["seq"], row["reason"]) for row in rows] == [(2, 2, "listed"), (3, 3, "listed")]

    play(desk, scene)


def test_events_of_another_site_or_form_are_refused_whole(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        other = await desk.site.post("/v1/events", json={"site": "other", "events": [event(1)]})
        assert other.status_code == 409
        for wrong in ({"seq": 0}, {"device": "zz"}, {"surprise": 1}, {"seq": "1"}):
            bad = {"site": "demo", "events": [event(1), {**event(2), **wrong}]}
            assert (await desk.site.post("/v1/events", json=bad)).status_code == 422
        assert (await ok(desk.admin.get("/v1/events"))).json() == []

    play(desk, scene)


def test_a_site_may_not_administer_and_a_stranger_nothing(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        for method, path in (("PUT", "/v1/people/7"), ("POST", "/v1/publish"), ("GET", "/v1/people")):
            assert (await desk.site.request(method, path, json={})).status_code == 403
        async with desk.client("") as stranger, desk.client("x" * 43) as guesser:
            for client in (stranger, guesser):
                assert (await client.get("/v1/lists/latest")).status_code == 401
                assert (await client.post("/v1/events", json={})).status_code == 401
            assert (await ok(stranger.get("/v1/health"))).json() == {"site": "demo", "version": 0, "broker": None}

    play(desk, scene)


def test_a_body_that_is_too_long_is_refused_unread(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        headers = {"content-length": str(BODY_LIMIT + 1)}
        answer = await desk.admin.put("/v1/people/7", content=b"{}", headers=headers)
        assert answer.status_code == 413 and "send less" in answer.json()["detail"]

    play(desk, scene)


def test_a_card_has_one_holder_and_needs_a_person(desk: Desk) -> None:
    async def scene(desk: Desk) -> None:
        await desk.publish_one_resident()
        lost = await desk.admin.put("/v1/credentials", json=[{**CARD, "value": 1}, {**CARD, "person": 9}])
        assert lost.status_code == 409 and "person 9" in lost.json()["detail"]
        await ok(desk.admin.put("/v1/people/8", json={"name": "8"}))
        await ok(desk.admin.put("/v1/credentials", json=[{**CARD, "person": 8}]))
        assert (await ok(desk.admin.get("/v1/people/7/credentials"))).json() == []
        await ok(desk.admin.delete("/v1/people/8"))
        await ok(desk.admin.post("/v1/publish"))
        assert (await desk.payload())["credentials"] == []
        assert (await desk.admin.delete("/v1/people/8")).status_code == 404

    play(desk, scene)


def test_secret_files_that_others_may_read_are_refused(tmp_path: Path) -> None:
    for make, file in ((Signer, tmp_path / "signing.key"), (lambda f: Tokens(f.parent), tmp_path / "site.token")):
        make(file)
        assert file.stat().st_mode & 0o777 == 0o600
        file.chmod(0o640)
        with pytest.raises(SetupError, match="chmod 600"):
            make(file)
        file.chmod(0o600)


def test_a_folder_of_another_site_is_refused(tmp_path: Path) -> None:
    Database(tmp_path / "community.db", "demo").close()
    with pytest.raises(SetupError, match="demo"):
        Database(tmp_path / "community.db", "other")


def test_the_contract_in_docs_is_current() -> None:
    file = Path(__file__).parents[2] / "docs" / "community-openapi.json"
    assert file.read_text(encoding="utf-8") == contract(), "run: python -m tools.community --write-openapi FILE"
