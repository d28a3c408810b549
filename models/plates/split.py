"""Which real crops may be trained on: a fixed half by digest; evaluation reports on the other half only."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

_COLUMNS = {"path", "text", "kind"}
TRAINABLE_FOLDERS = ("crops_ccpd", "crops_lane")


class TruthError(ValueError):
    """A truth table that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One row of a truth table: `kind` is crop or scene, empty text means no plate."""

    path: Path
    text: str
    colour: str
    kind: str


def read_truth(table: Path) -> list[Truth]:
    """The rows of `path,text,colour,kind`; paths are relative to the table."""
    with table.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if missing := _COLUMNS - set(reader.fieldnames or ()):
            raise TruthError(f"{table}: no column {', '.join(sorted(missing))}. Next step: see models/plates/README.md")
        rows = list(reader)
    if wrong := {row["kind"] for row in rows} - {"crop", "scene"}:
        raise TruthError(f"{table}: kind is crop or scene, not {', '.join(sorted(wrong))}")
    return [Truth(table.parent / row["path"], row["text"], row.get("colour") or "", row["kind"]) for row in rows]


def is_training_crop(path: Path) -> bool:
    """True for the half of the trainable folders that training may see."""
    if path.parent.name not in TRAINABLE_FOLDERS:
        return False
    return hashlib.sha256(path.name.encode()).digest()[0] % 2 == 0
