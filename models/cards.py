"""Model cards: what a model is, where it comes from, how to feed it, what it was measured to do."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import ModelCardError

REGISTRIES = ("pypi", "npm", "none")
SHIPPED = "face_embedder"  # of the face embedders
FOLDER = Path(__file__).resolve().parent
Measured = Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Input:
    """One picture, NHWC with batch 1; the net takes `pixel * scale + offset` for pixels 0–255 in `order`."""

    width: int
    height: int
    channels: int
    order: str
    scale: float
    offset: float

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(1, height, width, channels)."""
        return (1, self.height, self.width, self.channels)


@dataclass(frozen=True, slots=True)
class Source:
    """What a model is made from: `members` (path: SHA-256) of the archive `file` of a pinned package.

    `registry`: "pypi", "npm", or "none" for a publisher's own file, which only a mirror folder can give. Without
    members the file itself is what the model is made from.
    """

    registry: str
    package: str
    version: str
    file: str
    size_bytes: int
    sha256: str
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Card:
    """A model's `card.toml`. `source` is None for weights of our own, which are committed beside their card.

    `alignment`, of a face embedder: which of `face_geometry.ALIGNMENTS` it was trained on. `optional`: not part of the
    default set, made by `menshen models fetch`.
    """

    name: str
    title: str
    licence: str
    origin: str
    sha256: str
    input: Input
    source: Source | None
    thresholds: Mapping[str, float]
    measured: Measured
    folder: Path
    alignment: str = ""
    optional: bool = False

    @property
    def file(self) -> Path:
        """Where the .tflite lies: built ones in the private cache, our own beside the card."""
        folder = home() / "models" if self.source else self.folder
        return folder / f"{self.name}.tflite"


def home() -> Path:
    """The private cache: `.menshen` under the repository's root, or what MENSHEN_HOME says."""
    return Path(os.environ.get("MENSHEN_HOME") or FOLDER.parent / ".menshen").resolve()


def cards() -> list[Card]:
    """Every model in the house, by name."""
    return [load_card(path.parent.name) for path in sorted(FOLDER.glob("*/card.toml"))]


def default_set() -> list[Card]:
    """Those that set-up makes and the controller needs."""
    return [card for card in cards() if not card.optional]


def load_card(name: str) -> Card:
    """The card of `models/<name>/`; ModelCardError when it is missing or malformed."""
    path = FOLDER / name / "card.toml"
    try:
        return card_from_toml(path.read_text(encoding="utf-8"), path.parent)
    except FileNotFoundError:
        known = ", ".join(sorted(p.parent.name for p in FOLDER.glob("*/card.toml")))
        raise ModelCardError(f"no model is called {name!r}; there are: {known}") from None


def embedder_card(name: str = SHIPPED) -> Card:
    """The card of a face embedder, by default the shipped one; ModelCardError for another kind of model."""
    card = load_card(name)
    if not card.alignment:
        raise ModelCardError(f"{name} is no face embedder: its card says no alignment. Next step: menshen models list")
    return card


def card_from_toml(text: str, folder: Path) -> Card:
    """Parse a card; unknown, missing or mistyped keys raise ModelCardError with the file's name."""
    try:
        data = tomllib.loads(text)
        source = data.pop("source", None)
        shape = data.pop("input")
        return Card(
            name=folder.name,
            title=_text(data.pop("title")),
            licence=_text(data.pop("licence")),
            origin=_text(data.pop("origin")),
            sha256=_digest(data.pop("sha256")),
            input=Input(**_exactly(shape, Input)),
            source=_source(source) if source else None,
            thresholds={key: float(value) for key, value in data.pop("thresholds", {}).items()},
            measured=data.pop("measured", {}),
            alignment=data.pop("alignment", ""),
            optional=bool(data.pop("optional", False)),
            folder=_nothing_left(data, folder),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ModelCardError(f"{folder.name}/card.toml: {error}. Next step: compare it with another card") from error


def _exactly(table: dict[str, Any], wanted: type[Input | Source]) -> dict[str, Any]:
    names = set(wanted.__dataclass_fields__)
    if set(table) != names:
        raise ValueError(f"[{wanted.__name__.lower()}] has {sorted(table)}, wants {sorted(names)}")
    return table


def _source(table: dict[str, Any]) -> Source:
    source = Source(**_exactly({"members": {}, **table}, Source))
    for digest in (source.sha256, *source.members.values()):
        _digest(digest)
    if source.registry not in REGISTRIES:
        raise ValueError(f"registry {source.registry!r} is none of {', '.join(REGISTRIES)}")
    return source


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected words, found {value!r}")
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or len(value) != 64 or value.strip("0123456789abcdef"):
        raise ValueError(f"expected a SHA-256 in lower-case hex, found {value!r}")
    return value


def _nothing_left(data: dict[str, Any], folder: Path) -> Path:
    if data:
        raise ValueError(f"unknown keys {sorted(data)}")
    return folder
