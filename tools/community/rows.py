"""What the server takes and gives, as frozen values; unknown keys are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

UnixTime = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
PersonId = Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
PlaceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Plate = Annotated[str, Field(min_length=5, max_length=10)]
CardValue = Annotated[int, Field(ge=0, le=0xFFFFFFFFFFFFFFFF)]
PinValue = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
Device = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Word = Annotated[str, Field(max_length=40)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PersonBody(_Row):
    """A person. `doors`: ids of doors, units, buildings or grids; `gates`: ids of gates."""

    name: str = Field(max_length=100)
    doors: list[PlaceId] = []
    gates: list[PlaceId] = []


class Person(PersonBody):
    """A person with the number that every list uses."""

    id: PersonId


class Credential(_Row):
    """`value`: a card's data bits as an integer, or a PIN's digits as text. Times 0: unlimited."""

    person: PersonId
    kind: Literal["card", "pin"]
    value: CardValue | PinValue
    not_before: UnixTime = 0
    not_after: UnixTime = 0
    revoked: bool = False

    @model_validator(mode="after")
    def _value_fits_kind(self) -> "Credential":
        if isinstance(self.value, int) != (self.kind == "card"):
            raise ValueError("a card's value is an integer, a PIN's value is a text of digits")
        return self

    def __repr__(self) -> str:
        return f"Credential(person={self.person}, kind={self.kind})"


class VehicleBody(_Row):
    """A resident's or visitor's vehicle. Times 0: unlimited."""

    person: PersonId
    gates: list[PlaceId] = []
    not_before: UnixTime = 0
    not_after: UnixTime = 0


class Vehicle(VehicleBody):
    """A vehicle with its plate."""

    plate: Plate


class WatchlistBody(_Row):
    """What raises an alert when it is seen, and why."""

    kind: Literal["plate"]
    value: Plate
    reason: str = Field(max_length=200)


class WatchlistEntry(WatchlistBody):
    """An entry with its number."""

    id: Annotated[int, Field(ge=1)]


class Payload(_Row):
    """What is signed: one version of a site's lists. `previous`: SHA-256 (hex) of the payload before, "" at first."""

    site: str
    version: Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
    previous: str
    issued_unix: UnixTime
    expires_unix: UnixTime
    people: list[Person]
    credentials: list[Credential]
    vehicles: list[Vehicle]
    watchlist: list[WatchlistEntry]


class SignedList(_Row):
    """`payload`: base64 of the canonical JSON of a Payload; `signature`: base64 Ed25519 over those bytes."""

    payload: str
    signature: str


class Event(_Row):
    """A door's event. (device, epoch, seq) is its key."""

    device: Device
    epoch: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
    seq: Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
    kind: Word
    reason: Word
    at_unix: UnixTime
    clock_known: bool
    credential_kind: Word
    person: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
    list_version: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
    list_age_s: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]


class EventBatch(_Row):
    """Events of a site. Sent again, they change nothing."""

    site: str
    events: Annotated[list[Event], Field(max_length=1000)]


class EventsTaken(_Row):
    """How many of a batch were new, and how many were there already."""

    stored: int
    known: int


class StoredEvent(Event):
    """An event with its row number, which rises in the order of coming in."""

    id: int
    received_unix: float


class Published(_Row):
    """The version just signed. `announced`: the broker has it; `why` says in words why not."""

    version: int
    digest: str
    announced: bool
    why: str


class Removed(_Row):
    """How many rows went."""

    removed: int


class Stored(_Row):
    """How many rows were put."""

    stored: int


class HealthView(_Row):
    """`version`: the newest list, 0 when there is none. `broker`: announcements reach it (null: none is configured)."""

    site: str
    version: int
    broker: bool | None


class Problem(_Row):
    """Why not, in words that end with the next step."""

    detail: str
