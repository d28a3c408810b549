"""The virtual environment: every package pinned by version and hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.setup.debian import Apt, host_suite, unpack
from tools.setup.places import ROOT, VENV, SetupError, home, say

REQUIREMENTS = ROOT / "requirements"
BUILD_LOCK = REQUIREMENTS / "build.txt"  # what turns source packages (ours, esptool's) into installed ones
LOCK = REQUIREMENTS / "dev.txt"
_WORKING = "working"  # in the stamp while files are being laid: who finds it there starts anew


def ensure_environment() -> None:
    """`.venv` as the lock says, with `menshen` in it. Seconds, and no network, when nothing changed."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SetupError(
            f"python3 is {sys.version.split()[0]}: Menshen needs 3.11, 3.12 or 3.13 (make PYTHON=python3.12)"
        )
    stamp = VENV / "menshen.stamp"
    found = stamp.read_text() if stamp.exists() else _WORKING
    wanted = _wanted_stamp()
    if found == wanted and (VENV / "bin" / "menshen").exists():
        return
    say(f"virtual environment: {LOCK.name}, {LOCK.read_text().count('==')} packages")
    if found == _WORKING or not _usable():
        _make()
    stamp.write_text(_WORKING)
    try:
        pip("install", "--require-hashes", "--no-deps", "-r", str(BUILD_LOCK))
        pip("install", "--require-hashes", "--no-deps", "--no-build-isolation", "-r", str(LOCK))
        pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
    except SetupError:
        stamp.write_text("pip failed and took back what it had begun")
        raise
    stamp.write_text(wanted)


def _wanted_stamp() -> str:
    files = (BUILD_LOCK, LOCK, ROOT / "pyproject.toml")
    content = b"".join(file.read_bytes() for file in files) + f"{sys.version_info[:2]} {ROOT}".encode()
    return hashlib.sha256(content).hexdigest()


def _usable() -> bool:
    """Whether pip can go on in `.venv`: made for this place (its scripts name it), of this python's minor version."""
    test = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        here = f"-m venv {VENV}" in (VENV / "pyvenv.cfg").read_text().replace("--without-pip ", "")
        done = subprocess.run([VENV / "bin" / "python", "-c", test], capture_output=True, check=False)
    except OSError:
        return False
    return here and done.returncode == 0


def _make() -> None:
    if _venv():
        return
    # Debian keeps ensurepip in python3-venv: take pip's wheel out of its package instead of asking for root.
    if not _venv("--without-pip"):
        raise SetupError(f"{sys.executable} -m venv fails: install python3-venv and run it again")
    pip = _pip_wheel()
    _run(
        [
            str(VENV / "bin" / "python"),
            str(pip / "pip"),
            "install",
            "--no-index",
            "--find-links",
            str(pip.parent),
            "pip",
        ]
    )


def _venv(*words: str) -> bool:
    shutil.rmtree(VENV, ignore_errors=True)
    return (
        subprocess.run([sys.executable, "-m", "venv", *words, VENV], capture_output=True, check=False).returncode == 0
    )


def _pip_wheel() -> Path:
    base = home() / "system" / "pip"
    if not base.is_dir():
        apt = Apt(host_suite())
        apt.refresh()
        packages = [package for package in apt.closure(["python3-pip-whl"]) if package.name == "python3-pip-whl"]
        unpack(apt.fetch(packages, "pip"), base)
        shutil.rmtree(home() / "apt", ignore_errors=True)
    found = sorted(base.glob("usr/share/python-wheels/pip-*.whl"))
    if not found:
        raise SetupError("Debian's python3-pip-whl holds no pip: install python3-venv and run it again")
    return found[-1]


def pip(*words: str) -> None:
    """The environment's pip; SetupError when it fails."""
    _run([str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *words, "--progress-bar", "on"])


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")][-1:] or [
            done.stderr.strip()[-160:]
        ]
        raise SetupError(f"{lines[0]}; is the network there? then run it again")
