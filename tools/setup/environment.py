"""The virtual environment: every package pinned by version and hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.setup.debian import Apt, host_suite, unpack
from tools.setup.places import ROOT, VENV, SetupError, home, say

LOCK = ROOT / "requirements" / "dev.txt"


def ensure_environment() -> None:
    """`.venv` as the lock says, with `menshen` in it. Seconds, and no network, when nothing changed."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SetupError(f"python3 is {sys.version.split()[0]}: Menshen needs 3.11, 3.12 or 3.13 (make PYTHON=python3.12)")
    stamp = VENV / "menshen.stamp"
    wanted = _stamp()
    if stamp.exists() and stamp.read_text() == wanted and (VENV / "bin" / "menshen").exists():
        return
    say(f"virtual environment: {LOCK.name}, {LOCK.read_text().count('==')} packages")
    if not (VENV / "bin" / "python").exists():
        _make()
    _pip("install", "--require-hashes", "--no-deps", "-r", str(LOCK))
    _pip("install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
    stamp.write_text(wanted)


def _stamp() -> str:
    content = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(content).hexdigest()


def _make() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    # Debian keeps ensurepip in python3-venv: take pip's wheel out of its package instead of asking for root.
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(VENV)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"python3 -m venv fails: {done.stderr.strip()[-120:]}; install python3-venv and run it again")
    wheel = _pip_wheel()
    _run([str(VENV / "bin" / "python"), str(wheel / "pip"), "install", "--no-index", "--find-links", str(wheel.parent), "pip"])


def _pip_wheel() -> Path:
    base = home() / "system" / "pip"
    if not base.is_dir():
        apt = Apt(host_suite())
        apt.refresh()
        packages = [package for package in apt.closure(["python3-pip-whl"]) if package.name == "python3-pip-whl"]
        unpack(apt.fetch(packages, "pip"), base)
    found = sorted(base.glob("usr/share/python-wheels/pip-*.whl"))
    if not found:
        raise SetupError("Debian's python3-pip-whl holds no pip: install python3-venv and run it again")
    return found[-1]


def _pip(*words: str) -> None:
    _run([str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *words, "--progress-bar", "on"])


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")][-1:] or [done.stderr.strip()[-160:]]
        raise SetupError(f"{lines[0]}; is the network there? then run it again")
