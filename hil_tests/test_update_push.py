"""A firmware pushed by an admin: real controller, real broker, two real doors; one first, the other only after it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from hil_tests.test_update import NEW, variant
from tools import processes, update
from tools.broker import Broker, free_port
from tools.bundle import Bundle, build_bundle, rom_image
from tools.live_door import until
from tools.provision import BrokerAddress, ledger_append, new_device, write_image
from tools.virtual_board.board import VirtualBoard

SITE, ADMIN = "hil", "admin"
DOORS = ("one", "two")
LIMIT_S = 120.0
SITE_TOML = """\
[site]
id = "{site}"
name = "HIL"
[broker]
host = "localhost"
port = {broker}
ca = "ca.pem"
password_file = "controller.password"
[console]
port = {console}
[store]
database = "menshen.db"
box_key_file = "box.key"
ledger = "ledger.jsonl"
[vision]
enabled = false
[[grid]]
id = "g"
name = "g"
[[building]]
id = "b"
name = "b"
grid = "g"
[[unit]]
id = "u"
name = "u"
building = "b"
"""


@contextlib.asynccontextmanager
async def site(folder: Path) -> AsyncIterator[tuple[update.Console, dict[str, VirtualBoard]]]:
    """A controller with an admin, and two doors with power that it has heard."""
    broker = Broker(folder / "broker", SITE)
    users = {"controller": secrets.token_urlsafe(16)}
    (folder / "controller.password").write_text(users["controller"])
    text = SITE_TOML.format(site=SITE, broker=broker.port, console=(port := free_port()))
    boards = {}
    for door in DOORS:
        address = BrokerAddress("127.0.0.1", broker.port, "localhost")
        identity = new_device(SITE, address, broker.ca_pem)
        write_image(folder / f"{door}.flash", identity, build_bundle())
        ledger_append(folder / "ledger.jsonl", identity)
        users[identity.device] = identity.broker_password
        boards[door] = VirtualBoard(folder / f"{door}.flash", folder / f"{door}.log")
        text += f'[[door]]\nid = "{door}"\nname = "{door}"\nunit = "u"\ndevice = "{identity.device}"\n'
    (folder / "ca.pem").write_bytes(broker.ca_pem)
    (folder / "site.toml").write_text(text)
    await broker.add_users(users)
    await broker.start()
    config = ["--config", str(folder / "site.toml")]
    password = secrets.token_urlsafe(12)
    adding = await processes.spawn(
        [sys.executable, "-m", "tools.cli", "controller", "user", "add", ADMIN, "--role", "admin", *config],
        stdin=asyncio.subprocess.PIPE,
    )
    await adding.communicate(password.encode() + b"\n")
    with (folder / "controller.log").open("wb") as log:
        controller = await processes.spawn([sys.executable, "-m", "controller", *config], stdout=log, stderr=log)
    try:
        for board in boards.values():
            await board.start()
        await until(lambda: _said(folder / "controller.log", "is here") == 1 + len(DOORS))  # the broker, each door
        yield update.Console(f"http://127.0.0.1:{port}", ADMIN, password), boards
    finally:
        for board in boards.values():
            await board.stop()
        await processes.finish(controller)
        await broker.stop()


def _said(log: Path, words: str) -> int:
    return log.read_text().count(words)


async def pushed(console: update.Console, firmware: Bundle) -> list[tuple[str, str]]:
    """Stage and reason of each door in the end."""
    results = await asyncio.to_thread(update.push, console, firmware, [], lambda _: None)
    assert [row.door for row in results] == list(DOORS) and all(row.words for row in results)
    return [(row.stage, row.reason) for row in results]


async def shown(console: update.Console) -> dict[str, object]:
    """The same from the command line."""
    words = [sys.executable, "-m", "tools.cli", "update", "show", "--json", "--url", console.url]
    process = await processes.spawn(words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate(console.password.encode() + b"\n")
    report = json.loads(said)
    assert process.returncode == 0
    return {"ok": report["ok"], "stages": [row["stage"] for row in report["doors"]]}


def test_push_of_an_old_a_bad_and_a_good_firmware(tmp_path: Path) -> None:
    ours = build_bundle()
    older = Bundle("0.0.1", {"a.rom": rom_image(ours.modules, ours.rollback - 1)}, ours.rollback - 1)
    bad = variant(
        tmp_path / "bad", ("app.py", "        self._connect(settings, key)", '        self.faults.append("new")')
    )
    good = variant(tmp_path / "good", ("version.py", f'"{NEW}"', f'"{NEW}.1"'))

    async def story() -> None:
        async with asyncio.timeout(LIMIT_S), site(tmp_path) as (console, _):
            assert await pushed(console, older) == [("refused", "rollback"), ("not-tried", "")]
            assert await pushed(console, bad) == [("undone", "self-test"), ("not-tried", "")]
            assert await pushed(console, good) == [("confirmed", ""), ("confirmed", "")]
            assert await pushed(console, good) == [("already", ""), ("already", "")]
            assert await shown(console) == {"ok": True, "stages": ["already", "already"]}

    asyncio.run(story())
