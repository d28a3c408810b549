"""Kept captures over the API: the statement, the list, a look that is written down, the consent text, the export."""

import base64
from pathlib import Path

from controller.api.consent import CONSENT, consent_text
from controller.api.tests.duty_room import ADMIN, GUARD, RESIDENT, DutyRoom, play
from controller.api.tests.test_enrolment import picture
from controller.events.captures import Capture

STATEMENT = """
[captures]
purpose = {zh = "查找尾随进入的人", en = "To find who slipped in"}
retention_days = 7
cameras = ["face-1"]
"""


def test_without_a_statement_nothing_is_kept_and_the_consent_says_nothing_of_it(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        room.captures.add(Capture("aa", "face-1", "resident", room.clock.unix(), "opened", RESIDENT, None), b"j")
        async with room.client() as client:
            assert (await client.get("/api/kept")).status_code == 401
        async with room.signed_in() as client:
            assert (await client.get("/api/kept")).json() == {"statement": None, "captures": []}
            assert (await client.get("/api/consent")).json()["version"] == CONSENT.version
            assert (await client.get("/api/kept/aa.jpg")).status_code == 404

    play(tmp_path, scene)


def test_with_one_who_agrees_is_kept_and_every_look_is_written_down(tmp_path: Path) -> None:
    async def scene(room: DutyRoom) -> None:
        async with room.signed_in() as client:
            text = (await client.get("/api/consent")).json()
            assert text == consent_text(room.services.settings.captures).model_dump()
            assert "slipped in" in text["text"]["en"][-1] and "尾随" in text["text"]["zh"][-1]
            files = {"picture": ("face.jpg", picture(".jpg"), "image/jpeg")}
            path = f"/api/people/{RESIDENT}/templates"
            old = await client.post(path, data={"consent": CONSENT.version}, files=files)
            assert old.status_code == 409  # the text without the pictures is in force no more
            assert (await client.post(path, data={"consent": text["version"]}, files=files)).status_code == 200
            for name in ("aa", "bb"):
                seen = Capture(name, "face-1", "resident", room.clock.unix(), "opened", RESIDENT, None)
                room.captures.add(seen, b"jpeg " + name.encode())
            await room.keeper.idle()
            kept = (await client.get("/api/kept")).json()
            assert kept["statement"]["retention_days"] == 7 and len(kept["captures"]) == 2
            assert kept["captures"][0]["keep_until_unix"] == room.clock.unix() + 7 * 86_400
            assert (await client.get("/api/kept/aa.jpg")).content == b"jpeg aa"
            await client.post("/api/captures/bb/not-me")  # somebody else, who has agreed to nothing
            assert [row["id"] for row in (await client.get("/api/kept")).json()["captures"]] == ["aa"]
        acts = [(row.who, row.action, row.subject) for row in await room.services.store.alerts.audited(9)]
        assert (GUARD, "look-at-capture", "capture:aa") in acts
        async with room.signed_in(ADMIN) as client:
            (held,) = (await client.get(f"/api/people/{RESIDENT}/held")).json()["captures"]
            assert base64.b64decode(held["jpeg_base64"]) == b"jpeg aa"
            await client.delete(f"/api/people/{RESIDENT}/templates")
            assert (await client.get("/api/kept")).json()["captures"] == []

    play(tmp_path, scene, extra_toml=STATEMENT)
