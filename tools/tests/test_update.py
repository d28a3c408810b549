"""Pushing firmware: what a person is told when it cannot be done. The rest is in hil_tests/test_update_push.py."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from tools import update
from tools.broker import free_port
from tools.bundle import Bundle

FIRMWARE = Bundle("9.0.0", {"a.rom": b"image"})


@contextmanager
def page(status: int, body: bytes) -> Iterator[str]:
    """Something that answers every request like this; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"] or 0))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refused(console: update.Console) -> str:
    with pytest.raises(update.UpdateError) as said:
        update.push(console, FIRMWARE, [], lambda _: None)
    return str(said.value)


def test_nobody_answers_there(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert "write --url" in refused(update.Console(url, "admin", "x"))
    assert "write --url" in refused(update.Console("http://[", "admin", "x"))
    assert "--ca" in refused(update.Console(url, "admin", "x", tmp_path / "no-such-ca.pem"))


def test_the_controllers_own_words_are_passed_on() -> None:
    with page(401, json.dumps({"code": "wrong-password", "detail": "name or password is wrong"}).encode()) as url:
        assert refused(update.Console(url, "admin", "x")) == "name or password is wrong"


def test_the_end_is_told_though_the_controller_is_gone_at_the_logout(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {"running": False, "doors": [{"door": "b1-u1", "stage": "confirmed", "reason": "", "sent": 1.0}]}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/logout":
            raise httpx.ConnectError("Connection refused")
        return httpx.Response(200, json=ended)

    client = partial(httpx.Client, transport=httpx.MockTransport(answer))
    monkeypatch.setattr("tools.update.httpx.Client", client)
    assert update.follow(update.Console("http://x", "admin", "x"), lambda _: None)[0].words == "runs it"


def test_another_page_is_noticed() -> None:
    with page(200, b"<html>a printer</html>") as url:
        assert "is no controller's page" in refused(update.Console(url, "admin", "x"))


def test_an_old_firmware_is_told_in_plain_words() -> None:
    words = update.DoorResult("b1-u1", "refused", "rollback", 0.0).words
    assert "refused it" in words and "older" in words and "higher number" in words
    assert update.DoorResult("b1-u1", "confirmed", "", 1.0).words == "runs it"
