"""From a sighting to the command: the controller's own decision, timed, with a door or barrier that only notes when."""

from __future__ import annotations

import time
from typing import Any, Literal, cast

from controller.access.document import Document
from controller.access.policy import Policy
from controller.events.captures import Captures
from controller.events.decide import Decide
from controller.events.live import Live
from controller.events.opening import Opening
from controller.events.ports import CommandResult, DoorView
from controller.events.visits import Visits
from controller.settings import CameraSettings, GateSettings, Settings
from controller.site.tree import Tree
from controller.vision.sighting import FaceSighting, PlateSighting, from_message
from tools.demo import cast as people

VEHICLES, LISTED = 1_000, 100
_WAY = "north"


async def decisions(task: Literal["face", "plate"], sightings: list[dict[str, Any]]) -> list[float]:
    """ms from each sighting, as the vision process wrote it, to the command, among 1,000 vehicles, 100 of them watched
    for; RuntimeError when one does not open.
    """
    bus, now = _Bus(), time.time
    cameras = {
        seen["camera"]: CameraSettings(
            id=seen["camera"], name="north", url="rtsp://camera", task=task, opens=_WAY, liveness="none"
        )
        for seen in sightings
    }
    gate = GateSettings(id=_WAY, name="north", device="020000000001")
    tree = Tree(Settings.model_construct(grids=(), buildings=(), units=(), doors=(), gates=(gate,)))
    policy = Policy(tree, _document())
    # no alert is raised here, so that there need be no store
    opening = Opening(bus, Visits(cast(Any, None)), now)
    decide = Decide(cameras, lambda: policy, opening, cast(Any, None), Captures(Live(), now), lambda seen: None)
    spent = []
    for sighting in sightings:
        began = time.perf_counter()
        seen = from_message({task: {**sighting, "at_unix": now()}})
        assert isinstance(seen, FaceSighting | PlateSighting)
        outcome = await (decide.face(seen) if isinstance(seen, FaceSighting) else decide.plate(seen))
        if outcome != "opened":
            raise RuntimeError("the resident was not let in: figures of wrong answers are worth nothing")
        spent.append(1000 * (bus.at_s - began))
    return spent


class _Bus:
    """Takes the command and notes when."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def views(self) -> list[DoorView]:
        return []

    def view(self, door_id: str) -> DoorView | None:
        return None

    async def open(self, door_id: str, reason: int, who: str, person: int = 0) -> CommandResult:
        self.at_s = time.perf_counter()
        return CommandResult(True, "none", 0.0)

    async def vouch(self, door_id: str, reason: int, person: int, seconds: int) -> CommandResult:
        self.at_s = time.perf_counter()
        return CommandResult(True, "none", 0.0)


def _document() -> Document:
    plates = [people.RESIDENT_PLATE, *(f"京B{number:05d}" for number in range(VEHICLES - 1))]
    return Document.model_validate(
        {
            "site": "bench",
            "version": 1,
            "previous": "",
            "issued_unix": 0,
            "expires_unix": 0,
            "people": [{"id": people.RESIDENT, "name": "R", "gates": [_WAY]}],
            "vehicles": [{"plate": plate, "person": people.RESIDENT, "gates": [_WAY]} for plate in plates],
            "watchlist": [
                {"id": number, "kind": "plate", "value": f"沪C{number:05d}", "reason": "listed"}
                for number in range(1, LISTED + 1)
            ],
        }
    )
