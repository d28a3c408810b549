"""Which real crops training may see, and which it has seen: evaluation reports on all others only.

Training may see a fixed half, by digest of the name; what it saw is committed beside the reader as digests of contents.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from models.cards import FOLDER
from models.plates.truth import read_truth

SEEN_LIST = FOLDER / "plate_reader" / "trained_on.txt"
_DIGEST_HEX = 16
TRAINABLE_FOLDERS = ("crops_ccpd", "crops_lane")


def is_training_crop(path: Path) -> bool:
    """True for the half of the trainable folders that training may see."""
    if path.parent.name not in TRAINABLE_FOLDERS:
        return False
    return hashlib.sha256(path.name.encode()).digest()[0] % 2 == 0


def write_seen(table: Path) -> None:
    """Writes the list of the pictures that training with this table has seen."""
    digests = sorted(_digest(row.path) for row in read_truth(table) if is_training_crop(row.path))
    SEEN_LIST.write_text("\n".join(digests) + "\n", encoding="ascii")


def seen_in_training() -> Callable[[Path], bool]:
    """Tells whether the committed reader was trained on this very picture."""
    digests = frozenset(SEEN_LIST.read_text(encoding="ascii").split())
    return lambda path: path.is_file() and _digest(path) in digests


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGEST_HEX]
