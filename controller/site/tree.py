"""Which doors an id covers, and what each place is called."""

from collections.abc import Iterable
from dataclasses import dataclass

from controller.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """A door or a gate. `path` runs from the grid's id down to its own."""

    id: str
    name: str
    device: str
    gate: bool
    path: tuple[str, ...]
    path_names: tuple[str, ...]
    mode: str
    fail_open_s: int = 0


class Tree:
    """The site, looked up by place id and by device id (12 hex)."""

    def __init__(self, settings: Settings) -> None:
        self.places = {place.id: place for place in _places(settings)}
        self.by_device = {place.device: place for place in self.places.values()}
        self._below: dict[str, set[str]] = {}
        for place in self.places.values():
            for step in place.path:
                self._below.setdefault(step, set()).add(place.id)

    def covered(self, ids: Iterable[str]) -> set[str]:
        """Doors and gates that any of `ids` (grid, building, unit, door, gate) covers; unknown ids cover nothing."""
        return set().union(*(self._below.get(one, ()) for one in ids))


def _places(settings: Settings) -> Iterable[Place]:
    grids = {grid.id: grid for grid in settings.grids}
    buildings = {building.id: building for building in settings.buildings}
    units = {unit.id: unit for unit in settings.units}
    for door in settings.doors:
        unit = units[door.unit]
        building = buildings[unit.building]
        grid = grids[building.grid]
        line = (grid, building, unit, door)
        path, names = tuple(row.id for row in line), tuple(row.name for row in line)
        yield Place(door.id, door.name, door.device, False, path, names, door.mode)
    for gate in settings.gates:
        yield Place(gate.id, gate.name, gate.device, True, (gate.id,), (gate.name,), "Locked", gate.fail_open_s)
