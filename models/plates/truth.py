"""Truth tables: CSV files that say which plate is in which picture.

`path,text` are needed, `colour`, `kind`, `corners`, `body_colour` may be there. Paths are relative to the table; a text
may have its separators and small letters, and is empty where there is no plate. Corners may also come from a file of
their own, `path,corners`, whose paths are those of the table.
"""

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from models.plates.alphabet import normal_plate
from models.plates.grammar import GRAMMAR
from models.vehicle import COLOURS

KINDS = ("crop", "scene")
CROP_PX = (400, 200)
"""A picture without a kind that is not larger is a crop: a plate alone, filling it."""
_NEEDED = ("path", "text")
_NEEDED_OF_CORNERS = ("path", "corners")
_SHOWN = 3
_QUAD = "corners are eight numbers, x y of four corners in their order round the plate"


class TruthError(ValueError):
    """A truth table that cannot be used; the message says where, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One row. `kind` is crop, scene, or "" (told by the picture's size); `corners` x y clockwise from top left, px, or
    empty; `body_colours` those that are right, or none.
    """

    path: Path
    text: str
    colour: str
    kind: str
    corners: tuple[float, ...] = ()
    body_colours: tuple[str, ...] = ()

    def kind_of(self, width: int, height: int) -> str:
        """`kind`, else what a picture of this size is."""
        return self.kind or ("crop" if width <= CROP_PX[0] and height <= CROP_PX[1] else "scene")

    @property
    def can_be(self) -> bool:
        """Its text can stand on a plate."""
        return not self.text or GRAMMAR.accepts(self.text)


def read_truth(table: Path, corners: Path | None = None) -> list[Truth]:
    """Its rows, at least one, every picture there, with the corners of another file; TruthError names the line."""
    truths = [_truth(table, line, row) for line, row in _rows(table, _NEEDED)]
    if corners is not None:
        truths = _with_corners(table, truths, corners)
    gone = [truth.path for truth in truths if not truth.path.is_file()]
    if gone:
        names = ", ".join(str(path) for path in gone[:_SHOWN]) + (" …" if len(gone) > _SHOWN else "")
        raise TruthError(
            f"{table}: {len(gone)} of {len(truths)} pictures are not there ({names})."
            " Next step: paths have to be relative to the table"
        )
    return truths


def _with_corners(table: Path, truths: list[Truth], file: Path) -> list[Truth]:
    quads: dict[Path, tuple[float, ...]] = {}
    known = {truth.path for truth in truths}
    for line, row in _rows(file, _NEEDED_OF_CORNERS):
        path, quad = _beside(table, row["path"].strip()), _quad(row["corners"])
        if not quad:
            raise TruthError(f"{file}, line {line}: {_QUAD}")
        if path not in known:
            raise TruthError(f"{file}, line {line}: {row['path']} is not in {table}. Next step: paths as there")
        quads[path] = quad
    return [replace(truth, corners=quads.get(truth.path, truth.corners)) for truth in truths]


def _rows(table: Path, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """(line, cells by column) of each row that is not blank."""
    try:
        text = table.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TruthError(f"{table} cannot be read ({error.strerror}). Next step: look at the path") from error
    except UnicodeDecodeError as error:
        raise TruthError(f"{table} is no UTF-8 text. Next step: save it as CSV in UTF-8") from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in needed if name not in columns]:
            raise TruthError(
                f"{table}: no column {' and no column '.join(missing)} in its first line."
                f" Next step: begin it with {','.join(needed)}"
            )
        rows = [
            (reader.line_num, dict(zip(columns, [*cells, *[""] * len(columns)], strict=False)))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise TruthError(f"{table}, line {reader.line_num}: {error}. Next step: mend its quotes") from error
    if not rows:
        raise TruthError(f"{table} has no rows. Next step: a line for each picture")
    return rows


def _truth(table: Path, line: int, row: Mapping[str, str]) -> Truth:
    cells = {name: cell.strip() for name, cell in row.items()}

    def wrong(what: str) -> TruthError:
        return TruthError(f"{table}, line {line}: {what}")

    if not cells["path"]:
        raise wrong("path is empty")
    kind = cells.get("kind", "").lower()
    if kind not in ("", *KINDS):
        raise wrong(f"kind is crop, scene or empty, not {kind}")
    corners = _quad(cells.get("corners", ""))
    if corners is None:
        raise wrong(_QUAD)
    bodies = tuple(name for name in cells.get("body_colour", "").lower().split("|") if name)
    if unknown := [name for name in bodies if name not in COLOURS]:
        raise wrong(f"body_colour is one of {', '.join(COLOURS)}, or some with | between, not {unknown[0]}")
    path = _beside(table, cells["path"])
    return Truth(path, normal_plate(cells["text"]), cells.get("colour", "").lower(), kind, corners, bodies)


def _beside(table: Path, path: str) -> Path:
    return table.parent / path.replace("\\", "/")


def _quad(cell: str) -> tuple[float, ...] | None:
    """Eight numbers, x y clockwise from top left; none for an empty cell, None for anything else.

    Round the plate in either direction and from any corner: CCPD's begin at bottom right.
    """
    try:
        numbers = [float(number) for number in re.split(r"[\s;,&_|()\[\]]+", cell) if number]
    except ValueError:
        return None
    if len(numbers) not in (0, 8) or not all(map(math.isfinite, numbers)):
        return None
    around = list(zip(numbers[::2], numbers[1::2], strict=True))
    if sum(x * below - right * y for (x, y), (right, below) in pairwise([*around, *around[:1]])) < 0:
        around.reverse()
    first = around.index(min(around, key=sum)) if around else 0
    return tuple(number for corner in around[first:] + around[:first] for number in corner)
