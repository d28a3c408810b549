"""`python -m tools.community` as a process beside a real broker."""

import asyncio
import json
import socket
import ssl
import sys
from pathlib import Path

import aiomqtt
import httpx
import pytest

from tools import processes
from tools.authority import write_private
from tools.broker import Broker
from tools.community.__main__ import main

SITE = "demo"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def heard_version(broker: Broker, wanted: int) -> aiomqtt.Message:
    context = ssl.create_default_context(cadata=broker.ca_pem.decode())
    async with aiomqtt.Client(
        "localhost", broker.port, username="controller", password="c-secret", tls_context=context
    ) as client:
        await client.subscribe(f"menshen/{SITE}/server/version", qos=1)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            if json.loads(message.payload) == {"version": wanted}:
                return message
    raise AssertionError("the broker went away")


async def until_up(client: httpx.AsyncClient) -> None:
    while True:
        try:
            health = (await client.get("/v1/health")).json()
        except httpx.TransportError:
            health = {}
        if health.get("broker"):
            return
        await asyncio.sleep(0.05)


def test_a_push_is_announced_and_outlives_both_ends(tmp_path: Path) -> None:
    async def scene() -> None:
        broker = Broker(tmp_path / "broker", SITE)
        await broker.add_users({"controller": "c-secret", "server": "s-secret"})
        await broker.start()
        (tmp_path / "ca.pem").write_bytes(broker.ca_pem)
        write_private(tmp_path / "server.password", b"s-secret\n")
        port = free_port()
        words: list[str | Path] = [sys.executable, "-m", "tools.community", "--data", tmp_path / "data", "--site", SITE]
        words += ["--port", str(port), "--broker", f"localhost:{broker.port}", "--broker-ca", tmp_path / "ca.pem"]
        words += ["--broker-password-file", tmp_path / "server.password"]
        server = await processes.spawn(words)
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        try:
            await until_up(client)
            client.headers["authorization"] = f"Bearer {(tmp_path / 'data' / 'admin.token').read_text()}"
            hearing = asyncio.create_task(heard_version(broker, 1))
            published = (await client.post("/v1/publish")).json()
            assert published["announced"] is True and published["version"] == 1
            await hearing
            await broker.kill()
            late = (await client.post("/v1/publish")).json()
            assert late["announced"] is False and "poll" in late["why"]
            await broker.start()
            await heard_version(broker, 2)  # said again as soon as the broker is back
            assert (await heard_version(broker, 2)).retain
        finally:
            await client.aclose()
            await processes.finish(server)
            await broker.stop()

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scene()

    asyncio.run(bounded())


def test_a_port_in_use_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert main(["--data", str(tmp_path), "--site", SITE, "--port", str(port)]) == 2
    assert f"port {port} is in use; stop what uses it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--site"),
        (["--site", SITE, "--host", "0.0.0.0"], "--certificate"),
        (["--site", SITE, "--broker", "nowhere"], "HOST:PORT"),
        (["--site", SITE, "--broker", "a:1"], "--broker-ca"),
        (["--site", SITE, "--list-days", "0"], "--list-days"),
    ],
)
def test_wrong_options_name_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["--data", str(tmp_path), *words]) == 2
    assert said in capsys.readouterr().err


def test_public_key_is_printed_and_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main(["--data", str(tmp_path), "--print-public-key"]) == 0
    first, second = capsys.readouterr().out.split()
    assert first == second and len(first) == 44
