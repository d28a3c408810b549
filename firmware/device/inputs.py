"""Level inputs: sampled and debounced, each by itself, never edge-toggled."""

from doorlogic.door import Levels

DEBOUNCE_MS = 30


class Inputs:
    """An input's level counts when it has stood for DEBOUNCE_MS, however the others bounce meanwhile."""

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self._since_ms = [-1] * len(levels)  # since when an input is seen at its other level; -1: it is not

    def sample(self, seen: Levels, now_ms: int) -> Levels:
        """The debounced levels after seeing these now."""
        stood = False
        for i in range(len(seen)):
            if seen[i] == self.levels[i]:
                self._since_ms[i] = -1
            elif self._since_ms[i] < 0:
                self._since_ms[i] = now_ms
            elif now_ms - self._since_ms[i] >= DEBOUNCE_MS:
                stood = True
        if stood:
            self.levels = Levels(*[self._level(i, seen[i], now_ms) for i in range(len(seen))])
        return self.levels

    def due_ms(self, now_ms: int) -> int:
        """After how long to sample again even if nothing changes, or -1."""
        waiting = [since_ms for since_ms in self._since_ms if since_ms >= 0]
        return max(min(waiting) + DEBOUNCE_MS - now_ms, 0) if waiting else -1

    def _level(self, i: int, seen: bool, now_ms: int) -> bool:
        since_ms = self._since_ms[i]
        if since_ms < 0 or now_ms - since_ms < DEBOUNCE_MS:
            return bool(self.levels[i])
        self._since_ms[i] = -1
        return seen
