"""Tables: secrets at rest, consent, documents, users, the box key's file."""

import asyncio
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from controller.access.document import Credential, Document, Person
from controller.store.alerts import Evidence, NewAlert
from controller.store.devices import LedgerRow, read_ledger
from controller.store.documents import SignedDocument
from controller.store.doorlists import DoorList
from controller.store.errors import BoxKeyError, GalleryFullError, StoreError
from controller.store.migrate import FOLDER, migrate
from controller.store.store import Store
from controller.store.templates import Consent, Origin

VECTOR = bytes(range(256)) * 2
CONSENT, ORIGIN = Consent("v1", "guard"), Origin("net 1", "picture")


def open_store(folder: Path) -> Store:
    return Store(folder / "a.db", folder / "box.key")


def signed(version: int, people: list[Person]) -> SignedDocument:
    document = Document(
        site="demo",
        version=version,
        previous="",
        issued_unix=1,
        expires_unix=0,
        people=people,
        credentials=[Credential(person=7, kind="card", value=5)],
    )
    payload = document.model_dump_json().encode()
    return SignedDocument(document, payload, b"s", b"d")


RESIDENT = Person(id=7, name="甲", doors=["b1"])


def test_box_key_is_made_private_once_and_missed_when_it_is_gone(tmp_path: Path) -> None:
    asyncio.run(open_store(tmp_path).close())
    key_file = tmp_path / "box.key"
    assert stat.S_IMODE(os.stat(key_file).st_mode) == 0o600
    key = key_file.read_bytes()
    asyncio.run(open_store(tmp_path).close())
    assert key_file.read_bytes() == key and len(key) == 32
    key_file.unlink()
    with pytest.raises(BoxKeyError, match="put it back"):
        open_store(tmp_path)
    key_file.write_bytes(b"short")
    with pytest.raises(BoxKeyError, match="is no box key"):
        open_store(tmp_path)


def test_device_keys_are_sealed_and_open_only_with_the_right_box_key(tmp_path: Path) -> None:
    key = os.urandom(32)

    async def scene() -> None:
        store = open_store(tmp_path)
        assert await store.devices.import_ledger([LedgerRow("02000000000a", key, "unix")]) == 1
        assert await store.devices.import_ledger([LedgerRow("02000000000a", key, "unix")]) == 0
        (device,) = await store.devices.all()
        assert device.key == key and key.hex() not in repr(device)
        await store.close()
        assert key not in (tmp_path / "a.db").read_bytes()
        (tmp_path / "box.key").write_bytes(os.urandom(32))
        store = open_store(tmp_path)
        with pytest.raises(BoxKeyError):
            await store.devices.all()
        await store.close()

    asyncio.run(scene())


def test_withdrawn_consent_leaves_neither_key_nor_template_in_the_files(tmp_path: Path) -> None:
    async def scene() -> None:
        store = open_store(tmp_path)
        await store.documents.replace(signed(1, [RESIDENT]), 1.0)
        assert await store.templates.add(7, [VECTOR, VECTOR], CONSENT, ORIGIN, 1.0) == 2
        assert [row.vector for row in await store.templates.gallery("net 1")] == [VECTOR, VECTOR]
        sealed = await store.database.read(
            lambda c: [
                bytes(row[0]) for row in c.execute("SELECT sealed FROM templates UNION SELECT wrapped FROM person_keys")
            ]
        )
        assert not any(VECTOR[:64] in one for one in sealed)
        assert await store.templates.withdraw(7, 2.0) == 2
        on_disk = (tmp_path / "a.db").read_bytes() + (tmp_path / "a.db-wal").read_bytes()
        assert not any(one in on_disk for one in sealed)
        assert await store.templates.gallery("net 1") == [] and await store.templates.counts("net 1") == {}
        await store.close()

    asyncio.run(scene())


def test_templates_of_two_nets_are_never_mixed(tmp_path: Path) -> None:
    async def scene() -> None:
        store = open_store(tmp_path)
        await store.documents.replace(signed(1, [RESIDENT]), 1.0)
        await store.templates.add(7, [VECTOR], CONSENT, ORIGIN, 1.0)
        assert await store.templates.gallery("net 2") == [] and await store.templates.counts("net 2") == {7: 0}
        await store.templates.tighten(7, 0.05)
        other = Origin("net 2", "camera:face-1")
        assert await store.templates.add(7, [VECTOR[::-1]], Consent("v1", "guard", "a parent"), other, 2.0) == 1
        assert [(row.vector, row.stricter) for row in await store.templates.gallery("net 2")] == [(VECTOR[::-1], 0.0)]
        held = await store.templates.held(7)
        assert [row["guardian"] for row in held["consents"]] == ["", "a parent"]
        assert [row["source"] for row in held["templates"]] == ["camera:face-1"]
        await store.close()

    asyncio.run(scene())


def test_one_person_too_many_is_refused_and_nothing_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.store.templates.MOST_PEOPLE", 1)

    async def scene() -> None:
        store = open_store(tmp_path)
        await store.templates.add(7, [VECTOR], CONSENT, ORIGIN, 1.0)
        assert await store.templates.add(7, [VECTOR], CONSENT, ORIGIN, 2.0) == 2
        with pytest.raises(GalleryFullError, match="withdraw"):
            await store.templates.add(8, [VECTOR], CONSENT, ORIGIN, 3.0)
        assert (await store.templates.held(8))["consents"] == []
        await store.close()

    asyncio.run(scene())


def test_people_who_leave_the_list_are_matched_no_more_and_forgotten_later(tmp_path: Path) -> None:
    async def scene() -> None:
        store = open_store(tmp_path)
        await store.documents.replace(signed(1, [RESIDENT]), 1.0)
        await store.templates.add(7, [VECTOR], CONSENT, ORIGIN, 1.0)
        await store.documents.replace(signed(2, []), 10.0)
        assert await store.templates.gallery("net 1") == []
        assert await store.templates.left_before(10.5) == [7]
        await store.documents.replace(signed(3, [RESIDENT]), 20.0)
        assert await store.templates.left_before(100.0) == []
        assert len(await store.templates.gallery("net 1")) == 1
        await store.close()

    asyncio.run(scene())


def test_a_document_that_breaks_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    async def scene() -> None:
        store = open_store(tmp_path)
        await store.documents.replace(signed(1, [RESIDENT]), 1.0)
        twice = signed(2, []).document.model_copy(update={"people": [RESIDENT, RESIDENT]})
        with pytest.raises(Exception, match="UNIQUE"):
            await store.documents.replace(SignedDocument(twice, b"{}", b"s", b"d"), 2.0)
        in_force = await store.documents.in_force()
        assert in_force is not None and in_force.document.version == 1
        assert await store.documents.people() == [RESIDENT]
        await store.close()

    asyncio.run(scene())


def test_users_log_in_with_their_password_only_and_sessions_end(tmp_path: Path) -> None:
    async def scene() -> None:
        store = open_store(tmp_path)
        guard = await store.users.add("门卫", "guard", "long enough", 1.0)
        assert await store.users.authenticate("门卫", "long enough") == guard
        assert await store.users.authenticate("门卫", "wrong enough") is None
        assert await store.users.authenticate("nobody", "long enough") is None
        for name, role, password, words in (
            ("门卫", "guard", "long enough", "already"),
            ("b", "root", "long enough", "no role"),
            ("b", "admin", "short", "too short"),
        ):
            with pytest.raises(StoreError, match=words):
                await store.users.add(name, role, password, 1.0)
        token = await store.users.open_session(guard, 100.0, 50.0)
        assert await store.users.session_user(token, 149.0) == guard
        assert await store.users.session_user(token, 151.0) is None
        assert await store.users.session_user("x", 101.0) is None
        await store.users.close_session(token)
        assert await store.users.session_user(token, 101.0) is None
        await store.close()
        assert token.encode() not in (tmp_path / "a.db").read_bytes()

    asyncio.run(scene())


def test_an_alert_keeps_its_picture_until_the_retention_date_and_is_judged_once(tmp_path: Path) -> None:
    async def scene() -> None:
        store = open_store(tmp_path)
        evidence = Evidence("abc", "cars", "watchlist", 1.0, 50.0, b"a jpeg in the clear")
        alert = await store.alerts.add(NewAlert("watchlist", "sure", "watchlist:1", "north", 1.0, "w", "abc"), evidence)
        assert await store.alerts.evidence("abc") == evidence
        assert not [path for path in tmp_path.glob("a.db*") if evidence.jpeg in path.read_bytes()]  # noqa: ASYNC240
        judged = await store.alerts.judge(alert.id, "confirmed", "guard", 2.0)
        again = await store.alerts.judge(alert.id, "dismissed", "other", 3.0)
        assert judged == again and again is not None and again.confirmed_by == "guard"
        assert await store.alerts.judge(99, "confirmed", "guard", 2.0) is None
        assert await store.alerts.drop_due_evidence(49.0) == 0
        assert await store.alerts.drop_due_evidence(50.0) == 1
        (left,) = await store.alerts.latest(5)
        assert left.capture is None
        await store.close()

    asyncio.run(scene())


def test_a_broken_ledger_line_is_named_and_the_others_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ledger.jsonl"
    assert read_ledger(path) == []
    path.write_text(
        '{"device": "02000000000a", "key": "00"}\n\n{"device": 1\n{"device": "02000000000b", "key": "01"}\n'
    )
    assert [row.device for row in read_ledger(path)] == ["02000000000a", "02000000000b"]
    assert "line 3 is no row" in caplog.text


def test_an_old_database_learns_which_lists_its_doors_have_and_keeps_its_evidence(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    shutil.copy(FOLDER / "0001_base.sql", folder)
    (tmp_path / "box.key").write_bytes(os.urandom(32))
    old = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    assert migrate(old, folder) == 1
    digest, data = bytes(range(32)), b"a list"
    old.execute("INSERT INTO captures VALUES ('abc', 'cars', 'watchlist', 1.0, 50.0, ?)", (b"jpeg",))
    for device, reported in (("02000000000a", 3), ("02000000000b", 2)):
        old.execute(
            "INSERT INTO door_lists VALUES (?, 3, ?, ?, ?, 0, ?, ?, 0)",
            (device, digest, b"", data, reported, digest[:8]),
        )
    old.close()

    async def scene() -> None:
        for _ in range(2):
            store = open_store(tmp_path)
            assert await store.doorlists.installed() == {
                "02000000000a": DoorList("02000000000a", 3, digest, b"", data),
            }
            evidence = await store.alerts.evidence("abc")  # from before evidence was sealed
            assert evidence is not None and evidence.jpeg == b"jpeg"
            await store.close()

    asyncio.run(scene())
