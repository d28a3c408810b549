"""How others decide about plates, re-implemented to be measured beside ours: likeness of strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FRIGATE_LIKENESS = 0.85  # Jaro-Winkler from which two reads belong to one cluster
FRIGATE_THRESHOLD = 0.9  # `lpr.recognition_threshold`: mean score from which it names a plate
_PREFIX = 4  # characters that Winkler's bonus looks at
_BONUS = 0.1


@dataclass(frozen=True, slots=True)
class FrameRead:
    """One frame's text and the mean of its characters' scores."""

    text: str
    score: float


def jaro_winkler(one: str, other: str) -> float:
    """0…1; Winkler's bonus of 0.1 for each of the first four characters that agree."""
    jaro = _jaro(one, other)
    agreeing = 0
    for a, b in zip(one[:_PREFIX], other[:_PREFIX], strict=False):
        if a != b:
            break
        agreeing += 1
    return jaro + agreeing * _BONUS * (1 - jaro)


def _jaro(one: str, other: str) -> float:
    if one == other:
        return 1.0
    reach = max(max(len(one), len(other)) // 2 - 1, 0)
    taken = [False] * len(other)
    matched = []
    for place, symbol in enumerate(one):
        for at in range(max(0, place - reach), min(len(other), place + reach + 1)):
            if not taken[at] and other[at] == symbol:
                taken[at] = True
                matched.append(symbol)
                break
    if not matched:
        return 0.0
    in_order = [symbol for symbol, hit in zip(other, taken, strict=True) if hit]
    swapped = sum(a != b for a, b in zip(matched, in_order, strict=True)) / 2
    count = len(matched)
    return (count / len(one) + count / len(other) + (count - swapped) / count) / 3


def frigate_event(reads: Sequence[FrameRead]) -> FrameRead:
    """The plate that Frigate's rule gives a car: the biggest cluster of likenesses, its member with the best score."""
    clusters: list[list[FrameRead]] = []
    for read in reads:
        likeness = [max(jaro_winkler(read.text, member.text) for member in cluster) for cluster in clusters]
        if likeness and max(likeness) >= FRIGATE_LIKENESS:
            clusters[likeness.index(max(likeness))].append(read)
        else:
            clusters.append([read])
    biggest = max(clusters, key=lambda cluster: (len(cluster), max(read.score for read in cluster)))
    return max(biggest, key=lambda read: read.score)
