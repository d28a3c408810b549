"""Many reads of one plate to one: votes per position, never by likeness of whole strings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.body_colour import UNKNOWN, Paint, told
from models.plates.alphabet import PROVINCES, UNKNOWN_PROVINCE

SHARP = 300.0  # variance of the Laplacian at 32 px height: filmed plates in focus have more
FULL_HEIGHT_PX = 40.0  # above that more pixels tell the reader nothing: its strip is 32 px high
SURE = 0.9  # from here on a character is taken for read
PROVINCE_FLOOR = 0.6  # as in the grammar: a province is never guessed
INDEPENDENT = 1.25  # a car's frames err together: however many, they are worth little more than one
_FLOOR = 1e-3  # no frame rules a symbol out
_HEIGHT_PX = 32


@dataclass(frozen=True, slots=True)
class Read:
    """One frame's reading. `chances` are the probabilities of the likelier symbols at each position, `paint` those of
    the body's colours (see `body_chances`). `trust` is the reader's in the text as a whole (see `Reading`).
    """

    text: str
    chances: tuple[Mapping[str, float], ...]
    plate_type: str
    colour: str
    weight: float
    paint: Mapping[str, float] = field(default_factory=dict)
    trust: float = 1.0

    @property
    def confidence(self) -> float:
        """The least certain character's probability, or less: `trust`."""
        chances = [chance.get(symbol, 0.0) for symbol, chance in zip(self.text, self.chances, strict=True)]
        return min(*chances, self.trust)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the track reads; `confidence` is the least certain character's probability, or the reads' mean `trust`."""

    text: str
    posteriors: tuple[float, ...]
    confidence: float
    plate_type: str
    colour: str
    paint: Paint = UNKNOWN


def vote(reads: list[Read]) -> Verdict:
    """One verdict of at least one read. Length and type go by weight first, then each position by itself.

    A position's candidates are the symbols that some read chose there, so that nothing comes out which cannot stand on
    a plate of that type; a province that stays below `PROVINCE_FLOOR` is unknown.
    """
    kinds: Counter[tuple[int, str]] = Counter()
    for read in reads:
        kinds[len(read.text), read.plate_type] += read.weight  # type: ignore[assignment]
    (length, plate_type), _ = kinds.most_common(1)[0]
    same = [read for read in reads if (len(read.text), read.plate_type) == (length, plate_type)]
    text, posteriors = "", []
    for position in range(length):
        pooled = _pooled(same, position)
        chosen = {read.text[position] for read in same} - {UNKNOWN_PROVINCE}
        candidates = sorted(chosen) or [symbol for symbol in PROVINCES if symbol in pooled]
        best = max(candidates, key=lambda symbol: pooled[symbol], default=UNKNOWN_PROVINCE)
        chance = pooled.get(best, 0.0)
        text += UNKNOWN_PROVINCE if best in PROVINCES and chance < PROVINCE_FLOOR else best
        posteriors.append(chance)
    heaviest = max(same, key=lambda read: read.weight)
    paint = told((read.paint, read.weight) for read in same)
    trust = sum(read.weight * read.trust for read in same) / sum(read.weight for read in same)
    return Verdict(text, tuple(posteriors), min(*posteriors, trust), plate_type, heaviest.colour, paint)


def _pooled(reads: list[Read], position: int) -> dict[str, float]:
    """Probabilities of the symbols at a position: the weighted logarithmic pool of the reads, as much as `INDEPENDENT`
    reads would say together; what a read leaves over counts as one symbol more.
    """
    total = sum(read.weight for read in reads)
    symbols = sorted({symbol for read in reads for symbol in read.chances[position]})
    logs = [0.0] * (len(symbols) + 1)
    for read in reads:
        chances = read.chances[position]
        share = INDEPENDENT * read.weight / total
        for place, symbol in enumerate(symbols):
            logs[place] += share * math.log(chances.get(symbol, 0.0) + _FLOOR)
        logs[-1] += share * math.log(max(0.0, 1.0 - sum(chances.values())) + _FLOOR)
    top = max(logs)
    odds = [math.exp(value - top) for value in logs]
    return {symbol: odds[place] / sum(odds) for place, symbol in enumerate(symbols)}


def weight(score: float, height_px: float, sharpness: float, legibility: float) -> float:
    """How much a read counts: the detector's score, the plate's height and sharpness, the reader's own sureness."""
    clear = max(0.05, min(1.0, sharpness / SHARP))
    return score * min(height_px, FULL_HEIGHT_PX) * math.sqrt(clear) * legibility**2


def sharpness(rgb: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of a picture of a plate, scaled to 32 px height; 0 for an empty one."""
    height, width = rgb.shape[:2]
    if height < 2 or width < 2:
        return 0.0
    size = (max(8, round(width * _HEIGHT_PX / height)), _HEIGHT_PX)
    grey = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def contradict(one: Verdict, other: Verdict) -> bool:
    """Two plates for sure: another length, or another character somewhere that both are rather sure of."""
    if len(one.text) != len(other.text):
        return min(one.confidence, other.confidence) >= 0.5
    return any(
        a != b and UNKNOWN_PROVINCE not in (a, b) and p * q >= 0.5
        for a, b, p, q in zip(one.text, other.text, one.posteriors, other.posteriors, strict=True)
    )
