"""What vision tells the access process: one value per passage, never per frame; of vehicles that stay, now and then."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FaceSighting:
    """One face that passed. `person` None: nobody who is enrolled. `distance` and `margin` are Euclidean, -1 unknown;
    `spare` is how much farther the nearest of its frames might have been, `others` how many more faces were in view.

    `frames` were embedded; `latency_ms` is from the arrival of the deciding frame to this value, `waited_ms` from that
    of the first usable frame to that of the deciding one. `live`: the head moved as asked; False when that was waited
    for in vain, or, `wrong_move`, when it moved otherwise; None when the camera does not ask.
    """

    camera: str
    track: int
    at_unix: float
    person: int | None
    distance: float
    margin: float
    frames: int
    quality: float
    jpeg: bytes | None
    latency_ms: float
    live: bool | None = None
    waited_ms: float = 0.0
    spare: float = 0.0
    others: int = 0
    wrong_move: bool = False


@dataclass(frozen=True, slots=True)
class PlateSighting:
    """One plate that passed. `posteriors` one per character, `confidence` their minimum; `direction` in, out or "".

    `colour` is the plate's; `body_colour` and `vehicle_class` are words of `models.vehicle.COLOURS` and `CLASSES`, or
    "" where the pictures did not tell. `passage` is the camera's number of it, `again` that it was told before: the car
    is still in view, or its plate is read surely now.
    """

    camera: str
    track: int
    at_unix: float
    text: str
    confidence: float
    posteriors: tuple[float, ...]
    plate_type: str
    colour: str
    direction: str
    jpeg: bytes | None
    latency_ms: float
    body_colour: str = ""
    body_confidence: float = 0.0
    vehicle_class: str = ""
    passage: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class FlowCount:
    """One passage, of nobody in particular. `what`: "person" or "vehicle"; `direction`: in, out, or "visit" of a zone
    that is over; `lane` from 1; `spent_s` between the lines or in the zone.
    """

    camera: str
    at_unix: float
    what: str
    direction: str
    lane: int
    spent_s: float


@dataclass(frozen=True, slots=True)
class Presence:
    """So many people are in the zone from now on."""

    camera: str
    at_unix: float
    people: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody before the camera is asked to do now: see `models.face_liveness.Challenge.asked`; "" nothing."""

    camera: str
    asked: str


Sighting = FaceSighting | PlateSighting | FlowCount | Presence | Ask
_KINDS: dict[str, type[Sighting]] = {
    "face": FaceSighting,
    "plate": PlateSighting,
    "count": FlowCount,
    "present": Presence,
    "ask": Ask,
}


def to_message(sighting: Sighting) -> dict[str, object]:
    """`{kind: plain values}`, the picture in base64."""
    values = asdict(sighting)
    if values.get("jpeg") is not None:
        values["jpeg"] = base64.b64encode(values["jpeg"]).decode()
    kind = next(kind for kind, made in _KINDS.items() if isinstance(sighting, made))
    return {kind: values}


def from_message(message: Mapping[str, Any]) -> Sighting:
    """The inverse; KeyError, TypeError or ValueError for anything else."""
    (kind,) = _KINDS.keys() & message.keys()
    values = dict(message[kind])
    if values.get("jpeg") is not None:
        values["jpeg"] = base64.b64decode(values["jpeg"], validate=True)
    if "posteriors" in values:
        values["posteriors"] = tuple(values["posteriors"])
    return _KINDS[kind](**values)
