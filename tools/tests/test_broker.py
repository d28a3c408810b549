"""The real Mosquitto: who may do what, what survives, what it says when it cannot start."""

import asyncio
import socket
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tools.broker import Broker, BrokerError

DOOR, OTHER = "0011223344aa", "0011223344bb"
WORDS = {
    "controller": "c-secret",
    "server": "s-secret",
    DOOR: "d-secret",
    OTHER: "o-secret",
}


def client(broker: Broker, user: str, password: str | None = None, **more: Any) -> aiomqtt.Client:
    context = ssl.create_default_context(cadata=broker.ca_pem.decode())
    word = WORDS[user] if password is None else password
    return aiomqtt.Client(
        "localhost",
        broker.port,
        username=user,
        password=word,
        tls_context=context,
        **more,
    )


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await story

    asyncio.run(bounded())


async def next_payload(reader: aiomqtt.Client, within_s: float = 3.0) -> bytes | None:
    try:
        async with asyncio.timeout(within_s):
            async for message in reader.messages:
                assert isinstance(message.payload, bytes)
                return message.payload
    except TimeoutError:
        pass
    return None


def test_broker_acl_door_reaches_only_its_own_topics(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.add_users(WORDS)
        await broker.start()
        try:
            async with (
                client(broker, "controller") as controller,
                client(broker, DOOR) as door,
            ):
                await controller.subscribe("menshen/demo/door/+/up", qos=1)
                await door.subscribe("menshen/demo/door/+/down", qos=1)
                await door.publish(f"menshen/demo/door/{OTHER}/up", b"forged", qos=1)
                await door.publish(f"menshen/demo/door/{OTHER}/down", b"forged", qos=1)
                await door.publish(f"menshen/demo/door/{DOOR}/up", b"mine", qos=1)
                assert await next_payload(controller) == b"mine"
                await controller.publish(f"menshen/demo/door/{OTHER}/down", b"not yours", qos=1)
                await controller.publish(f"menshen/demo/door/{DOOR}/down", b"yours", qos=1)
                assert await next_payload(door) == b"yours"
        finally:
            await broker.stop()

    run(story())


def test_broker_acl_server_only_announces_versions(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.add_users(WORDS)
        await broker.start()
        try:
            async with (
                client(broker, "controller") as controller,
                client(broker, "server") as server,
            ):
                await controller.subscribe("menshen/demo/#", qos=1)
                await server.publish(f"menshen/demo/door/{DOOR}/up", b"forged", qos=1)
                await server.publish("menshen/demo/server/version", b"3", qos=1, retain=True)
                assert await next_payload(controller) == b"3"
        finally:
            await broker.stop()

    run(story())


def test_broker_password_wrong_or_ca_unknown_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.add_users(WORDS)
        await broker.start()
        try:
            with pytest.raises(aiomqtt.MqttError):
                async with client(broker, DOOR, "guess"):
                    pass
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection("localhost", broker.port, ssl=ssl.create_default_context())
        finally:
            await broker.stop()

    run(story())


def test_broker_add_users_while_running_keeps_others_connected(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.add_users({"controller": WORDS["controller"]})
        await broker.start()
        try:
            async with client(broker, "controller") as controller:
                await controller.subscribe("menshen/demo/door/+/up", qos=1)
                await broker.add_users(WORDS)
                async with client(broker, DOOR) as door:
                    await door.publish(f"menshen/demo/door/{DOOR}/up", b"new here", qos=1)
                    assert await next_payload(controller) == b"new here"
        finally:
            await broker.stop()

    run(story())


def test_broker_restart_keeps_port_ca_users_and_queued_messages(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.add_users(WORDS)
        await broker.start()
        session: dict[str, Any] = {"identifier": "controller", "clean_session": False}
        async with client(broker, "controller", **session) as controller:
            await controller.subscribe("menshen/demo/door/+/up", qos=1)
        async with client(broker, DOOR) as door:
            await door.publish(f"menshen/demo/door/{DOOR}/up", b"while away", qos=1)
        await broker.stop()
        again = Broker(tmp_path, "demo")
        assert (again.port, again.ca_pem) == (broker.port, broker.ca_pem)
        await again.start()
        try:
            async with client(again, "controller", **session) as controller:
                assert await next_payload(controller) == b"while away"
        finally:
            await again.stop()

    run(story())


def test_broker_killed_starts_again(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.add_users(WORDS)
        await broker.start()
        await broker.kill()
        assert not broker.running
        await broker.start()
        try:
            async with client(broker, DOOR):
                pass
        finally:
            await broker.stop()

    run(story())


def test_broker_port_in_use_says_which_and_what_next(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} is in use.*stop that one"):
            run(Broker(tmp_path, "demo", port).start())


def test_broker_that_cannot_start_gives_its_own_words(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.start()
        await broker.stop()
        (tmp_path / "broker.key").write_bytes(b"no key")
        with pytest.raises(BrokerError, match=r"ended at its start.*key"):
            await broker.start()

    run(story())


def test_broker_that_does_not_answer_in_time_is_not_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        monkeypatch.setattr("tools.broker._START_S", 0.0)
        with pytest.raises(BrokerError, match=r"does not answer.*Next step"):
            await broker.start()
        assert not broker.running
        waits = asyncio.Event()

        async def wait() -> None:
            waits.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(broker, "_wait_until_listening", wait)
        starting = asyncio.create_task(broker.start())
        await waits.wait()
        starting.cancel()
        await asyncio.wait({starting})
        assert starting.cancelled()
        assert not broker.running

    run(story())


def test_broker_users_that_it_did_not_take_in_time_are_handed_over_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        broker = Broker(tmp_path, "demo")
        await broker.start()
        assert broker._process is not None
        try:
            with monkeypatch.context() as lost:
                lost.setattr(broker._process, "send_signal", lambda number: None)
                lost.setattr("tools.broker._START_S", 0.1)
                with pytest.raises(BrokerError, match=r"has not taken.*Next step"):
                    await broker.add_users(WORDS)
            await broker.add_users(WORDS)
            async with client(broker, DOOR):
                pass
        finally:
            await broker.stop()

    run(story())


def test_broker_secrets_are_private_and_no_password_is_stored(tmp_path: Path) -> None:
    broker = Broker(tmp_path, "demo")
    run(broker.add_users(WORDS))
    for name in ("passwords", "ca.key"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert not any(word in (tmp_path / "passwords").read_text() for word in WORDS.values())


def test_broker_user_or_site_with_topic_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokerError):
        run(Broker(tmp_path, "demo").add_users({"a/#": "x"}))
    with pytest.raises(BrokerError):
        Broker(tmp_path, "de+mo")
