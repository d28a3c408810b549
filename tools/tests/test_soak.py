"""The soak's verdict. A day of it runs among the firmware's tests, seven with `menshen soak`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tools import soak
from tools.bench import Report
from tools.cli import app

LIFE: Report = {
    "days": 7,
    "shut_out": 0,
    "strangers_in": 0,
    "events_missing": 0,
    "gaps": 0,
    "releases": 9,
    "releases_asked": 9,
    "heap_growth_bytes": 32,
    "files_fewest": 9,
    "files_most": 10,
}


def _run(monkeypatch: pytest.MonkeyPatch, life: Report, erases: int = 345) -> tuple[int, str, str]:
    def simulated(module: str, *arguments: object, **options: object) -> Report:
        return life if module.endswith("soak") else {"days": arguments[0], "erases_sector_max": erases}

    monkeypatch.setattr(soak, "simulate", simulated)
    done = CliRunner().invoke(app, ["soak", "--json"])
    return done.exit_code, done.stdout, done.stderr


def test_a_week_without_a_fault_is_a_report_and_exit_0(monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = _run(monkeypatch, LIFE)
    assert status == 0 and json.loads(out)["figures"]["wear"]["days"] == 365 and not err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("shut_out", 1, "shut_out: 1"),
        ("strangers_in", 1, "strangers_in"),
        ("events_missing", 2, "events_missing"),
        ("gaps", 1, "gaps"),
        ("releases", 10, "10 releases"),
        ("heap_growth_bytes", 2_000, "the heap grew by 2000 bytes"),
        ("files_most", 40, "from 9 to 40 files"),
    ],
)
def test_what_may_not_be_is_said_with_exit_1(
    monkeypatch: pytest.MonkeyPatch, name: str, value: int, words: str
) -> None:
    status, out, err = _run(monkeypatch, {**LIFE, name: value})
    assert status == 1 and words in err and json.loads(out)["figures"][name] == value


def test_a_worn_sector_is_said_with_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, err = _run(monkeypatch, LIFE, 1_001)
    assert status == 1 and "1001 erases" in err
