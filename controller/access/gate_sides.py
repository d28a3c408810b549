"""A gate's two sides: the camera before it and the one behind it see the same car pass."""

BOTH_SIDES_S = 10.0  # a car that was let in has passed a barrier's other camera by then, and cannot have come back


class GateSides:
    """The plates that each gate let pass within the last seconds, in memory only."""

    def __init__(self) -> None:
        self._passed: dict[tuple[str, str], tuple[str, float]] = {}  # (gate, plate) → camera, when

    def let_pass(self, gate: str, camera: str, plate: str, at_s: float) -> None:
        """The gate opened for this plate, which `camera` saw."""
        self._passed[gate, plate] = (camera, at_s)

    def is_passing(self, gate: str, camera: str, plate: str, at_s: float) -> bool:
        """Whether the gate opened for this very plate a moment ago at another camera: the same passage, and its end."""
        self._passed = {key: row for key, row in self._passed.items() if abs(at_s - row[1]) < BOTH_SIDES_S}
        before = self._passed.get((gate, plate))
        if before is None or before[0] == camera:
            return False
        del self._passed[gate, plate]
        return True
