"""The gate refuses: a failing step, firmware that does not compile, an import that points the wrong way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.gate import Step, command, compile_firmware, main
from tools.setup.places import ROOT, VENV

ROOMS = ("controller", "models", "tools", "hil_tests", "firmware")

# One forbidden import for every contract of pyproject.toml: file, line.
SEEDS = {
    "one-way-between-rooms": ("hil_tests/seeded_a.py", "import controller.settings"),
    "models-know-nobody": ("models/seeded_b.py", "import tools.processes"),
    "doorwire-alone": ("firmware/doorwire/seeded_c.py", "import doorlogic.decide"),
    "doorlogic-only-doorwire": ("firmware/doorlogic/seeded_d.py", "import device.clock"),
    "device-only-firmware": ("firmware/device/seeded_e.py", "import tools.processes"),
    "firmware-pure": ("firmware/doorlogic/seeded_f.py", "import socket"),
    "controller-layers": ("controller/store/seeded_g.py", "import controller.bus.session"),
    "policy-pure": ("controller/access/seeded_h.py", "import sqlite3"),
    "no-cycles": ("controller/sync/seeded_i.py", "import controller.bus.seeded_i"),
    "one-door-to-litert": ("controller/sync/seeded_k.py", "import ai_edge_litert.interpreter"),
}


def _copy(target: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, target / room, ignore=shutil.ignore_patterns("build", ".*", "__pycache__", "*.tflite")
        )
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def _contracts(root: Path) -> dict[str, str]:
    """Contract's name → KEPT or BROKEN."""
    done = subprocess.run(
        [VENV / "bin" / "lint-imports", "--no-cache", "--no-logo"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{root}/firmware", "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(re.findall(r"^(\S.*?) ?(KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    assert done.returncode == int("BROKEN" in found.values())
    return found


def _names() -> dict[str, str]:
    text = (ROOT / "pyproject.toml").read_text()
    return dict(re.findall(r'^id = "([^"]+)"\nname = "([^"]+)"', text, re.MULTILINE))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = _copy(tmp_path_factory.mktemp("seeded"))
    for path, line in SEEDS.values():
        (root / path).write_text(line + "\n")
    (root / "controller/bus/seeded_i.py").write_text("import controller.sync.seeded_i\n")
    return _contracts(root)


def test_contracts_all_have_a_seed() -> None:
    assert set(_names()) == set(SEEDS)


@pytest.mark.parametrize("contract", SEEDS)
def test_contract_with_a_forbidden_import_is_broken(contract: str, seeded: dict[str, str]) -> None:
    assert seeded[_names()[contract]] == "BROKEN"


def test_contracts_without_seeds_are_kept(tmp_path: Path) -> None:
    assert set(_contracts(_copy(tmp_path)).values()) == {"KEPT"}


def test_gate_with_a_failing_step_runs_the_rest_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([Step("first", lambda: 3), Step("second", command("python", "-c", "")), Step("third", lambda: 1)]) == 1
    out = capsys.readouterr().out
    assert re.search(r"ok +second", out)
    assert "gate refuses: first, third (" in out


def test_gate_with_a_step_that_dies_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    def dies() -> int:
        raise ModuleNotFoundError("gone")

    assert main([Step("first", dies), Step("second", lambda: 0)]) == 1
    out = capsys.readouterr().out
    assert "ModuleNotFoundError: gone" in out
    assert "gate refuses: first (" in out


def test_gate_with_good_steps_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([Step("only", lambda: 0)]) == 0
    assert "gate passed" in capsys.readouterr().out


def test_gate_command_passes_the_exit_status_on() -> None:
    assert command("python", "-c", "raise SystemExit(7)")() == 7


def test_gate_command_that_hangs_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        command("python", "-c", "import signal; signal.pause()", limit_s=0.5)()


def test_firmware_that_does_not_compile_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    assert compile_firmware(tmp_path) == 0
    (tmp_path / "bad.py").write_text("match x:\n    case 1:\n        pass\n")
    assert compile_firmware(tmp_path) == 1
    assert "bad.py" in capsys.readouterr().out


def test_native_code_of_one_chip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "native.py").write_text("@micropython.native\ndef twice(a):\n    return 2 * a\n")
    assert compile_firmware(tmp_path) == 1


def test_firmware_folder_without_files_is_refused(tmp_path: Path) -> None:
    assert compile_firmware(tmp_path) == 1
