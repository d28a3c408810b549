"""A controller's decisions without cameras and doors, for tests to play scenes in."""

import asyncio
from collections.abc import Awaitable, Callable

from controller.access.document import Document
from controller.access.policy import Policy
from controller.conftest import Middle
from controller.events.captures import Captures
from controller.events.decide import Decide
from controller.events.opening import Opening
from controller.events.ports import CommandResult, DoorView
from controller.events.visits import Visits
from controller.vision.sighting import FaceSighting, PlateSighting


class OpenDoors:
    """Doors that do as they are told and remember it."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int, int]] = []
        self.vouched: list[tuple[str, int, int, int]] = []
        self.result = CommandResult(True, "none", 0.01)
        self.asked = asyncio.Event()
        self.answers: asyncio.Event | None = None

    def views(self) -> list[DoorView]:
        return []

    def view(self, door_id: str) -> DoorView | None:
        return None

    async def open(self, door_id: str, reason: int, who: str, person: int = 0) -> CommandResult:
        self.opened.append((door_id, reason, person))
        self.asked.set()
        if self.answers is not None:
            await self.answers.wait()
        return self.result

    async def vouch(self, door_id: str, reason: int, person: int, seconds: int) -> CommandResult:
        self.vouched.append((door_id, reason, person, seconds))
        return self.result


DOCUMENT = Document.model_validate(
    {
        "site": "demo",
        "version": 1,
        "previous": "",
        "issued_unix": 0,
        "expires_unix": 0,
        "people": [
            {"id": 7, "name": "甲", "doors": ["b1-e1"], "gates": []},
            {"id": 8, "name": "乙", "doors": ["b1-e2"]},
        ],
        "vehicles": [
            {"plate": "皖A12345", "person": 7, "gates": ["north"]},
            {"plate": "皖A99999", "person": 7, "gates": ["north"], "not_after": 5},
            {"plate": "沪B67890", "person": 8, "gates": ["north"]},
        ],
        "watchlist": [{"id": 3, "kind": "plate", "value": "皖B67890", "reason": "stolen"}],
    }
)
MakeMiddle = Callable[[], Middle]
Scene = Callable[[Middle, Decide, OpenDoors, Captures], Awaitable[None]]


def play(
    make_middle: MakeMiddle,
    scene: Scene,
    document: Document | None = DOCUMENT,
    count: Callable[[PlateSighting], None] = lambda seen: None,
) -> None:
    async def run() -> None:
        middle = make_middle()
        await middle.start()
        doors, captures = OpenDoors(), Captures(middle.live, middle.clock.unix)
        cameras = {camera.id: camera for camera in middle.settings.cameras}
        cameras["behind"] = cameras["cars"].model_copy(update={"id": "behind"})
        policy = Policy(middle.tree, document)
        visits = Visits(middle.store.visits)
        decide = Decide(
            cameras,
            lambda: policy,
            Opening(doors, visits, middle.clock.unix),
            middle.alarm,
            captures,
            count,
        )
        await scene(middle, decide, doors, captures)
        await middle.stop()

    asyncio.run(run())


def face(middle: Middle, person: int | None, live: bool | None = True) -> FaceSighting:
    return FaceSighting("face-1", 1, middle.clock.unix(), person, 0.3, 0.2, 2, 0.9, b"a face", 40.0, live)


def plate(middle: Middle, text: str, confidence: float = 0.97) -> PlateSighting:
    posteriors = (confidence,) * len(text)
    now = middle.clock.unix()
    return PlateSighting("cars", 1, now, text, confidence, posteriors, "blue", "white", "in", b"a car", 40.0)
