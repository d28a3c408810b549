"""What the server takes and gives, as frozen values; unknown keys are refused."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _is_a_day(text: str) -> str:
    date.fromisoformat(text)
    return text


def minutes(clock: str) -> int:
    """Of the day."""
    hours, _, rest = clock.partition(":")
    return 60 * int(hours) + int(rest)


UnixTime = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
PersonId = Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
PlaceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Plate = Annotated[str, Field(min_length=5, max_length=10)]
CardValue = Annotated[int, Field(ge=0, le=0xFFFFFFFFFFFFFFFF)]
PinValue = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
Device = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
ScheduleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Clock = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):(00|15|30|45)|24:00)$")]
Span = Annotated[list[Clock], Field(min_length=2, max_length=2)]  # from, to
Date = Annotated[str, Field(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_is_a_day)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]
UtcOffset = Annotated[int, Field(ge=-720, le=840)]
Uses = Annotated[int, Field(ge=0, le=254)]
CareHours = Annotated[int, Field(ge=0, le=720)]
BodyColour = Literal["", "black", "white", "grey", "red", "blue", "yellow", "green", "brown"]
VehicleClass = Literal["", "small", "large", "trailer", "learner", "police"]
EntryId = Annotated[int, Field(ge=1, le=2**53 - 1)]  # as far as every reader of JSON counts
Word = Annotated[str, Field(max_length=40)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PersonBody(_Row):
    """A person. `doors`: ids of doors, units, buildings or grids; `gates`: ids of gates.

    `schedule`: when the person may pass ("": always). `extended`: the door stays open longer; `first_person`: may begin
    a door's opening hours; `toggle`: may switch a door by showing the card twice, where the door allows it.
    `care_hours`: the person or the family asked that a guard looks when no door was opened for so long (0: not asked).
    """

    name: str = Field(max_length=100)
    doors: list[PlaceId] = []
    gates: list[PlaceId] = []
    schedule: ScheduleId | Literal[""] = ""
    extended: bool = False
    first_person: bool = False
    toggle: bool = False
    care_hours: CareHours = 0


class Person(PersonBody):
    """A person with the number that every list uses."""

    id: PersonId


class Credential(_Row):
    """`value`: a card's data bits as an integer, or a PIN's digits as text. Times 0: unlimited.

    `schedule` "": the person's. `uses` 0: unlimited. `factor` "both": this card only with a PIN, this PIN only after
    the person's card. `duress`: a PIN that opens and raises a silent alarm.
    """

    person: PersonId
    kind: Literal["card", "pin"]
    value: CardValue | PinValue
    not_before: UnixTime = 0
    not_after: UnixTime = 0
    revoked: bool = False
    schedule: ScheduleId | Literal[""] = ""
    uses: Uses = 0
    factor: Literal["alone", "both"] = "alone"
    duress: bool = False

    @model_validator(mode="after")
    def _value_fits_kind(self) -> "Credential":
        if isinstance(self.value, int) != (self.kind == "card"):
            raise ValueError("a card's value is an integer, a PIN's value is a text of digits")
        if self.duress and self.kind != "pin":
            raise ValueError("only a PIN can be one for duress")
        return self

    def __repr__(self) -> str:
        return f"Credential(person={self.person}, kind={self.kind})"


class ScheduleBody(_Row):
    """When a door or a person is let in: day → spans of local time, quarters of an hour ("24:00" ends a day)."""

    name: str = Field(max_length=100)
    week: dict[Day, Annotated[list[Span], Field(max_length=96)]]

    @model_validator(mode="after")
    def _spans_are_forward(self) -> "ScheduleBody":
        for day, spans in self.week.items():
            for start, end in spans:
                if minutes(start) >= minutes(end):
                    raise ValueError(f"{day}: {start} is not before {end}")
        return self


class Holiday(_Row):
    """Days on which a week's `holiday` counts instead of the weekday, the last one included."""

    first: Date
    last: Date
    name: str = Field(max_length=100)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Holiday":
        if date.fromisoformat(self.first) > date.fromisoformat(self.last):
            raise ValueError(f"{self.name}: {self.first} is not before {self.last}")
        return self


class Schedule(ScheduleBody):
    """A schedule with the id that people and credentials name."""

    id: ScheduleId


class CalendarBody(_Row):
    """What all schedules of the site share: its holidays, and how many minutes its local time is ahead of UTC."""

    holidays: Annotated[list[Holiday], Field(max_length=255)] = []
    utc_offset_min: UtcOffset = 480


class VehicleBody(_Row):
    """A resident's or visitor's vehicle. Times 0: unlimited.

    `uses` 0: unlimited, else so many times the barrier opens for it, in and out counted alike. `body_colour` and
    `vehicle_class` "": not registered; a vehicle that looks otherwise is let in, and the guard is told.
    """

    person: PersonId
    gates: list[PlaceId] = []
    not_before: UnixTime = 0
    not_after: UnixTime = 0
    uses: Uses = 0
    body_colour: BodyColour = ""
    vehicle_class: VehicleClass = ""


class Vehicle(VehicleBody):
    """A vehicle with its plate."""

    plate: Plate


class StoredVehicle(Vehicle):
    """`warning`, in words, of a plate that the cameras can never read; else ""."""

    warning: str


class WatchlistBody(_Row):
    """What raises an alert when it is seen, and why."""

    kind: Literal["plate"]
    value: Plate
    reason: str = Field(max_length=200)


class WatchlistEntry(WatchlistBody):
    """An entry with its number."""

    id: EntryId


class StoredEntry(WatchlistEntry):
    """`warning`, in words, of a plate that the cameras can never read; else ""."""

    warning: str


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
    schedules: list[Schedule] = []
    holidays: list[Holiday] = []
    utc_offset_min: UtcOffset


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
