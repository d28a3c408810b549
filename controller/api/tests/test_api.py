"""The API on a real store: sessions, who may write, doors, news, alerts, pictures."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from controller.api.limits import BODY_LIMIT
from controller.api.session import SESSION_S
from controller.api.tests.duty_room import ADMIN, GUARD, HOSTILE, PASSWORD, RESIDENT, DutyRoom, play
from controller.events.captures import Capture
from doorwire import vocabulary as words

READS = (
    "me",
    "doors",
    "events",
    "alerts",
    "captures",
    "cameras",
    "people",
    "consent",
    "live",
    "openapi.json",
    "audit",
    "firmware",
)
WRITES = (
    ("POST", "/api/logout"),
    ("POST", "/api/doors/b1-u1/open"),
    ("POST", "/api/alerts/1/confirm"),
    ("POST", "/api/people/7/templates"),
    ("DELETE", "/api/people/7/templates"),
    ("POST", "/api/firmware?version=1"),
)


def test_nothing_is_told_to_a_stranger(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.client() as client:
            for what in READS:
                assert (await client.get(f"/api/{what}")).status_code == 401, what
            for path in ("/api/captures/x.jpg", "/api/cameras/face-1.jpg"):
                assert (await client.get(path)).status_code == 401
            for method, path in WRITES:
                assert (await client.request(method, path, json={})).status_code == 401, path
            room.health.set("broker", False, "the broker is away")
            assert (await client.get("/api/health")).json() == {"ok": False, "parts": {}}

    play(tmp_path, scene)


def test_session_cookie_is_strict_and_ends(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.client() as client:
            answer = await client.post("/api/login", json={"username": GUARD, "password": PASSWORD})
            assert answer.json() == {"name": GUARD, "role": "guard", "site": "demo", "site_name": "Demo"}
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
            assert (await client.get("/api/me")).status_code == 200
            room.clock.now_s += SESSION_S + 1
            assert (await client.get("/api/me")).status_code == 401
        async with room.signed_in() as client:
            token = client.cookies["menshen"]
            assert (await client.post("/api/logout")).status_code == 204
            client.cookies.set("menshen", token)
            assert (await client.get("/api/me")).status_code == 401

    play(tmp_path, scene)


def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.client("https://room.test") as client:
            client.base_url = "https://room.test"
            answer = await client.post("/api/login", json={"username": GUARD, "password": PASSWORD})
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-menshen=") and "Secure" in cookie
            assert "max-age" in answer.headers["strict-transport-security"]
            assert (await client.get("/api/me")).status_code == 200

    play(tmp_path, scene)


@pytest.mark.parametrize("origin", [None, "http://evil.test", "http://room.test.evil.test", "null"])
def test_a_write_from_another_site_is_refused(tmp_path: Path, origin: str | None) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as ours, room.client(origin) as client:
            client.cookies = ours.cookies
            for method, path in WRITES:
                answer = await client.request(method, path, json={})
                assert answer.status_code == 403 and answer.json()["code"] == "other-origin", path
            login = {"username": GUARD, "password": PASSWORD}
            assert (await client.post("/api/login", json=login)).status_code == 403
            assert (await ours.get("/api/me")).status_code == 200

    play(tmp_path, scene)


def test_five_wrong_passwords_lock_that_name_at_that_address(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        right, wrong = ({"username": GUARD, "password": word} for word in (PASSWORD, "wrong password"))
        async with room.client() as client, room.client(address="10.0.0.2") as elsewhere:
            for _ in range(5):
                answer = await client.post("/api/login", json=wrong)
                assert (answer.status_code, answer.json()["code"]) == (401, "wrong-password")
            locked = await client.post("/api/login", json=right)
            assert (locked.status_code, locked.json()["code"]) == (429, "locked")
            assert 0 < int(locked.headers["retry-after"]) <= 301
            assert (await elsewhere.post("/api/login", json=right)).status_code == 200
            room.clock.now_s += 301
            assert (await client.post("/api/login", json=right)).status_code == 200
        acts = [row.action for row in await room.services.store.alerts.audited(20)]
        assert acts.count("login-locked") == 1 and acts.count("login") == 2

    play(tmp_path, scene)


def test_a_wrong_password_is_never_echoed(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.client() as client:
            for body in ({"username": GUARD, "password": "s3cret" * 60}, {"username": GUARD, "pass": "s3cret"}):
                answer = await client.post("/api/login", json=body)
                assert answer.status_code == 422 and "s3cret" not in answer.text

    play(tmp_path, scene)


def test_only_an_admin_reads_the_audit(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in(GUARD) as guard, room.signed_in(ADMIN) as admin:
            assert (await guard.get("/api/audit")).json()["code"] == "not-allowed"
            assert [row["who"] for row in (await admin.get("/api/audit")).json()] == [ADMIN, GUARD]

    play(tmp_path, scene)


def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.client() as client:
            for path in ("/", "/static/main.js", "/api/me", "/nowhere"):
                headers = (await client.get(path)).headers
                policy = headers["content-security-policy"]
                assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
                assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
                assert headers["cache-control"] in ("no-store", "no-cache")

    play(tmp_path, scene)


def test_a_body_that_is_too_long_is_refused(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async def endless() -> object:
            for _ in range(3 * BODY_LIMIT // 10_000):
                yield b'"' + b"x" * 9_999

        async with room.client() as client:
            said = await client.post("/api/login", content=b"x" * (BODY_LIMIT + 1))
            unsaid = await client.post("/api/login", content=endless())  # type: ignore[arg-type]
            assert [answer.status_code for answer in (said, unsaid)] == [413, 413]
            assert unsaid.json()["code"] == "too-long"

    play(tmp_path, scene)


def test_doors_as_they_stand(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            before = {row["id"]: row for row in (await client.get("/api/doors")).json()}
            assert list(before) == ["b1-u1", "b1-u2", "north"] and not before["b1-u1"]["online"]
            await room.greet()
            after = {row["id"]: row for row in (await client.get("/api/doors")).json()}
            assert after["b1-u1"]["online"] and after["b1-u1"]["list_current"] and after["north"]["gate"]
            assert (after["b1-u1"]["door"], after["b1-u1"]["lock"]) == ("Closed", "Locked")

    play(tmp_path, scene)


def test_a_guard_opens_a_door_and_it_is_written_down(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        await room.greet()
        async with room.signed_in() as client:
            for nothing in ({}, {"reason": " "}, {"reason": "x" * 201}):
                assert (await client.post("/api/doors/b1-u1/open", json=nothing)).status_code == 422
            assert (await client.post("/api/doors/b9/open", json={"reason": "visitor"})).status_code == 404
            assert room.doors["b1-u1"].opened == []
            answer = (await client.post("/api/doors/b1-u1/open", json={"reason": "visitor, checked"})).json()
            assert answer["done"] is True and answer["reason"] == "none"
            assert room.doors["b1-u1"].opened == [words.REASON_GUARD]
        rows = await room.services.store.alerts.audited(2)
        assert [(row.who, row.action, row.subject, row.detail) for row in rows] == [
            (GUARD, "open-ended", "b1-u1", "done"),
            (GUARD, "open", "b1-u1", "visitor, checked"),
        ]

    play(tmp_path, scene)


def test_a_door_that_was_never_heard_of_is_not_opened(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            answer = (await client.post("/api/doors/b1-u1/open", json={"reason": "visitor"})).json()
            assert (answer["done"], answer["reason"]) == (False, "unreachable")

    play(tmp_path, scene)


def test_events_newest_first_or_after_an_id(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        await room.greet()
        for _ in range(3):
            await room.happen()
        async with room.signed_in() as client:
            newest = (await client.get("/api/events?limit=2")).json()
            assert [row["seq"] for row in newest] == [3, 2]
            assert newest[0]["person_name"] == HOSTILE and newest[0]["door_name"] == "一单元门"
            assert "credential" not in newest[0] and "790000" not in str(newest)  # a card's number stays in the store
            later = (await client.get(f"/api/events?after={newest[1]['id'] - 1}")).json()
            assert [row["seq"] for row in later] == [2, 3]
            assert (await client.get("/api/events?limit=501")).status_code == 422

    play(tmp_path, scene)


def test_an_alert_is_named_shown_and_judged_once(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        raised = await room.middle.alarm.raise_alert(
            "watchlist", "sure", "watchlist:1", "north", "demo", ("cars", b"jpeg")
        )
        assert raised is not None
        async with room.signed_in() as client:
            alert = (await client.get("/api/alerts")).json()[0]
            assert (alert["subject_name"], alert["place_name"], alert["outcome"]) == ("京B67893", "北门", "")
            picture = await client.get(f"/api/captures/{alert['capture']}.jpg")
            assert picture.content == b"jpeg" and picture.headers["content-type"] == "image/jpeg"
            judged = (await client.post(f"/api/alerts/{alert['id']}/confirm")).json()
            assert (judged["outcome"], judged["confirmed_by"]) == ("confirmed", GUARD)
            again = await client.post(f"/api/alerts/{alert['id']}/confirm", json={"outcome": "dismissed"})
            assert again.json()["outcome"] == "confirmed"
            assert (await client.post("/api/alerts/999/confirm")).status_code == 404

    play(tmp_path, scene)


def test_a_capture_is_gone_after_a_minute(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        capture = Capture("c0ffee", "face-1", "stranger", room.clock.unix(), "stranger", None, None)
        room.captures.add(capture, b"jpeg")
        async with room.signed_in() as client:
            assert (await client.get("/api/captures")).json()[0]["camera_name"] == "单元门口"
            assert (await client.get("/api/captures/c0ffee.jpg")).content == b"jpeg"
            room.clock.now_s += 61
            assert (await client.get("/api/captures")).json() == []
            assert (await client.get("/api/captures/c0ffee.jpg")).status_code == 404

    play(tmp_path, scene)


def test_a_camera_that_is_down_shows_no_old_picture(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        room.vision.frames = {"face-1": b"now", "cars": b"old"}
        async with room.signed_in() as client:
            assert (await client.get("/api/cameras/face-1.jpg")).content == b"now"
            down = await client.get("/api/cameras/cars.jpg")
            assert (down.status_code, down.json()["detail"]) == (503, "no signal")
            assert (await client.get("/api/cameras/other.jpg")).status_code == 404

    play(tmp_path, scene)


def test_only_a_gate_has_a_mode_and_a_reason_is_needed(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            for path, body, status in (
                ("b1-u1", {"mode": "manual", "reason": "演习"}, 404),
                ("nowhere", {"mode": "manual", "reason": "演习"}, 404),
                ("north", {"mode": "manual", "reason": " "}, 422),
                ("north", {"mode": "sideways", "reason": "演习"}, 422),
                ("north", {"mode": "manual", "reason": "演习"}, 200),
            ):
                assert (await client.post(f"/api/doors/{path}/mode", json=body)).status_code == status, path
            views = (await client.get("/api/doors")).json()
            assert [view["gate_mode"] for view in views] == ["", "", "manual"]

    play(tmp_path, scene)


def test_every_number_that_is_asked_for_has_an_end(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in(ADMIN) as client:
            paths = (await client.get("/api/openapi.json")).json()["paths"]
            asked = [
                (path, kind)
                for path, methods in paths.items()
                for operation in methods.values()
                for parameter in operation.get("parameters", [])
                for kind in parameter["schema"].get("anyOf", [parameter["schema"]])
                if kind["type"] in ("integer", "number")
            ]
            assert len(asked) >= 10
            assert [path for path, kind in asked if "maximum" not in kind] == []
            huge = 10**23
            for path in (f"flow?from={huge}", f"flow.csv?from={huge}", f"flow?to={huge}", f"events?after={huge}"):
                assert (await client.get(f"/api/{path}")).status_code == 422, path
            assert (await client.get(f"/api/people/{huge}/held")).status_code == 422
            assert (await client.post(f"/api/alerts/{huge}/confirm")).status_code == 422
            assert (await client.get(f"/api/flow.csv?from={0xFFFFFFFF}")).status_code == 200

    play(tmp_path, scene)


def test_openapi_names_every_path(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            paths = (await client.get("/api/openapi.json")).json()["paths"]
            assert {"/api/login", "/api/live", "/api/doors/{door}/open", "/api/people/{person}/templates"} <= set(paths)
            assert (await client.get("/openapi.json")).status_code == 404

    play(tmp_path, scene)


def test_logins_at_once_are_bounded(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        clients = [room.client(address=f"10.0.1.{number}") for number in range(6)]
        body = {"username": GUARD, "password": PASSWORD}
        answers = await asyncio.gather(*[client.post("/api/login", json=body) for client in clients])
        assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 2
        for client in clients:
            await client.aclose()

    play(tmp_path, scene)


def test_people_are_found_by_part_of_the_name_or_number(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            for search, found in (("", [7, 8]), ("resident", [8]), ("住户", [7]), ("8", [8]), ("nobody", [])):
                rows = (await client.get("/api/people", params={"search": search})).json()
                assert [row["id"] for row in rows] == found, search
            assert (await client.get("/api/people", params={"search": "7"})).json()[0]["id"] == RESIDENT

    play(tmp_path, scene)


def test_only_an_admin_pushes_firmware_and_only_a_whole_one(tmp_path: Path) -> None:
    body = bytes(50_000) + (7).to_bytes(4, "little")
    image = body + hashlib.sha256(body).digest()
    path = "/api/firmware?version=9.0.0&door=b1-u1"

    async def scene(room: DutyRoom) -> None:
        await room.greet()
        async with room.signed_in() as client:
            assert (await client.post(path, content=image)).status_code == 403
            assert (await client.get("/api/firmware")).status_code == 403
        async with room.signed_in(ADMIN) as client:
            assert (await client.get("/api/firmware")).json() is None
            assert (await client.post(path, content=image[:-1])).json()["code"] == "no-firmware"
            assert (await client.post(path + "&door=nowhere", content=image)).status_code == 404
            answer = await client.post(path, content=image)
            assert answer.status_code == 202 and answer.json()["doors"][0]["door"] == "b1-u1"
            assert (await client.post(path, content=image)).json()["code"] == "update-busy"
            door = room.doors["b1-u1"]
            await room.until(lambda: door.image == image)
            view = (await client.get("/api/firmware")).json()
            assert (view["version"], view["rollback"], view["running"]) == ("9.0.0", 7, True)
            assert view["doors"] == [{"door": "b1-u1", "stage": "restarting", "reason": "", "sent": 1.0}]
            await room.middle.settle()
            assert (await client.get("/api/audit")).json()[0]["action"] == "update"

    play(tmp_path, scene)
