"""Level inputs: sampled and debounced, never edge-toggled."""

from doorlogic.door import Levels

DEBOUNCE_MS = 30


class Inputs:
    """A level counts when it has stood for DEBOUNCE_MS."""

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self._seen = levels
        self._since_ms = 0

    def sample(self, seen: Levels, now_ms: int) -> Levels:
        """The debounced levels after seeing these now."""
        if seen != self._seen:
            self._seen = seen
            self._since_ms = now_ms
        elif seen != self.levels and now_ms - self._since_ms >= DEBOUNCE_MS:
            self.levels = seen
        return self.levels

    @property
    def settled(self) -> bool:
        """Nothing is bouncing."""
        return bool(self._seen == self.levels)
