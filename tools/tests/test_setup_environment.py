"""The locks, and when set-up does or does not touch the environment."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

import pytest

from tools.setup import __main__ as setup
from tools.setup import archives, environment, stubs
from tools.setup.places import ROOT, SetupError
from tools.setup.stubs import CHIPS, ensure_stubs

LOCKS = sorted((ROOT / "requirements").rglob("*.txt"))
PINNED = re.compile(r"^[a-z0-9.-]+==\S+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+$", re.MULTILINE)


def _names(lock: Path) -> set[str]:
    return {line.split("==")[0] for line in lock.read_text().splitlines() if "==" in line and line[0] != " "}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_holds_pinned_versions_with_hashes_and_nothing_else(lock: Path) -> None:
    assert PINNED.sub("", lock.read_text()).strip() == ""
    assert len(PINNED.findall(lock.read_text())) >= (2 if lock.parent.name == "stubs" else 5)


def test_locks_cover_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    build = project["dependency-groups"]["build"]
    runtime = project["project"]["dependencies"]
    dev = project["project"]["optional-dependencies"]["dev"]
    chips = [(f"stubs/{chip}", project["dependency-groups"][f"stubs-{chip}"]) for chip in CHIPS]
    for lock, declared in (("build", build), ("runtime", runtime), ("dev", runtime + dev), *chips):
        names = {re.split(r"[<>=~!\[]", line)[0].lower().replace("_", "-") for line in declared}
        assert names <= _names(ROOT / "requirements" / f"{lock}.txt")


def _refuse(*_: object, **__: object) -> NoReturn:
    raise AssertionError("set-up started a program although nothing changed")


def _fake(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    venv = folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "menshen").touch()
    monkeypatch.setattr(environment, "VENV", venv)
    return venv


def test_environment_unchanged_starts_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    venv = _fake(monkeypatch, tmp_path)
    (venv / "menshen.stamp").write_text(environment._wanted_stamp())
    monkeypatch.setattr(subprocess, "run", _refuse)
    environment.ensure_environment()


def test_environment_with_another_lock_is_mended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    venv = _fake(monkeypatch, tmp_path)
    (venv / "menshen.stamp").write_text("of an older lock")
    monkeypatch.setattr(environment, "_usable", lambda: True)
    seen: list[tuple[str, ...]] = []
    monkeypatch.setattr(environment, "pip", lambda *words: seen.append(words))
    environment.ensure_environment()
    assert ["--require-hashes" in words for words in seen] == [True, True, False]
    assert (venv / "menshen.stamp").read_text() == environment._wanted_stamp()


@pytest.mark.parametrize("stamp", [None, "working"], ids=["while the venv was made", "while pip installed"])
def test_environment_aborted_half_way_is_made_anew(
    stamp: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv = _fake(monkeypatch, tmp_path)
    if stamp:
        (venv / "menshen.stamp").write_text(stamp)
    monkeypatch.setattr(environment, "_usable", lambda: True)
    made: list[Path] = []
    monkeypatch.setattr(environment, "_make", lambda: made.append(venv))
    monkeypatch.setattr(environment, "pip", lambda *_: None)
    environment.ensure_environment()
    assert made == [venv]


def test_environment_where_pip_failed_is_kept_for_the_next_try(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    venv = _fake(monkeypatch, tmp_path)
    (venv / "menshen.stamp").write_text("of an older lock")
    monkeypatch.setattr(environment, "_usable", lambda: True)

    def no_network(*_: str) -> None:
        raise SetupError("no network")

    monkeypatch.setattr(environment, "pip", no_network)
    with pytest.raises(SetupError):
        environment.ensure_environment()
    monkeypatch.setattr(environment, "_make", _refuse)
    monkeypatch.setattr(environment, "pip", lambda *_: None)
    environment.ensure_environment()


def test_environment_moved_or_without_pip_is_not_usable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    assert not environment._usable()
    environment._make()
    assert environment._usable()
    (tmp_path / ".venv").rename(tmp_path / "moved")
    monkeypatch.setattr(environment, "VENV", tmp_path / "moved")
    assert not environment._usable()


def test_environment_without_ensurepip_takes_debians_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    made: list[tuple[str, ...]] = []

    def without_ensurepip(*words: str) -> bool:
        made.append(words)
        return bool(words)

    ran: list[list[str]] = []
    monkeypatch.setattr(environment, "_venv", without_ensurepip)
    monkeypatch.setattr(environment, "_pip_wheel", lambda: tmp_path / "wheels" / "pip-23-py3-none-any.whl")
    monkeypatch.setattr(environment, "_run", ran.append)
    environment._make()
    assert made == [(), ("--without-pip",)]
    assert ran[0][1:] == [
        str(tmp_path / "wheels" / "pip-23-py3-none-any.whl" / "pip"),
        "install",
        "--no-index",
        "--find-links",
        str(tmp_path / "wheels"),
        "pip",
    ]


def test_python_too_old_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(sys, "argv", ["setup", "venv"])
    assert setup.main() == 1
    assert capsys.readouterr().err.strip().endswith("(make PYTHON=python3.12)")


def test_pip_failure_is_one_line_with_the_next_step() -> None:
    with pytest.raises(SetupError) as caught:
        environment._run([sys.executable, "-c", "import sys; sys.exit('ERROR: no such version')"])
    assert str(caught.value) == "ERROR: no such version; is the network there? then run it again"


def test_interrupt_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "ensure_environment", interrupted)
    monkeypatch.setattr(sys, "argv", ["setup", "venv"])
    assert setup.main() == 130
    assert "run it again to go on" in capsys.readouterr().err


def test_full_disk_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(setup, "ensure_environment", full)
    monkeypatch.setattr(sys, "argv", ["setup", "venv"])
    assert setup.main() == 1
    assert "No space left on device; make room" in capsys.readouterr().err


def test_file_with_another_digest_is_not_placed(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="another digest"):
        archives._place(tmp_path / "portrait.png", b"tampered", "0" * 64, "package==1")
    assert list(tmp_path.iterdir()) == []


def test_stubs_are_laid_once_for_each_chip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    laid: list[str] = []

    def pip(*words: str) -> None:
        folder = Path(words[words.index("--target") + 1])
        folder.mkdir(parents=True)
        assert "--require-hashes" in words and words[-1].endswith(f"stubs/{folder.name}.txt")
        laid.append(folder.name)

    monkeypatch.setattr(stubs, "pip", pip)
    ensure_stubs()
    ensure_stubs()
    assert laid == list(CHIPS)
    (tmp_path / "stubs" / "rp2" / "menshen.stamp").write_text("of an older lock")
    ensure_stubs()
    assert laid == [*CHIPS, "rp2"]
