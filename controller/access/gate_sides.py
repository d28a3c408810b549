"""A gate's two sides: the camera before it and the one behind it see the same car pass."""

from collections.abc import Callable
from dataclasses import dataclass

BOTH_SIDES_S = 10.0  # a car that was let in has passed a barrier's other camera by then, and cannot have come back


@dataclass(frozen=True, slots=True)
class Passing:
    """A registered plate for which the gate opened, the camera that saw it, and when."""

    gate: str
    camera: str
    plate: str
    at_s: float


class GateSides:
    """The plates that each gate let pass within the last seconds, in memory only."""

    def __init__(self) -> None:
        self._passing: list[Passing] = []

    def let_pass(self, passing: Passing) -> None:
        """The gate opened."""
        self._passing.append(passing)

    def is_passing(self, gate: str, camera: str, at_s: float, carries: Callable[[str], bool]) -> bool:
        """Whether the gate opened for this car a moment ago at another camera: the same passage, and its end.

        `carries(plate)`: the car that this camera sees has that plate, however it was read.
        """
        self._passing = [one for one in self._passing if abs(at_s - one.at_s) < BOTH_SIDES_S]
        for one in self._passing:
            if one.gate == gate and one.camera != camera and carries(one.plate):
                self._passing.remove(one)
                return True
        return False
