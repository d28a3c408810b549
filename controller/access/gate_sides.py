"""A gate's two sides: the camera before it and the one behind it see the same car pass."""

from collections.abc import Callable
from dataclasses import dataclass

BOTH_SIDES_S = 10.0  # a car that was let in has passed a barrier's other camera by then, and cannot have come back


@dataclass(frozen=True, slots=True)
class Passing:
    """A plate at a gate, the camera that saw it, and when."""

    gate: str
    camera: str
    plate: str
    at_s: float


class GateSides:
    """The plates that each gate let pass within the last seconds, and those that were counted, in memory only."""

    def __init__(self) -> None:
        self._passing: list[Passing] = []
        self._counted: list[Passing] = []

    def let_pass(self, passing: Passing) -> None:
        """The gate opens, as far as is known."""
        self._passing.append(passing)

    def withdraw(self, passing: Passing) -> None:
        """It did not."""
        self._passing = [one for one in self._passing if one is not passing]

    def counts(self, passing: Passing) -> bool:
        """Whether this is one vehicle more: the gate's other camera has not just counted it, however it fared."""
        self._counted = [one for one in self._counted if abs(passing.at_s - one.at_s) < BOTH_SIDES_S]
        for one in self._counted:
            if (one.gate, one.plate) == (passing.gate, passing.plate) and one.camera != passing.camera:
                self._counted.remove(one)
                return False
        self._counted.append(passing)
        return True

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
