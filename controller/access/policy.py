"""May this person, this plate, pass here now? Values in, a verdict out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.access.calendar import is_open
from controller.access.document import Document, Person, Vehicle
from controller.access.resolve import Resolved, resolve
from controller.site.tree import Tree
from models.plates.alphabet import normal_plate


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a word of `doorwire.names.REASONS`: "listed" when allowed."""

    allowed: bool
    reason: str
    person: int = 0


class Policy:
    """One document over one site, indexed."""

    def __init__(self, tree: Tree, document: Document | None) -> None:
        self._tree = tree
        self.document = document
        self._people = {person.id: person for person in document.people} if document else {}
        self._vehicles: dict[str, Vehicle] = {}
        self.repeated: list[int] = []
        """Rows of vehicles, from 1, whose plate an earlier row has, however it is written: that one counts."""
        for number, vehicle in enumerate(document.vehicles if document else (), start=1):
            if self._vehicles.setdefault(normal_plate(vehicle.plate), vehicle) is not vehicle:
                self.repeated.append(number)

    def person_at(self, person_id: int, place_id: str, now_unix: float) -> Verdict:
        """May this person pass this door or gate now (recognised by face)?"""
        if self.document is None:
            return Verdict(False, "no-list")
        person = self._people.get(person_id)
        if person is None or place_id not in self._tree.covered(scope(person)):
            return Verdict(False, "unknown-credential", person_id)
        if not is_open(self.document, person.schedule, now_unix):
            return Verdict(False, "outside-schedule", person_id)
        return Verdict(True, "listed", person_id)

    def plate_at(self, plate: str, place_id: str, now_unix: float) -> Verdict:
        """May the vehicle with exactly this plate pass this gate now?"""
        if self.document is None:
            return Verdict(False, "no-list")
        vehicle = self._vehicles.get(normal_plate(plate))
        if vehicle is None or place_id not in self._tree.covered(vehicle.gates):
            return Verdict(False, "unknown-credential")
        return _in_window(vehicle, now_unix)

    def likely_plate(self, read: str, posteriors: Sequence[float]) -> Resolved | None:
        """The registered plate that a doubtful read most likely is, with its probability."""
        return resolve(normal_plate(read), posteriors, self._vehicles)

    def vehicle(self, plate: str) -> Vehicle | None:
        """What is registered with exactly this plate."""
        return self._vehicles.get(normal_plate(plate))

    def knows(self, person_id: int) -> bool:
        """Is this person on the list in force?"""
        return person_id in self._people


def scope(person: Person) -> Iterable[str]:
    """The ids that the person's access is written with."""
    return [*person.doors, *person.gates]


def _in_window(vehicle: Vehicle, now_unix: float) -> Verdict:
    if vehicle.not_before and now_unix < vehicle.not_before:
        return Verdict(False, "not-yet-valid", vehicle.person)
    if vehicle.not_after and now_unix > vehicle.not_after:
        return Verdict(False, "expired", vehicle.person)
    return Verdict(True, "listed", vehicle.person)
