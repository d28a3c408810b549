"""A folder of people as vectors: pictures found, read, embedded; what the folder says about pairs and groups."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import pictures
from models.embedder import Embedder
from models.face import FacePipeline, Vector
from models.face_geometry import Picture
from models.picture_file import PictureError
from models.verification import Pair

PICTURES = {".jpg", ".jpeg", ".png", ".pgm", ".ppm", ".bmp", ".webp"}
Tell = Callable[[int, int], None]  # pictures done, pictures in all


class DataError(Exception):
    """The folder is no folder of people, or the pairs are not of its pictures; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class People:
    """A folder of people as vectors (N, dimensions), NaN where no face was found; `persons` (N,) index `names`."""

    names: tuple[str, ...]
    files: tuple[Path, ...]
    persons: NDArray[np.int64]
    vectors: NDArray[np.float32]

    def rows_of(self, names: set[str]) -> NDArray[np.bool_]:
        """Which pictures are of one of them."""
        return np.isin(self.persons, [n for n, name in enumerate(self.names) if name in names])


@dataclass(slots=True)
class Pipeline:
    """From a picture to the vector of its most central face, None without a face; who makes it and how large it is."""

    embed: Callable[[Picture], Vector | None]
    megabytes: float
    spent_s: float = 0.0

    def timed(self, rgb: Picture) -> Vector | None:
        """`embed`, its time noted."""
        began = time.perf_counter()
        vector = self.embed(rgb)
        self.spent_s += time.perf_counter() - began
        return vector


def ours(embedder: Embedder, megabytes: float) -> Pipeline:
    """The door's own with this embedder, whose file has so many MB."""
    pipeline = FacePipeline(embedder=embedder)
    pipeline.warm()
    others = sum(card.file.stat().st_size for card in pipeline.cards if card.name != embedder.card.name)
    return Pipeline(lambda rgb: _embed_picture(pipeline, rgb), others / 1e6 + megabytes)


def find_pictures(data: Path) -> tuple[tuple[Path, ...], NDArray[np.int64], tuple[str, ...]]:
    """(files, the person of each, names): a person is a folder with pictures in it, however deep below `data`.

    Two folders of one name are two people, called by their paths.
    """
    found = sorted(file for file in data.rglob("*") if file.suffix.lower() in PICTURES and file.is_file())
    folders = list(dict.fromkeys(file.parent for file in found if file.parent != data))
    number = {folder: n for n, folder in enumerate(folders)}
    files = [file for file in found if file.parent in number]
    persons = np.array([number[file.parent] for file in files], np.int64)
    if len(folders) < 2 or len(files) == len(folders):
        raise DataError(f"{data}: expected a folder for each person, and at least one person with two pictures")
    often = Counter(folder.name for folder in folders)
    names = [folder.name if often[folder.name] == 1 else str(folder.relative_to(data)) for folder in folders]
    return tuple(files), persons, tuple(names)


def embed_files(
    files: Sequence[Path], pipelines: Mapping[str, Pipeline], tell: Tell = lambda done, count: None
) -> dict[str, NDArray[np.float32]]:
    """(files, dimensions) vectors of each pipeline, NaN where there is no face, or no picture that can be read."""
    seen: dict[str, list[Vector | None]] = {name: [] for name in pipelines}
    for row, file in enumerate(files):
        try:
            rgb = pictures.decode(file.read_bytes())
        except (PictureError, OSError):
            rgb = None
        for name, pipeline in pipelines.items():
            seen[name].append(None if rgb is None else pipeline.timed(rgb))
        tell(row + 1, len(files))
    return {name: _stacked(vectors) for name, vectors in seen.items()}


def groups_of(data: Path, named: Sequence[Path], people: Sequence[str]) -> dict[str, set[str]]:
    """Who of `people` is in each group, by its title: `named` files, one name a line, and `<folder>_<group>.txt`.

    The latter are found beside `data` and looked past where they name fewer than two of the people: other lists.
    """
    groups = {}
    for file in [*sorted(data.parent.glob(f"{data.name}_*.txt")), *named]:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        names = {line.strip() for line in lines} & set(people)
        if len(names) >= 2 or file in named:
            groups[file.stem.removeprefix(f"{data.name}_")] = names
    return groups


def pairs_of(data: Path, people: People) -> list[Pair] | None:
    """LFW's pairs where `pairs.txt` lies in the folder, in one of its folders, or beside it."""
    files = [data / "pairs.txt", *sorted(data.glob("*/pairs.txt")), data.parent / "pairs.txt"]
    file = next((file for file in files if file.exists()), None)
    return read_pairs(file, _numbered(people)) if file else None


def read_pairs(file: Path, rows: Mapping[tuple[str, int], int]) -> list[Pair]:
    """LFW's pairs.txt: `10 300`, then each fold's genuine and impostor lines. `rows` by (name, picture number)."""
    text = file.read_text(encoding="utf-8")
    between = "\t" if "\t" in text else None  # names with spaces only where tabs part the columns
    lines = [line.strip().split(between) for line in text.splitlines() if line.strip()]
    try:
        (folds, each), lines = (int(n) for n in lines[0]), lines[1:]
        if len(lines) != 2 * folds * each:
            raise DataError(f"{file}: {len(lines)} pairs, its first line says {2 * folds * each}")
        pairs = []
        for number, words in enumerate(lines):
            same = len(words) == 3
            first, second = (words[0], int(words[1])), (words[0] if same else words[2], int(words[-1]))
            pairs.append(Pair(rows[first], rows[second], same, number // (2 * each)))
    except (KeyError, ValueError, IndexError) as error:
        raise DataError(f"{file}: not LFW's pairs of these pictures ({error!r})") from error
    return pairs


def _numbered(people: People) -> dict[tuple[str, int], int]:
    """Rows by person and the number at the end of the file's name (`…_0001.jpg`)."""
    numbers = {}
    for row, file in enumerate(people.files):
        number = file.stem.rpartition("_")[2]
        if number.isdigit():
            numbers[people.names[people.persons[row]], int(number)] = row
    return numbers


def _embed_picture(pipeline: FacePipeline, rgb: Picture) -> Vector | None:
    """The most central face of a picture; None when there is no face."""
    middle = np.array([rgb.shape[1], rgb.shape[0]]) / 2
    faces = pipeline.detect(rgb)
    if not faces:
        return None
    face = min(faces, key=lambda f: float(np.abs(np.array(f.box).reshape(2, 2).mean(0) - middle).sum()))
    return pipeline.embed(rgb, face)


def _stacked(vectors: Sequence[Vector | None]) -> NDArray[np.float32]:
    width = max((len(vector) for vector in vectors if vector is not None), default=1)
    missing = np.full(width, np.nan, np.float32)
    return np.stack([missing if vector is None else vector for vector in vectors])
