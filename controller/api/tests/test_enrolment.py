"""Enrolling over the API: consent to the text in force, what is taken as a picture, withdrawal."""

import base64
import hashlib
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from controller.api.consent import CONSENT
from controller.api.limits import UPLOAD_LIMIT
from controller.api.tests.duty_room import ADMIN, GUARD, RESIDENT, DutyRoom, play
from controller.events.captures import KEEP_S, Capture
from controller.store.visits import Visit

PATH = f"/api/people/{RESIDENT}/templates"


def picture(suffix: str, width: int = 60, height: int = 40) -> bytes:
    done, data = cv2.imencode(suffix, np.zeros((height, width, 3), np.uint8))
    assert done
    return data.tobytes()


def form(data: bytes, consent: str = CONSENT.version) -> dict[str, object]:
    return {"data": {"consent": consent}, "files": {"picture": ("face.jpg", data, "image/jpeg")}}


async def send(client: httpx.AsyncClient, **parts: object) -> httpx.Response:
    return await client.post(PATH, **parts)  # type: ignore[arg-type]


def test_a_picture_with_consent_becomes_a_template(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        jpeg = picture(".jpg")
        async with room.signed_in() as client:
            assert (await send(client, **form(jpeg))).json() == {"templates": 1}
            assert (await send(client, **form(picture(".png")))).json() == {"templates": 2}
            assert room.vision.asked[0] == (jpeg, None) and len(room.vision.gallery) == 2
            people = (await client.get("/api/people?search=7")).json()
            assert people[0]["templates"] == 2
            assert (await client.delete(PATH)).json() == {"templates": 0}
            assert room.vision.gallery == [] and await room.services.enrolment.counts() == {}
        acts = [(row.who, row.action, row.detail) for row in await room.services.store.alerts.audited(3)]
        assert acts[0] == (GUARD, "withdraw-consent", "") and acts[1] == (GUARD, "enrol", f"consent {CONSENT.version}")

    play(tmp_path, scene)


def test_what_is_held_about_a_person_is_told_to_an_admin_and_written_down(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            parts = form(picture(".jpg"))
            parts["data"] = {"consent": CONSENT.version, "guardian": "王父"}
            assert (await send(client, **parts)).status_code == 200
            assert (await client.get(f"/api/people/{RESIDENT}/held")).status_code == 403
        async with room.signed_in(ADMIN) as client:
            await room.middle.store.visits.put(Visit("皖A12345", 0, 0), 2)
            await room.middle.store.visits.put(Visit("皖B00000", 0, 0), 3)  # somebody else's
            held = (await client.get(f"/api/people/{RESIDENT}/held")).json()
            assert held["person"]["id"] == RESIDENT and held["consents"][0]["guardian"] == "王父"
            assert held["templates"][0]["source"] == "picture" and held["audit"][0]["action"] == "export"
            assert len(base64.b64decode(held["templates"][0]["vector_base64"])) == 512
            assert (held["cards"], held["pins"], held["plates"]) == (["790000"], 1, ["皖A12345"])
            assert held["visits"] == {"皖A12345": 2}
            assert "135791" not in str(held) and held["care_since_unix"] is None
            assert (await client.get("/api/people/99/held")).status_code == 404
            long = await send(client, data={"consent": CONSENT.version, "guardian": "x" * 61}, files=parts["files"])
            assert long.status_code == 422

    play(tmp_path, scene)


def test_a_capture_of_somebody_else_makes_the_gallery_stricter(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        room.captures.add(
            Capture("aa", "face-1", "resident", room.clock.unix(), "opened", RESIDENT, None, spare=0.03), b"j"
        )
        room.captures.add(Capture("bb", "face-1", "stranger", room.clock.unix(), "stranger", None, None), b"j")
        async with room.signed_in() as client:
            await send(client, **form(picture(".jpg")))
            assert (await client.post("/api/captures/aa/not-me")).json()["person"] == RESIDENT
            assert room.vision.gallery[0].stricter == pytest.approx(0.05)
            assert (await client.post("/api/captures/bb/not-me")).status_code == 409
            room.clock.now_s += KEEP_S + 1
            assert (await client.post("/api/captures/aa/not-me")).status_code == 404

    play(tmp_path, scene)


def test_a_camera_instead_of_a_picture(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            live = {"consent": (None, CONSENT.version), "camera": (None, "face-1")}
            assert (await send(client, files=live)).json() == {"templates": 1}
            assert room.vision.asked == [(None, "face-1")]
            assert (await send(client, files={**live, "camera": (None, "nowhere")})).status_code == 404
            both = await send(client, files={**live, "picture": ("a.jpg", picture(".jpg"), "image/jpeg")})
            assert both.status_code == 422

    play(tmp_path, scene)


def test_without_consent_to_the_text_in_force_nothing_is_looked_at(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            for consent in ("", "0", "2"):
                answer = await send(client, **form(picture(".jpg"), consent))
                assert (answer.status_code, answer.json()["code"]) == (409, "consent-needed")
            assert (await client.post("/api/people/99/templates", **form(picture(".jpg")))).status_code == 404  # type: ignore[arg-type]
        assert room.vision.asked == []

    play(tmp_path, scene)


def test_what_is_no_picture_or_too_large_never_reaches_a_decoder(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        bomb = bytearray(picture(".png"))
        bomb[16:24] = (50_000).to_bytes(4, "big") * 2
        async with room.signed_in() as client:
            for data in (b"", b"GIF89a", b"\xff\xd8\xff", picture(".jpg")[:60], bytes(bomb)):
                answer = await send(client, **form(data))
                assert (answer.status_code, answer.json()["code"]) == (415, "bad-picture"), data[:10]
            long = await send(client, **form(b"\xff\xd8\xff" + bytes(UPLOAD_LIMIT)))
            assert long.status_code == 413
            assert (await send(client, json={})).status_code == 415
        assert room.vision.asked == []

    play(tmp_path, scene)


def test_words_of_the_recogniser_reach_the_guard(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        room.vision.refuse = "two faces are in the picture; one person at a time"
        async with room.signed_in() as client:
            answer = await send(client, **form(picture(".jpg")))
            assert answer.status_code == 422
            assert answer.json() == {"code": "not-enrolled", "detail": room.vision.refuse}
        assert await room.services.enrolment.counts() == {}

    play(tmp_path, scene)


def test_an_upload_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large picture must not be spooled to a temporary file: faces never touch the disk."""

    def on_disk(*_: object) -> None:
        raise AssertionError("the upload went to a temporary file")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", on_disk)

    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            large = picture(".jpg") + bytes(3_000_000)
            assert (await send(client, **form(large))).json() == {"templates": 1}

    play(tmp_path, scene)


def test_the_consent_text_changes_only_with_its_version() -> None:
    text = "\n".join(CONSENT.text["zh"] + CONSENT.text["en"])
    known = {"1": "b6a20a40e416619faa4648dc7d77cf37869910bef34080d61fe7272ba6c13e27"}
    assert known[CONSENT.version] == hashlib.sha256(text.encode()).hexdigest(), "a changed text needs a new version"
    assert len(CONSENT.text["zh"]) == len(CONSENT.text["en"])
