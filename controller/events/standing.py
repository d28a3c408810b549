"""What became of the vehicles that stand before a gate: which of them may be decided once more. Pure, in memory."""

from collections import OrderedDict
from dataclasses import dataclass

from controller.vision.sighting import PlateSighting
from controller.watchlist.level import SURE_CONFIDENCE, Level

OFTEN_S = 60.0  # a gate that could not open is asked at each sighting for so long,
SELDOM_S = 30.0  # then as seldom as this
_PASSING = frozenset({"loop-occupied", "unreachable", "no-answer", "stale"})  # reasons that pass by themselves
_LIMIT = 200


@dataclass(slots=True)
class Stand:
    """A passage: how sure its read was, the watchlist's entry that it raised, its outcome; `deciding` until there is
    one, `charged` when a visit is counted for it though the gate did not answer: one more try would cost another.
    """

    began_unix: float
    tried_unix: float = 0.0
    confidence: float = 0.0
    alerted: tuple[int, Level] = (0, Level.NONE)
    outcome: str = ""
    deciding: bool = False
    charged: bool = False


class Standing:
    """The last passages of all cameras."""

    def __init__(self) -> None:
        self._stands: OrderedDict[tuple[str, int], Stand] = OrderedDict()

    def begin(self, seen: PlateSighting) -> Stand | None:
        """The passage, to be decided now for the first time or once more; None where that would change nothing.

        Whoever got one ends it by `deciding = False`.
        """
        key = (seen.camera, seen.passage)
        stand = self._stands.get(key) if seen.again else None
        if stand is None:
            stand = self._stands[key] = Stand(seen.at_unix)
            self._stands.move_to_end(key)
            while len(self._stands) > _LIMIT:
                self._stands.popitem(last=False)
        elif stand.deciding or not _changes(stand, seen):
            return None
        stand.tried_unix, stand.confidence, stand.deciding = seen.at_unix, seen.confidence, True
        return stand


def _changes(stand: Stand, seen: PlateSighting) -> bool:
    if stand.confidence < SURE_CONFIDENCE <= seen.confidence:
        return True
    if stand.charged:
        return False
    often = seen.at_unix - stand.began_unix < OFTEN_S
    return stand.outcome in _PASSING and (often or seen.at_unix - stand.tried_unix >= SELDOM_S)
