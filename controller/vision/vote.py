"""Many reads of one plate to one: votes per position, never by likeness of whole strings."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Read:
    """One frame's reading. `posteriors` one per character; `weight` grows with size and sharpness."""

    text: str
    posteriors: tuple[float, ...]
    plate_type: str
    colour: str
    weight: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the track reads; `confidence` is the least certain character's share of the votes."""

    text: str
    posteriors: tuple[float, ...]
    confidence: float
    plate_type: str
    colour: str


def vote(reads: list[Read]) -> Verdict:
    """One verdict of at least one read. Length and type go by weight first, then each position by itself."""
    kinds: Counter[tuple[int, str]] = Counter()
    for read in reads:
        kinds[len(read.text), read.plate_type] += read.weight  # type: ignore[assignment]
    (length, plate_type), _ = kinds.most_common(1)[0]
    same = [read for read in reads if (len(read.text), read.plate_type) == (length, plate_type)]
    total = sum(read.weight for read in same)
    text, posteriors = "", []
    for position in range(length):
        votes: dict[str, float] = defaultdict(float)
        for read in same:
            votes[read.text[position]] += read.weight * read.posteriors[position]
        best = max(votes, key=lambda letter: votes[letter])
        text += best
        posteriors.append(votes[best] / total)
    heaviest = max(same, key=lambda read: read.weight)
    return Verdict(text, tuple(posteriors), min(posteriors), plate_type, heaviest.colour)
