"""`menshen flash`: its site file, its words, its JSON."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tools.flash import Community
from tools.flash_cli import read_community, register
from tools.provision import BrokerAddress


def site_file(folder: Path, text: str) -> Path:
    (folder / "ca.pem").write_bytes(b"CA")
    (folder / "site.toml").write_text(text)
    return folder / "site.toml"


SITE = """
[site]
id = "demo"
[broker]
host = "127.0.0.1"
port = 8883
ca = "ca.pem"
[store]
ledger = "ledger.jsonl"
"""


def test_flash_cli_reads_the_controllers_site_file(tmp_path: Path) -> None:
    community = read_community(site_file(tmp_path, SITE), "10.1.2.3:1883", "broker.example")
    assert community == Community(
        "demo", BrokerAddress("10.1.2.3", 1883, "broker.example"), b"CA", tmp_path / "ledger.jsonl"
    )


def cli(*words: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["flash", *words])


def test_flash_cli_json_is_one_object_with_cause_and_next_step(tmp_path: Path) -> None:
    result = cli("/dev/ttyNONE", "--config", str(site_file(tmp_path, SITE)), "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["ok"], report["cause"]) == (1, False, "port-missing")
    assert "Next step" in report["message"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[site", "site.toml"),
        ("[site]\nid = 'demo'\n", "'broker' is missing"),
        (SITE.replace("ca.pem", "no.pem"), "no.pem"),
        (SITE.replace("127.0.0.1", "broker.example"), "IPv4 address"),
    ],
)
def test_flash_cli_site_file_unusable_names_the_line_or_file(tmp_path: Path, text: str, word: str) -> None:
    result = cli("/dev/ttyNONE", "--config", str(site_file(tmp_path, text)), "--json")
    report = json.loads(result.stdout)
    assert report["cause"] == "setup"
    assert word in report["message"]
    assert "Next step" in report["message"]


def test_flash_cli_broker_without_port_is_refused(tmp_path: Path) -> None:
    result = cli("/dev/ttyNONE", "--config", str(site_file(tmp_path, SITE)), "--broker", "10.0.0.1")
    assert result.exit_code == 1
    assert "ADDRESS:PORT" in " ".join(result.stderr.split())


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_flash_cli_settings_that_are_no_object_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "door.json").write_text(text)
    result = cli("--config", str(site_file(tmp_path, SITE)), "--settings", str(tmp_path / "door.json"), "--json")
    report = json.loads(result.stdout)
    assert report["cause"] == "setup" and "door.json" in report["message"] and "docs/OSDP.md" in report["message"]
