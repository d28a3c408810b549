"""`menshen bench privacy`: strangers pass a running house, then all that was written or sent is searched for them.

Disk (database, its log, the broker's, the server's and every log file), what the broker carried and what went between
controller and community server are searched for pictures and for face vectors. Then the one who is enrolled withdraws.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import sqlite3
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomqtt
import cv2
import httpx
import numpy as np
from numpy.typing import NDArray

from models.face import FacePipeline
from tools import processes
from tools.bench import Report
from tools.broker import free_port
from tools.demo import cast
from tools.demo.house import GUARD, House, ticks
from tools.machine import describe
from tools.setup import system

PASSAGES = 1_000
CAMERAS = 8
ALIKE = 0.6  # cosine: two pictures of one face are nearer than that to each other, nothing else is
_SHOWN_S = 12.0
_EMPTY_S = 2.0  # a track is lost after 1.2 s
_WITHIN_S = 30.0
_SPY = "spy"
_PICTURE = re.compile(
    rb"\xff\xd8\xff\xe0..JFIF|\xff\xd8\xff\xe1..Exif|\xff\xd8\xff\xdb\x00[\x43\x84]|\x89PNG\r\n\x1a\n"
    rb"|/9j/[A-Za-z0-9+/]{40}|iVBORw0KGgo[A-Za-z0-9+/]{40}",
    re.DOTALL,
)
_CODED = re.compile(rb"[A-Za-z0-9+/]{340,}={0,2}")  # base64 of 64 float32 and more


def bench_privacy(parent: Path, passages: int = PASSAGES, passed: Callable[[int], None] = lambda count: None) -> Report:
    """`pictures` and `vectors` found of people without consent; `withdrawn_s`: from the wish to an emptied gallery;
    `left_after_withdrawal`: sealed rows of that person still on the disk; `known_after_withdrawal`: is he still?
    """
    figures = asyncio.run(_run(parent, passages, passed))
    return {"name": "bench-privacy", "figures": figures, "peers": {}, "machine": describe()}


def pictures_in(data: bytes) -> int:
    """JPEG and PNG pictures, plain or in base64."""
    return len(_PICTURE.findall(data))


def vectors_in(data: bytes, face: NDArray[np.float32]) -> int:
    """Places where as many float32 as `face` has, plain or in base64, are a vector of length 1 that is like `face`."""
    found = sum(_like(data[offset:], face) for offset in range(4))
    for coded in _CODED.findall(data):
        with contextlib.suppress(ValueError):
            found += vectors_in(base64.b64decode(coded[: len(coded) // 4 * 4]), face)
    return found


def _like(data: bytes, face: NDArray[np.float32]) -> int:
    values = np.frombuffer(data[: len(data) // 4 * 4], "<f4")
    if len(values) < len(face):
        return 0
    numbers = np.where(np.isfinite(values) & (np.abs(values) <= 1), values, 0).astype(np.float32)
    products = np.convolve(numbers, face[::-1], "valid")
    lengths = np.sqrt(np.convolve(numbers * numbers, np.ones(len(face), np.float32), "valid"))
    return int(np.count_nonzero((np.abs(lengths - 1) < 0.05) & (products >= ALIKE * lengths)))


class _Watched(House):
    """The demo's house with more door cameras, a spy on its broker and one between controller and server."""

    def __init__(self, parent: Path) -> None:
        super().__init__(parent, lambda words: None)
        self.sent = bytearray()  # between controller and server, both ways
        self.carried = bytearray()  # by the broker
        self._proxy_port = free_port()
        self._proxy: asyncio.Server | None = None
        self._spying: asyncio.Task[None] | None = None

    async def _start_broker(self) -> None:
        await super()._start_broker()
        with (self.broker.folder / "acl").open("a") as acl:
            acl.write(f"\nuser {_SPY}\ntopic read #\n")
        await self.broker.add_users({_SPY: self.controller_password})

    def _write_site(self) -> None:
        super()._write_site()
        more = "".join(
            f'[[camera]]\nid = "face{number}"\nname = "{number}"\nurl = "{self.farm.url("face")}"\ntask = "face"\n'
            for number in range(2, CAMERAS + 1)
        )
        text = self.site_file.read_text().replace(f":{self.server_port}", f":{self._proxy_port}")
        self.site_file.write_text(f"{text}\n{more}")

    async def start_controller(self) -> None:
        self._proxy = await asyncio.start_server(self._through, "127.0.0.1", self._proxy_port)
        self._spying = asyncio.create_task(self._spy())
        await super().start_controller()

    async def _stop(self) -> None:
        await super()._stop()
        if self._proxy is not None:
            self._proxy.close()
        if self._spying is not None:
            await processes.end(self._spying)

    async def _spy(self) -> None:
        tls = ssl.create_default_context(cafile=str(self.ca_file))
        async with aiomqtt.Client(
            "localhost", self.broker.port, username=_SPY, password=self.controller_password, tls_context=tls
        ) as client:
            await client.subscribe("#")
            async for message in client.messages:
                self.carried += str(message.topic).encode() + b"\n" + bytes(message.payload) + b"\n"

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.sent += data
            writer.write(data)
            await writer.drain()
        writer.close()

    def written(self) -> dict[str, bytes]:
        """Every file of the house, by its name."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }

    def sealed(self) -> list[bytes]:
        """The resident's key and templates, as they lie in the database."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'menshen.db'}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT sealed FROM templates UNION SELECT wrapped FROM person_keys").fetchall()
            return [bytes(row[0]) for row in rows]


async def _run(parent: Path, passages: int, passed: Callable[[int], None]) -> dict[str, object]:
    house = _Watched(parent)
    async with house:
        await house.boards["b1-u1"].start()
        async with httpx.AsyncClient(base_url=house.console_url, headers={"Origin": house.console_url}) as client:
            login = {"username": GUARD, "password": house.guard_password}
            (await client.post("/api/login", json=login)).raise_for_status()
            seen: set[str] = set()
            house.show_resident()
            known_before = await _outcome(client, seen)
            await _cleared(house)
            while (count := await _strangers(client, seen)) < passages:
                passed(count)
                house.show_stranger()
                await _all_seen(client, seen, count + CAMERAS)
                await _cleared(house)
            passed(count)
            faces = [_vector(name) for name in ("stranger", "resident")]
            files = house.written()
            places = {"disk": b"\n".join(files.values()), "broker": bytes(house.carried), "server": bytes(house.sent)}
            sealed = house.sealed()
            began = time.monotonic()
            (await client.delete(f"/api/people/{cast.RESIDENT}/templates")).raise_for_status()
            withdrawn_s = time.monotonic() - began
            house.show_resident()
            known_after = await _outcome(client, seen)
            left = sum(row in data for data in house.written().values() for row in sealed)
    return {
        "passages": count,
        "cameras": CAMERAS,
        "files": len(files),
        **{f"{place}_bytes": len(data) for place, data in places.items()},
        "pictures": sum(pictures_in(data) for data in places.values()),
        "vectors": sum(vectors_in(data, face) for data in places.values() for face in faces),
        "sealed_rows": len(sealed),
        "known_before_withdrawal": known_before == "resident",
        "withdrawn_s": round(withdrawn_s, 3),
        "left_after_withdrawal": left,
        "known_after_withdrawal": known_after == "resident",
    }


async def _captures(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get("/api/captures")).raise_for_status().json()
    return rows


async def _strangers(client: httpx.AsyncClient, seen: set[str]) -> int:
    """How many passages of strangers there were, ever."""
    seen.update(row["id"] for row in await _captures(client) if row["kind"] == "stranger")
    return len(seen)


async def _all_seen(client: httpx.AsyncClient, seen: set[str], count: int) -> None:
    """Until every camera has seen him, or should have."""
    until = time.monotonic() + _SHOWN_S
    async for _ in ticks(0.2):
        if await _strangers(client, seen) >= count or time.monotonic() > until:
            return


async def _outcome(client: httpx.AsyncClient, seen: set[str]) -> str:
    """Which kind of capture comes next; TimeoutError when none does."""
    before = {row["id"] for row in await _captures(client)} | seen
    async with asyncio.timeout(_WITHIN_S):
        while True:
            fresh = [row["kind"] for row in await _captures(client) if row["id"] not in before]
            if fresh:
                return str(fresh[0])
            await asyncio.sleep(0.1)


async def _cleared(house: House) -> None:
    house.clear_scenes()
    await asyncio.sleep(_EMPTY_S)


def _vector(name: str) -> NDArray[np.float32]:
    pipeline = FacePipeline(1)
    bgr = np.asarray(cv2.imread(str(system.demo_pictures()[name])), np.uint8)
    rgb = np.ascontiguousarray(bgr[:, :, ::-1])
    return pipeline.embed(rgb, pipeline.detect(rgb)[0])
