"""An hour counts passages."""

HOUR_S = 3600


class HourlyCounts:
    """Passages since the last `take`, by (hour, camera, what, direction)."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str, str, str], int] = {}

    def add(self, at_unix: float, camera: str, what: str, direction: str, count: int = 1) -> None:
        """So many passages. `what`: "person" or "vehicle"; `direction`: "in", "out" or ""."""
        key = (int(at_unix) // HOUR_S * HOUR_S, camera, what, direction)
        self._counts[key] = self._counts.get(key, 0) + count

    def take(self) -> dict[tuple[int, str, str, str], int]:
        """The counts, which then start at none."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, taken: dict[tuple[int, str, str, str], int]) -> None:
        """Counts that could not be stored."""
        for key, count in taken.items():
            self._counts[key] = self._counts.get(key, 0) + count
