"""What gates have and doors do not: a guard's mode, and what they do when they hear nothing."""

from collections.abc import Callable, Mapping

from controller.bus.door import Door
from controller.clock import Clock
from controller.events.ports import GateMode
from controller.site.tree import Tree
from doorwire import names
from doorwire import vocabulary as words
from doorwire.messages import Command

OFTEN = 3  # a gate that fails open hears from us so many times within its time
_ON_THE_GATE = {
    GateMode.AUTO: words.MODE_LOCKED,
    GateMode.MANUAL: words.MODE_LOCKED,
    GateMode.UP: words.MODE_UNLOCKED,
    GateMode.DOWN: words.MODE_LOCKED_DOWN,
}
_BY_SIGHT = (words.REASON_PLATE, words.REASON_FACE)


class Gates:
    """The modes of all gates, and the frames that keep those down which fail open. `send(door, command)`."""

    def __init__(self, tree: Tree, clock: Clock, send: Callable[[Door, Command], int]) -> None:
        self._clock = clock
        self._send = send
        self._modes = {place.id: GateMode.AUTO for place in tree.places.values() if place.gate}
        self._told_mono: dict[str, float] = {}

    def take(self, modes: Mapping[str, str]) -> None:
        """What guards switched them to before; of gates that the site no longer has, nothing."""
        for gate, mode in modes.items():
            if gate in self._modes and mode in list(GateMode):
                self._modes[gate] = GateMode(mode)

    def switch(self, gate: str, mode: GateMode) -> Command:
        """From now on; the command for the gate itself."""
        self._modes[gate] = mode
        return Command(op=words.OP_MODE, argument=_ON_THE_GATE[mode], reason=words.REASON_GUARD, person=0)

    def mode(self, place: str) -> str:
        """A GateMode, or "" for a door."""
        return self._modes.get(place, "")

    def refuses(self, place: str, reason: int) -> str:
        """The outcome's word, or "". Nobody moves a barrier that is to stay down, whether the gate has heard of it or
        not; in manual mode no plate and no face does.
        """
        mode = self._modes.get(place)
        if mode is GateMode.DOWN:
            return names.REASONS[words.REASON_LOCKED_DOWN]
        return "manual" if mode is GateMode.MANUAL and reason in _BY_SIGHT else ""

    def wire_mode(self, door: Door) -> int:
        """The mode that the board should be in: the guard's, of a door the site file's."""
        mode = self._modes.get(door.place.id)
        if mode is not None:
            return _ON_THE_GATE[mode]
        return next(number for number, name in names.MODES.items() if name == door.place.mode)

    def greet(self, door: Door) -> None:
        """Tell it what it does when it hears nothing."""
        if door.place.gate:
            self._tell(door)

    def tick(self, door: Door) -> None:
        """Let one that fails open hear that we are here."""
        due_s = self._told_mono.get(door.device, -1e9) + door.place.fail_open_s / OFTEN
        if door.place.fail_open_s and door.greeted and door.link == "here" and self._clock.mono() >= due_s:
            self._tell(door)

    def _tell(self, door: Door) -> None:
        self._told_mono[door.device] = self._clock.mono()
        argument = door.place.fail_open_s
        self._send(door, Command(op=words.OP_FAIL_OPEN, argument=argument, reason=words.REASON_NONE, person=0))
