"""Whether the nearest person of a gallery is who stands there: an open-set decision. Pure.

Some faces are near to everybody, and a large gallery has somebody near to anybody. So a distance counts less half the
mean distance of the ten next people (cohort normalisation, with the gallery as its own cohort). On our LFW part, at one
stranger in 300 named, the limit of a distance alone falls from 0.945 with 50 people to 0.868 with 500, and that of the
distance so taken from 0.321 to 0.301; both miss as many. With dlib's net it was 9.7 % missed instead of 22.7 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.cards import Card
from models.errors import ModelCardError
from models.face_search import OTHERS, Nearest

COHORT_WEIGHT = 0.5
FEW = 20  # people, at which `score` was measured


@dataclass(frozen=True, slots=True)
class Rule:
    """What is near enough; Euclidean distances.

    `distance`: the limit for galleries too small for a cohort. `score`: the limit of `normalised` for 20 people, which
    changes by `score_a_doubling` up to galleries of `score_people`. `margin`: to the next person. `turned`: of a turned
    head to itself, seen from the front.
    """

    distance: float
    margin: float
    score: float
    score_a_doubling: float
    score_people: float
    turned: float

    @classmethod
    def of_card(cls, card: Card) -> Rule:
        """An embedder's own."""
        try:
            return cls(**card.thresholds)
        except TypeError as error:
            raise ModelCardError(
                f"{card.name}/card.toml [thresholds]: {error}. Next step: menshen models calibrate face"
            ) from error

    def limit(self, people: int) -> float:
        """Of `normalised`, for a gallery of so many."""
        return self.score + self.score_a_doubling * math.log2(min(people, self.score_people) / FEW)

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
