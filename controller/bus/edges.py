"""What the doors are connected to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from controller.clock import Clock
from controller.events.ingest import Ingest
from controller.events.live import Live
from controller.store.store import Store


@dataclass(frozen=True, slots=True)
class Edges:
    """`send(device, frame)` never waits. `list_ahead(device, version)`: a door has a version that is not below ours.
    `list_refused(place id, reason)`: a door would not have its list.
    """

    store: Store
    ingest: Ingest
    live: Live
    clock: Clock
    send: Callable[[str, bytes], None]
    list_ahead: Callable[[str, int], Awaitable[None]]
    list_refused: Callable[[str, str], Awaitable[None]]
