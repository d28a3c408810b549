"""`python -m controller` from outside: starts, stops, and says in words why it cannot."""

import asyncio
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from controller.app import add_user
from controller.conftest import DEVICES, write_ledger, write_site
from controller.settings import load
from controller.store.errors import StoreError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(site: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "controller", "--config", str(site)], stderr=subprocess.PIPE, text=True
    )


def wait_for_page(port: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr and process.stderr.read()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=1).close()
            return
        except OSError as error:
            if getattr(error, "code", None):
                error.close()  # type: ignore[attr-defined]
                return
            time.sleep(0.05)
    raise AssertionError("the page never came up")


def refusal(site: Path) -> str:
    """What it says when it exits with 2."""
    process = start(site)
    _, words = process.communicate(timeout=30)
    assert process.returncode == 2, words
    assert "Traceback" not in words and len(words.splitlines()) < 20
    return words


def site_in(folder: Path) -> tuple[Path, int]:
    port = free_port()
    write_ledger(folder, {device: bytes(32) for device in DEVICES.values()})
    return write_site(folder, broker_port=free_port(), console_port=port), port


def test_it_runs_without_a_broker_and_ends_on_sigterm(tmp_path: Path) -> None:
    site, port = site_in(tmp_path)
    process = start(site)
    wait_for_page(port, process)
    second = refusal(write_site(tmp_path, console_port=free_port()))
    assert "another controller has this database open" in second
    assert f"127.0.0.1:{port} cannot be used" in refusal(write_site(tmp_path, console_port=port))
    asyncio.run(add_user(load(site), "门卫", "guard", "long enough"))  # beside the running controller
    with pytest.raises(StoreError, match="already"):
        asyncio.run(add_user(load(site), "门卫", "guard", "long enough"))
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=15)
    assert process.returncode == 0, log
    rows = [json.loads(line) for line in log.splitlines()]
    assert {"time", "level", "room", "message"} <= rows[0].keys()
    assert "the controller stops" in rows[-1]["message"]
    assert any("broker is away" in row["message"] for row in rows)


def test_a_wrong_site_file_a_lost_box_key_and_a_broken_database_end_it_with_words(tmp_path: Path) -> None:
    site, port = site_in(tmp_path)
    text = site.read_text("utf-8")
    site.write_text(text.replace("ledger", "leger"), "utf-8")
    assert "[store] leger: unknown key" in refusal(site)
    site.write_text(text, "utf-8")
    ca = (tmp_path / "ca.pem").read_bytes()
    (tmp_path / "ca.pem").write_text("no certificate")
    assert "[broker] ca:" in refusal(site)
    (tmp_path / "ca.pem").write_bytes(ca)
    (tmp_path / "ledger.jsonl").unlink()
    (tmp_path / "ledger.jsonl").mkdir()
    assert "the ledger cannot be read" in refusal(site)
    (tmp_path / "ledger.jsonl").rmdir()
    (tmp_path / "box.key").unlink()
    assert "box key is missing" in refusal(site)
    for name in ("controller.db", "controller.db-wal", "controller.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "controller.db").write_bytes(b"no database, but as long as one would be " * 100)
    (tmp_path / "box.key").write_bytes(bytes(32))
    assert "is damaged or no database" in refusal(site)
    (tmp_path / "controller.db").unlink()
    connection = sqlite3.connect(tmp_path / "controller.db")
    connection.execute("PRAGMA user_version = 500")
    connection.close()
    assert "install the newer controller again" in refusal(site)
    assert port


def test_a_certificate_that_is_none_ends_it_with_words(tmp_path: Path) -> None:
    site, _ = site_in(tmp_path)
    (tmp_path / "page.pem").write_text("no certificate")
    tls = '[console]\ncertificate = "page.pem"\nprivate_key = "page.pem"'
    site.write_text(site.read_text("utf-8").replace("[console]", tls), "utf-8")
    assert "certificate or private_key cannot be used" in refusal(site)
