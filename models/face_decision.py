"""Whether the nearest person of a gallery is who stands there: an open-set decision. Pure.

Some faces are near to everybody, and a large gallery has somebody near to anybody. So a distance counts less half the
mean distance of the ten next people (cohort normalisation, with the gallery as its own cohort). On our LFW part with
three pictures a person, at one stranger in 300 named, 9.7 % of a gallery of 700 are missed, and 22.7 % by the distance
alone, whose threshold falls as the gallery grows: 0.307 with 100 people, 0.274 with 700.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.cards import load_card
from models.face_search import OTHERS, Nearest

COHORT_WEIGHT = 0.5
_FEW = 20  # people, at which `score` was measured


@dataclass(frozen=True, slots=True)
class Rule:
    """What is near enough; Euclidean distances.

    `distance`: the limit for galleries too small for a cohort. `score`: the limit of `normalised` for 20 people, which
    rises by `score_a_doubling` up to `score_most`. `margin`: to the next person.
    """

    distance: float
    margin: float
    score: float
    score_a_doubling: float
    score_most: float

    @classmethod
    def of_card(cls) -> Rule:
        """The embedder's own."""
        limits = load_card("face_embedder").thresholds
        return cls(*(limits[name] for name in ("distance", "margin", "score", "score_a_doubling", "score_most")))

    def limit(self, people: int) -> float:
        """Of `normalised`, for a gallery of so many."""
        return min(self.score + self.score_a_doubling * math.log2(people / _FEW), self.score_most)

    def spare(self, found: Nearest, people: int) -> float:
        """How much farther the nearest of a gallery of so many might be and still count; below 0 it is nobody."""
        if lead(found) < self.margin:
            return -math.inf
        if len(found.others) < OTHERS:
            return self.distance - found.distance
        return self.limit(people) - normalised(found)

    def knows(self, found: Nearest, people: int) -> bool:
        """Whether it is that person of a gallery of so many."""
        return self.spare(found, people) >= 0


def lead(found: Nearest) -> float:
    """How much nearer than the next person; inf without one."""
    return float(found.others[0]) - found.distance if len(found.others) else math.inf


def normalised(found: Nearest) -> float:
    """The distance less half the mean of the next people's, of whom there are OTHERS."""
    return found.distance - COHORT_WEIGHT * float(found.others.mean())
