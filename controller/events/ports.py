"""What the use cases and the API need of the edges: doors and cameras."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from controller.store.templates import Template


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of a command. `reason`: "none" when done, else a word of `doorwire.names.REASONS`,
    "unknown-door", "unreachable" (never heard of, or its link is lost), "no-answer", or "manual": a gate that people
    alone move."""

    done: bool
    reason: str
    seconds: float


class GateMode(StrEnum):
    """What a guard switches a gate to: plates move it, people alone move it, it stays up, it stays down."""

    AUTO = "auto"
    MANUAL = "manual"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class DoorView:
    """A door as it stands, for the page, in the words of `doorwire.names`; `update` is a `DoorUpdate.stage` or "".

    `gate_mode` is a GateMode, "" of a door; `fail_open_s`: a gate that hears nothing for so long goes up, 0: never.
    """

    id: str
    name: str
    gate: bool
    path_names: tuple[str, ...]
    device: str
    online: bool
    door: str
    lock: str
    mode: str
    alarms: tuple[str, ...]
    firmware: str
    seen_unix: float
    desired_version: int
    reported_version: int
    list_current: bool
    update: str
    gate_mode: str
    fail_open_s: int


class Doors(Protocol):
    """Every door and gate of the site."""

    def views(self) -> list[DoorView]:
        """All of them, in the site file's order."""

    def view(self, door_id: str) -> DoorView | None:
        """One of them."""

    async def open(self, door_id: str, reason: int, who: str, person: int = 0) -> CommandResult:
        """Open once. `reason` is a REASON_*, `who` a user's name or "face"/"plate"; returns when the door answered."""

    async def vouch(self, door_id: str, reason: int, person: int, seconds: int) -> CommandResult:
        """The person is there: so long a card that needs a second factor opens without its PIN."""


class Gates(Doors, Protocol):
    """The same with what only gates can."""

    async def switch(self, gate_id: str, mode: GateMode) -> CommandResult:
        """Switch a gate; it counts even if the gate cannot be reached now, which is told when it can be."""


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera as it stands."""

    id: str
    name: str
    task: str
    opens: str | None
    up: bool
    why: str


class EnrolError(Exception):
    """No template could be made; the words say what to do (better light, one face only, …)."""


class Vision(Protocol):
    """The cameras' process."""

    def views(self) -> list[CameraView]:
        """Every camera, in the site file's order."""

    def last_frame(self, camera: str) -> bytes | None:
        """The camera's latest picture (JPEG), in memory only."""

    async def enrol(self, jpeg: bytes | None, camera: str | None) -> list[bytes]:
        """Face vectors (float32 bytes) from a picture or from what a camera sees now; EnrolError when there is none."""

    async def set_gallery(self, templates: list[Template]) -> None:
        """Match against these from now on: those of everyone who may be recognised."""


class FirmwareError(Exception):
    """These bytes are no firmware for doors; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """An image as `tools.bundle.rom_image` makes it: ROM, anti-rollback number, SHA-256 of both."""

    version: str
    image: bytes
    rollback: int
    digest: bytes

    @classmethod
    def from_image(cls, version: str, image: bytes) -> "Firmware":
        """FirmwareError when it is damaged, too large or nameless: no door shall be troubled with it."""
        if not re.fullmatch(r"[0-9A-Za-z.+-]{1,24}", version):
            raise FirmwareError("the version needs 1 to 24 letters, digits, dots, + or -")
        if not 36 < len(image) <= 1_000_000 or hashlib.sha256(image[:-32]).digest() != image[-32:]:
            raise FirmwareError("the image is damaged or no firmware; build it again")
        return cls(version, image, int.from_bytes(image[-36:-32], "little"), hashlib.sha256(image).digest())

    def __repr__(self) -> str:
        return f"Firmware({self.version}, {len(self.image)} bytes)"


class UpdateBusyError(Exception):
    """Another firmware is on its way."""


@dataclass(frozen=True, slots=True)
class DoorUpdate:
    """One door's part. `stage` is a word of `bus.upload.Stage`, `reason` one of `doorwire.names.REASONS` or ""."""

    door: str
    stage: str
    reason: str
    sent: float


@dataclass(frozen=True, slots=True)
class UpdateView:
    """A rollout; the doors in the order in which they get it."""

    version: str
    rollback: int
    running: bool
    doors: tuple[DoorUpdate, ...]


class Updates(Protocol):
    """Firmware for the doors."""

    def view(self) -> UpdateView | None:
        """The rollout under way, or the last one since the controller started."""

    def start(self, firmware: Firmware, door_ids: list[str], who: str) -> None:
        """The first door that is in reach gets it alone, the others once that one has confirmed it."""
