"""What is well and what is not: one flag a part, told to the page when it changes."""

from dataclasses import dataclass

from controller.events.live import Live


@dataclass(frozen=True, slots=True)
class Flag:
    """One part: `ok`, or `words` for a person."""

    ok: bool
    words: str


class Health:
    """Parts report with `set`; `GET /api/health` and the page read `flags`."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._flags: dict[str, Flag] = {}

    def set(self, part: str, ok: bool, words: str = "") -> None:
        """Part ("disk", "broker", "server", "vision", …) is well or not."""
        flag = Flag(ok, words)
        if self._flags.get(part) != flag:
            self._flags[part] = flag
            self._live.publish("health", {"part": part, "ok": ok, "words": words})

    def flags(self) -> dict[str, Flag]:
        """Every part that has reported."""
        return dict(self._flags)

    def is_ok(self, part: str) -> bool | None:
        """None: it has not reported yet."""
        flag = self._flags.get(part)
        return None if flag is None else flag.ok
