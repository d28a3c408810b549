"""How often somebody with this face has moved otherwise than asked: a film of a resident, shown until it fits. Pure."""

MOST = 3
WITHIN_S = 600.0  # also for how long the camera opens for this face no more


class Tries:
    """Of each camera and person; forgotten after WITHIN_S."""

    def __init__(self) -> None:
        self._failed: dict[tuple[str, int], list[float]] = {}

    def fail(self, camera: str, person: int, now_unix: float) -> bool:
        """Once more; whether it is one too many with this one."""
        self._failed = {key: recent for key in self._failed if (recent := self._recent(*key, now_unix))}
        recent = self._failed.setdefault((camera, person), [])
        recent.append(now_unix)
        return len(recent) == MOST

    def too_many(self, camera: str, person: int, now_unix: float) -> bool:
        """Whether this face opens nothing at this camera now."""
        return len(self._recent(camera, person, now_unix)) >= MOST

    def _recent(self, camera: str, person: int, now_unix: float) -> list[float]:
        return [at for at in self._failed.get((camera, person), []) if now_unix - at < WITHIN_S]
