"""Which entry of the watchlist a read plate is."""

from dataclasses import dataclass

from controller.access.document import Document
from controller.vision.sighting import PlateSighting
from controller.watchlist.level import Level, plate_level, plate_ratio
from models.plates.alphabet import normal_plate


@dataclass(frozen=True, slots=True)
class Hit:
    """The entry's id, 0 for none, how sure it is, its reason; `exact` when it is the read letter by letter."""

    entry: int
    level: Level
    reason: str
    exact: bool


NO_HIT = Hit(0, Level.NONE, "", False)


def surest(document: Document | None, seen: PlateSighting) -> Hit:
    """The entry that is the read letter by letter, else the one that the read speaks for most."""
    read = normal_plate(seen.text)
    best, best_ratio = NO_HIT, 0.0
    for entry in document.watchlist if document else ():
        listed = normal_plate(entry.value)
        level = plate_level(read, seen.confidence, seen.posteriors, listed)
        if level is Level.NONE:
            continue
        if read == listed:
            return Hit(entry.id, level, entry.reason, True)
        ratio = plate_ratio(read, seen.confidence, seen.posteriors, listed)
        if ratio > best_ratio:
            best, best_ratio = Hit(entry.id, level, entry.reason, False), ratio
    return best
