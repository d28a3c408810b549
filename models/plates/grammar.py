"""Which texts a plate can carry, as one automaton, and the best such text for the reader's columns.

All plate kinds are chains of symbol sets; chains with a common beginning share their nodes. `Grammar.decode` finds the
best CTC path through the automaton, so nothing that cannot stand on a plate ever comes out. A province is never
guessed: below `province_floor` it is `?`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.plates.alphabet import BLANK, COLOURS, DIGITS, INDEX, LETTERS, PROVINCES, SYMBOLS, UNKNOWN_PROVINCE

_NEVER = np.float32(-1e9)
_SEEN = np.log(np.float32(1e-4))
"""A symbol less likely than this in every column takes no part, unless nothing else completes a plate."""
_COLOUR_FLOOR = np.log(np.float32(0.02))
_CONTRADICTION = 0.05
_CONTRADICTED_CONFIDENCE = 0.5
_ALNUM = DIGITS + LETTERS
GREEN_LETTERS = "DFABCEGHJK"
"""First serial letters of small new-energy plates; later issues add letters, hence configurable."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A plate type: its colour and the symbols allowed at each position."""

    plate_type: str
    colour: str
    positions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that can stand on a plate; `text` has `?` for a province that is not sure enough.

    `distribution` is (characters, symbols) float32, each row the probabilities at that character; `posteriors` are
    those of the chosen symbols. `trust` is how far the text as a whole can be believed: less than 1 if something speaks
    for a character too many, for one taken for two, or against the plate's colour. `confidence` is the least of all.
    """

    text: str
    posteriors: tuple[float, ...]
    confidence: float
    plate_type: str
    colour: str
    distribution: np.ndarray
    trust: float

    @property
    def legibility(self) -> float:
        """Low where there is no plate to read."""
        return legibility(self.posteriors)


def legibility(posteriors: Sequence[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(np.array(posteriors) + 1e-9))))


def kinds(green_letters: str = GREEN_LETTERS) -> tuple[Kind, ...]:
    """Every plate type."""
    head = (PROVINCES, LETTERS)
    return (
        Kind("blue", "blue", (*head, *[_ALNUM] * 5)),
        Kind("yellow", "yellow", (*head, *[_ALNUM] * 5)),
        Kind("green_small", "green", (*head, green_letters, _ALNUM, *[DIGITS] * 4)),
        Kind("green_large", "yellow_green", (*head, *[DIGITS] * 5, "DF")),
        Kind("police", "white", (*head, *[_ALNUM] * 4, "警")),
        Kind("trailer", "yellow", (*head, *[_ALNUM] * 4, "挂")),
        Kind("learner", "yellow", (*head, *[_ALNUM] * 4, "学")),
        Kind("embassy", "black", ("使", *[DIGITS] * 6)),
        Kind("consulate", "black", (*head, *[DIGITS] * 4, "领")),
        Kind("hk_mo", "black", ("粤", "Z", *[_ALNUM] * 4, "港澳")),
        Kind("armed_police", "white", ("W", "J", PROVINCES, *[DIGITS] * 4, DIGITS + "XBTSHJD")),
    )


class Grammar:
    """The automaton: node 0 is the beginning, every other node a symbol set after its parent."""

    def __init__(self, kinds_of_plate: Sequence[Kind] = kinds(), province_floor: float = 0.6) -> None:
        self._province_floor = province_floor
        self._parents, self._sets = [0], [""]
        self._ends: list[tuple[int, Kind]] = []
        children: dict[tuple[int, str], int] = {}
        for kind in kinds_of_plate:
            node = 0
            for allowed in kind.positions:
                if (node, allowed) not in children:
                    children[node, allowed] = len(self._parents)
                    self._parents.append(node)
                    self._sets.append(allowed)
                node = children[node, allowed]
            self._ends.append((node, kind))
        pairs = [(node, INDEX[symbol]) for node, allowed in enumerate(self._sets) for symbol in allowed]
        self._pair_node, self._pair_symbol = (np.array(part) for part in zip(*pairs, strict=True))

    def accepts(self, text: str) -> bool:
        """Whether some plate can carry this text; `?` stands for any province."""
        return any(
            len(text) == len(kind.positions)
            and all(
                symbol in allowed or (symbol == UNKNOWN_PROVINCE and allowed == PROVINCES)
                for symbol, allowed in zip(text, kind.positions, strict=True)
            )
            for _, kind in self._ends
        )

    def decode(self, log_probs: np.ndarray, colour_log_probs: np.ndarray | None = None) -> Reading:
        """The best plate for (columns, symbols + blank) log-probabilities; colours weigh the types if given."""
        columns = np.asarray(log_probs, np.float32)
        seen = columns[:, :BLANK].max(0) > _SEEN
        path = self._best_path(columns, seen[self._pair_symbol], colour_log_probs)
        if path is None:
            path = self._best_path(columns, np.ones(len(self._pair_symbol), bool), colour_log_probs)
        if path is None:
            raise ValueError(f"{len(columns)} columns are too few for a plate")
        spans, symbols, kind = path
        return self._reading(columns, spans, symbols, kind, colour_log_probs)

    def _best_path(
        self, columns: np.ndarray, kept: np.ndarray, colours: np.ndarray | None
    ) -> tuple[list[tuple[int, int]], list[int], Kind] | None:
        """Viterbi over (node, symbol) pairs and the blanks after nodes; None if no plate can be completed."""
        lattice = _Lattice(self._pair_node[kept], self._pair_symbol[kept], np.array(self._parents))
        lattice.run(columns)
        best_score, best = float(_NEVER) / 2, None
        for node, kind in self._ends:
            score = lattice.final(node)
            if colours is not None:
                score = score + max(float(colours[COLOURS.index(kind.colour)]), float(_COLOUR_FLOOR))
            if score > best_score:
                best_score, best = score, (node, kind)
        if best is None:
            return None
        spans, symbols = lattice.trace(best[0])
        return spans, symbols, best[1]

    def _reading(
        self,
        columns: np.ndarray,
        spans: list[tuple[int, int]],
        symbols: list[int],
        kind: Kind,
        colours: np.ndarray | None,
    ) -> Reading:
        probabilities = np.exp(columns)
        distribution = np.empty((len(symbols), BLANK), np.float32)
        outside = np.ones(len(columns), bool)
        for place, (first, last) in enumerate(spans):
            peak = first + int(np.argmax(probabilities[first : last + 1, :BLANK].sum(1)))
            distribution[place] = probabilities[peak, :BLANK]
            outside[max(first - 1, 0) : last + 2] = False
        posteriors = tuple(float(distribution[place, symbol]) for place, symbol in enumerate(symbols))
        spare = float(probabilities[outside, :BLANK].sum(1).max(initial=0.0))
        trust = min(1.0 - min(spare, 1.0), _apart(probabilities[:, BLANK], spans, symbols))
        if colours is not None and np.exp(colours[COLOURS.index(kind.colour)]) < _CONTRADICTION:
            trust = min(trust, _CONTRADICTED_CONFIDENCE)
        text = "".join(
            UNKNOWN_PROVINCE if allowed == PROVINCES and posterior < self._province_floor else SYMBOLS[symbol]
            for symbol, allowed, posterior in zip(symbols, kind.positions, posteriors, strict=True)
        )
        confidence = min(*posteriors, trust)
        return Reading(text, posteriors, confidence, kind.plate_type, kind.colour, distribution, trust)


def _apart(blank: np.ndarray, spans: list[tuple[int, int]], symbols: list[int]) -> float:
    """How surely every two equal neighbours are two: the least of the best blanks between them, 1 without any."""
    gaps = [
        float(blank[end + 1 : start].max(initial=0.0))
        for (_, end), (start, _), one, other in zip(spans, spans[1:], symbols, symbols[1:], strict=False)
        if one == other
    ]
    return min(gaps, default=1.0)


class _Lattice:
    """Scores and back pointers of one Viterbi run. A pair is a node showing one of its symbols."""

    def __init__(self, pair_node: np.ndarray, pair_symbol: np.ndarray, parents: np.ndarray) -> None:
        self._node, self._symbol = pair_node, pair_symbol
        self._parent_of_pair = parents[pair_node]
        self._nodes = len(parents)
        present, self._starts = np.unique(pair_node, return_index=True)
        self._present = present
        self._row_of_node = np.full(self._nodes, -1)
        self._row_of_node[present] = np.arange(len(present))

    def run(self, columns: np.ndarray) -> None:
        """Fills scores for all columns."""
        count, pairs = len(columns), len(self._node)
        emitted = columns[:, self._symbol]
        score = np.full(pairs, _NEVER, np.float32)
        rest = np.full(self._nodes, _NEVER, np.float32)  # blank after a node
        rest[0] = 0.0
        best = np.full(self._nodes, _NEVER, np.float32)  # best symbol of a node
        second, best_pair = best.copy(), np.full(self._nodes, -1)
        second_pair = best_pair.copy()
        self._from = np.empty((count, pairs), np.int32)  # -1 stay, -2 parent's blank, else the parent's pair
        self._rest_from = np.empty((count, self._nodes), np.int32)  # -1 stay, else the node's own pair
        parent = self._parent_of_pair
        best_symbol = np.full(self._nodes, -1)
        index, row = np.arange(pairs), self._row_of_node[self._node]
        for time, emission in enumerate(emitted):
            same = best_symbol[parent] == self._symbol
            entry = np.where(same, second[parent], best[parent])
            entry_pair = np.where(same, second_pair[parent], best_pair[parent])
            blank = rest[parent]
            from_blank = blank >= entry
            entry = np.where(from_blank, blank, entry)
            entering = entry > score
            self._from[time] = np.where(entering, np.where(from_blank, -2, entry_pair), -1)
            leaving = best > rest
            self._rest_from[time] = np.where(leaving, best_pair, -1)
            rest = np.maximum(best, rest) + columns[time, BLANK]
            score = np.maximum(entry, score) + emission
            top = np.maximum.reduceat(score, self._starts)
            top_pair = np.maximum.reduceat(np.where(score == top[row], index, -1), self._starts)
            without = score.copy()
            without[top_pair] = _NEVER
            runner = np.maximum.reduceat(without, self._starts)
            runner_pair = np.maximum.reduceat(np.where(without == runner[row], index, -1), self._starts)
            best[self._present], best_pair[self._present] = top, top_pair
            second[self._present], second_pair[self._present] = runner, runner_pair
            best_symbol[self._present] = self._symbol[top_pair]
        self._rest, self._best, self._best_pair, self._count = rest, best, best_pair, count

    def final(self, node: int) -> float:
        """The score of the best path that ends at this node, or about -1e9."""
        return float(max(self._rest[node], self._best[node]))

    def trace(self, node: int) -> tuple[list[tuple[int, int]], list[int]]:
        """(first, last) column and symbol of each character of the best path that ends at this node."""
        spans: list[tuple[int, int]] = []
        symbols: list[int] = []
        pair = -1 if self._rest[node] >= self._best[node] else int(self._best_pair[node])
        last = self._count - 1
        for time in range(self._count - 1, -1, -1):
            if pair < 0:  # in the blank after `node`
                pair = int(self._rest_from[time, node])
                last = time - 1
                continue
            origin = int(self._from[time, pair])
            if origin == -1:
                continue
            spans.append((time, last))
            symbols.append(int(self._symbol[pair]))
            node = int(self._parent_of_pair[pair])
            pair = -1 if origin == -2 else origin
            last = time - 1
        return spans[::-1], symbols[::-1]


GRAMMAR = Grammar()


def decode(log_probs: np.ndarray, colour_log_probs: np.ndarray | None = None) -> Reading:
    """`Grammar.decode` with the letters in use today."""
    return GRAMMAR.decode(log_probs, colour_log_probs)
