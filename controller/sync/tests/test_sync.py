"""The server's client: which documents are followed, what happens to the others, events in batches."""

import asyncio
import base64
import hashlib
import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.conftest import DEVICES, Middle
from controller.events.live import Live
from controller.health import Health
from controller.settings import ServerSettings
from controller.store.documents import SignedDocument
from controller.store.errors import StoreFullError
from controller.store.journal import NewEvent, StoredEvent
from controller.sync.client import BATCH, ServerClient
from controller.sync.verify import DownloadError, RefusedDocumentError, verify
from controller.tasks import end
from doorwire import vocabulary as words
from tools.door_simulator import SimulatedDoor

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
NOW = 1_800_000_000


def payload(version: int, **change: Any) -> bytes:
    rows: dict[str, Any] = {
        "site": "demo",
        "version": version,
        "previous": "",
        "issued_unix": NOW - 10,
        "expires_unix": NOW + 1000,
        "people": [{"id": 7, "name": "甲", "doors": ["b1-u1"], "gates": []}],
        "credentials": [{"person": 7, "kind": "card", "value": 11}],
    }
    return json.dumps(rows | change, ensure_ascii=False).encode()


def envelope(data: bytes, key: Ed25519PrivateKey = KEY) -> bytes:
    signature = base64.b64encode(key.sign(data)).decode()
    return json.dumps({"payload": base64.b64encode(data).decode(), "signature": signature}).encode()


def checked(data: bytes, in_force: SignedDocument | None = None, key: Ed25519PrivateKey = KEY) -> SignedDocument | None:
    return verify(envelope(data, key), PUBLIC, "demo", in_force, NOW)


def test_a_signed_document_in_order_is_followed() -> None:
    first = checked(payload(1))
    assert first is not None and first.document.people[0].name == "甲"
    assert checked(payload(1), first) is None
    second = checked(payload(2, previous=hashlib.sha256(payload(1)).hexdigest()), first)
    assert second is not None and second.document.version == 2
    assert checked(payload(9, previous="of a list that we have not seen"), first) is not None


def test_a_plate_listed_twice_stops_no_list_and_the_first_row_counts(
    make_middle: Callable[[], Middle], caplog: pytest.LogCaptureFixture
) -> None:
    first = {"plate": "皖A12345", "person": 7, "gates": ["north"]}
    rows = [first, first | {"plate": "皖B12345"}, first | {"plate": "皖A·12345", "not_after": 5}, first | {"uses": 9}]

    async def scene() -> None:
        middle = make_middle()
        await middle.start()
        signed = checked(payload(1, vehicles=rows))
        assert signed is not None
        await middle.lists.apply(signed)
        assert middle.lists.policy.plate_at("皖A12345", "north", NOW).allowed
        vehicle = middle.lists.policy.vehicle("皖A12345")
        assert vehicle is not None and not vehicle.uses
        await middle.stop()

    asyncio.run(scene())
    assert "(row 3, 4)" in caplog.text and "12345" not in caplog.text


@pytest.mark.parametrize(
    ("data", "words_"),
    [
        (payload(4), "older than 5"),
        (payload(5, people=[]), "another list 5"),
        (payload(6, previous="00"), "does not follow"),
        (payload(7, site="other"), 'for the site "other"'),
        (payload(7, expires_unix=NOW), "has expired"),
        (payload(7, people=[{"id": 7, "name": "甲", "rank": 3}]), "update the controller"),
        (b"[]", "update the controller"),
    ],
)
def test_a_document_out_of_order_is_refused(data: bytes, words_: str) -> None:
    in_force = checked(payload(5))
    with pytest.raises(RefusedDocumentError, match=words_):
        checked(data, in_force)


def test_a_foreign_signature_is_refused_before_anything_is_read() -> None:
    with pytest.raises(RefusedDocumentError, match="signature"):
        checked(payload(1), key=Ed25519PrivateKey.generate())
    whole = envelope(payload(1))
    flipped = json.loads(whole) | {"payload": base64.b64encode(payload(2)).decode()}
    with pytest.raises(RefusedDocumentError, match="signature"):
        verify(json.dumps(flipped).encode(), PUBLIC, "demo", None, NOW)


@pytest.mark.parametrize("length", [0, 1, 40, 200])
def test_a_torn_download_is_no_document(length: int) -> None:
    with pytest.raises(DownloadError):
        verify(envelope(payload(1))[:length], PUBLIC, "demo", None, NOW)


class Server:
    """A community server that answers as it is told."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        self.taken: list[dict[str, Any]] = []
        self.authorisation = ""
        self.unchanged = 0
        self.asked: asyncio.Queue[None] = asyncio.Queue()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.authorisation = request.headers["authorization"]
        if request.url.path == "/v1/events":
            if self.status == 200:
                self.taken += json.loads(request.content)["events"]
            return httpx.Response(self.status, json={})
        self.asked.put_nowait(None)
        etag = f'"{hashlib.sha256(self.body).hexdigest()}"'
        if self.status == 200 and request.headers.get("if-none-match") == etag:
            self.unchanged += 1
            return httpx.Response(304)
        return httpx.Response(self.status, content=self.body, headers={"etag": etag})


def client_of(middle: Middle, server: Server, refused: list[str], token_file: Path) -> ServerClient:
    settings = ServerSettings(
        url="http://127.0.0.1:1", public_key=base64.b64encode(PUBLIC).decode(), token_file=token_file, poll_s=1
    )

    async def refuse(words_: str) -> None:
        refused.append(words_)

    return ServerClient(
        settings,
        "demo",
        "secret-token",
        middle.store.journal,
        Health(Live()),
        middle.lists.apply,
        refuse,
        lambda: NOW,
        middle.lists.in_force,
        httpx.MockTransport(server.answer),
    )


async def ask_again(client: ServerClient, server: Server, times: int) -> None:
    """Announce a version so often; the last answer but one has been dealt with on return."""
    for _ in range(times):
        client.announced(99)
        await server.asked.get()


MakeMiddle = Callable[[], Middle]
MakeDoor = Callable[[str], SimulatedDoor]


def test_a_new_list_reaches_the_door_and_a_bad_one_changes_nothing(
    make_middle: MakeMiddle, make_door: MakeDoor, tmp_path: Path
) -> None:
    async def scene() -> None:
        middle, door, server = make_middle(), make_door("b1-u1"), Server()
        await middle.start()
        door.connect(middle.clock.now_s)
        await middle.carry(door)
        client = client_of(middle, server, [], tmp_path)
        server.body = envelope(payload(3))
        assert await client.ask_once()
        await middle.carry(door)
        assert door.list_version == 3 and door.swipe(11, middle.clock.now_s) == words.REASON_LISTED
        assert not await client.ask_once()
        assert server.unchanged == 1  # a list in force is not downloaded again
        server.body = envelope(payload(4, credentials=[]), Ed25519PrivateKey.generate())
        with pytest.raises(RefusedDocumentError):
            await client.ask_once()
        await middle.carry(door)
        assert door.list_version == 3
        in_force = await middle.store.documents.in_force()
        assert in_force is not None and in_force.document.version == 3
        await middle.stop()
        again = make_middle()
        await again.start()
        assert again.lists.policy.knows(7)
        await again.stop()

    asyncio.run(scene())


def test_a_refused_list_is_said_once_loudly_and_an_absent_server_quietly(
    make_middle: MakeMiddle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        middle, server, refused = make_middle(), Server(), list[str]()
        await middle.start()
        client = client_of(middle, server, refused, tmp_path)
        server.body = envelope(payload(1), Ed25519PrivateKey.generate())
        running = asyncio.ensure_future(client.run())
        await ask_again(client, server, 3)
        assert len(refused) == 1 and "signature" in refused[0]
        server.status = 503
        await ask_again(client, server, 2)
        server.status, server.body = 200, envelope(payload(1))
        await ask_again(client, server, 2)
        assert middle.lists.in_force is not None
        assert server.authorisation == "Bearer secret-token"
        await end([running])
        await middle.stop()

    with caplog.at_level(logging.INFO):
        asyncio.run(scene())
    assert "secret-token" not in caplog.text and "refused" in caplog.text


def test_events_go_up_in_batches_and_stay_until_they_are_taken(make_middle: MakeMiddle, tmp_path: Path) -> None:
    async def scene() -> None:
        middle, server = make_middle(), Server()
        await middle.start()
        device = DEVICES["b1-u1"]
        for seq in range(1, BATCH + 11):
            row = NewEvent(device, 1, seq, "denied", "expired", 5, True, 6.0, "card", "4711", 7, 1, 0)
            await middle.store.journal.append(row)
        client = client_of(middle, server, [], tmp_path)
        server.status = 500
        with pytest.raises(DownloadError):
            await client.upload_once()
        assert not server.taken
        server.status = 200
        assert [await client.upload_once() for _ in range(3)] == [BATCH, 10, 0]
        assert [row["seq"] for row in server.taken] == list(range(1, BATCH + 11))
        assert "4711" not in json.dumps(server.taken)
        await middle.stop()

    asyncio.run(scene())


def test_events_that_could_not_be_taken_out_of_the_outbox_go_up_again(
    make_middle: MakeMiddle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        middle, server = make_middle(), Server()
        await middle.start()
        server.body = envelope(payload(1))
        journal, taken_out = middle.store.journal, asyncio.Event()
        await journal.append(NewEvent(DEVICES["b1-u1"], 1, 1, "denied", "expired", 5, True, 6.0, "card", "1", 7, 1, 0))
        outcomes: list[Exception | None] = [StoreFullError("the disk is full"), None]
        sent = journal.sent

        async def sometimes(ids: list[int]) -> None:
            if (outcome := outcomes.pop(0)) is not None:
                raise outcome
            await sent(ids)
            taken_out.set()

        monkeypatch.setattr(journal, "sent", sometimes)
        monkeypatch.setattr("controller.sync.client.UPLOAD_EVERY_S", 0.0)
        running = asyncio.ensure_future(client_of(middle, server, [], tmp_path).run())
        async with asyncio.timeout(10):
            await taken_out.wait()
        assert [row["seq"] for row in server.taken] == [1, 1] and not running.done()
        await end([running])
        await middle.stop()

    asyncio.run(scene())


def test_a_door_flashed_while_a_list_is_put_in_force_gets_that_list(
    make_middle: MakeMiddle, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        middle = make_middle()
        await middle.start()
        first = checked(payload(1))
        assert first is not None
        await middle.lists.apply(first)
        second = checked(payload(2, previous=first.digest.hex()), first)
        assert second is not None
        read, go_on = asyncio.Event(), asyncio.Event()
        in_force = middle.store.documents.in_force

        async def slowly() -> SignedDocument | None:
            document = await in_force()
            read.set()
            await go_on.wait()
            return document

        monkeypatch.setattr(middle.store.documents, "in_force", slowly)
        starting = asyncio.create_task(middle.lists.start())
        await read.wait()
        applying = asyncio.create_task(middle.lists.apply(second))
        await middle.settle()
        go_on.set()
        await asyncio.gather(starting, applying)
        assert middle.lists.in_force is second
        await middle.stop()

    asyncio.run(scene())


def test_the_client_ends_when_a_list_is_announced_in_the_round_in_which_it_is_told_to(
    make_middle: MakeMiddle, tmp_path: Path
) -> None:
    async def scene() -> None:
        middle, server = make_middle(), Server()
        server.status = 404
        client = client_of(middle, server, [], tmp_path)
        running = asyncio.create_task(client.run())
        await server.asked.get()
        await middle.settle()  # the answer has been dealt with, it waits
        client.announced(7)
        running.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait({running})
        assert running.cancelled()
        await middle.stop()

    asyncio.run(scene())


def test_an_outbox_that_cannot_be_read_is_tried_again(
    make_middle: MakeMiddle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        middle = make_middle()
        asked: asyncio.Queue[None] = asyncio.Queue()

        async def outbox(limit: int) -> list[StoredEvent]:
            asked.put_nowait(None)
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(middle.store.journal, "outbox", outbox)
        monkeypatch.setattr("controller.sync.client.UPLOAD_EVERY_S", 0.0)
        client = client_of(middle, Server(), [], tmp_path)
        running = asyncio.create_task(client.run())
        async with asyncio.timeout(10):
            for _ in range(2):
                await asyncio.wait({running, asyncio.ensure_future(asked.get())}, return_when=asyncio.FIRST_COMPLETED)
        assert not running.done()
        await end([running])
        await middle.stop()

    asyncio.run(scene())
