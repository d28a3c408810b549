"""The community server's document (one version of all lists) as frozen values. Unknown keys are refused."""

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
Plate = Annotated[str, Field(min_length=5, max_length=10)]
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


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Person(_Row):
    """`doors`: ids of doors, units, buildings or grids; `gates`: ids of gates.

    `schedule`: when the person may pass ("": always). `extended`: the door stays open longer; `first_person`: may begin
    a door's opening hours; `toggle`: may switch a door by showing the card twice, where the door allows it.
    `care_hours`: the person or the family asked that a guard looks when no door was opened for so long (0: not asked).
    """

    id: PersonId
    name: str = Field(max_length=100)
    doors: list[str] = []
    gates: list[str] = []
    schedule: ScheduleId | Literal[""] = ""
    extended: bool = False
    first_person: bool = False
    toggle: bool = False
    care_hours: CareHours = 0


class Credential(_Row):
    """`value`: a card's data bits as an integer, or a PIN's digits as text. Times 0 = unlimited.

    `schedule` "": the person's. `uses` 0: unlimited. `factor` "both": this card only with a PIN, this PIN only after
    the person's card. `duress`: a PIN that opens and raises a silent alarm.
    """

    person: PersonId
    kind: Literal["card", "pin"]
    value: Annotated[int, Field(ge=0, le=0xFFFFFFFFFFFFFFFF)] | Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
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


class Schedule(_Row):
    """When a door or a person is let in: day → spans of local time, quarters of an hour ("24:00" ends a day)."""

    id: ScheduleId
    name: str = Field(max_length=100)
    week: dict[Day, Annotated[list[Span], Field(max_length=96)]]

    @model_validator(mode="after")
    def _spans_are_forward(self) -> "Schedule":
        for day, spans in self.week.items():
            for start, end in spans:
                if minutes(start) >= minutes(end):
                    raise ValueError(f"{self.id}, {day}: {start} is not before {end}")
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


class Vehicle(_Row):
    """A resident's or visitor's vehicle. Times 0 = unlimited.

    `uses` 0: unlimited, else so many times the barrier opens for it, in and out counted alike. `body_colour` and
    `vehicle_class` "": not registered; a vehicle that looks otherwise is let in, and the guard is told.
    """

    plate: Plate
    person: PersonId
    gates: list[str] = []
    not_before: UnixTime = 0
    not_after: UnixTime = 0
    uses: Uses = 0
    body_colour: BodyColour = ""
    vehicle_class: VehicleClass = ""


class WatchlistEntry(_Row):
    """What raises an alert when it is seen."""

    id: Annotated[int, Field(ge=1)]
    kind: Literal["plate"]
    value: Plate
    reason: str = Field(max_length=200)


class Document(_Row):
    """One version of a site's lists. `previous`: SHA-256 (hex) of the payload before this one, "" for the first.

    Of vehicles with one plate, however it is written, the first counts: see `Policy.repeated`.
    """

    site: str
    version: Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
    previous: str
    issued_unix: UnixTime
    expires_unix: UnixTime
    people: list[Person] = []
    credentials: list[Credential] = []
    vehicles: list[Vehicle] = []
    watchlist: list[WatchlistEntry] = []
    schedules: Annotated[list[Schedule], Field(max_length=255)] = []
    holidays: Annotated[list[Holiday], Field(max_length=255)] = []
    utc_offset_min: UtcOffset = 480

    @model_validator(mode="after")
    def _keys_are_unique(self) -> "Document":
        for name, keys in (
            ("people", [row.id for row in self.people]),
            ("watchlist", [row.id for row in self.watchlist]),
            ("schedules", [row.id for row in self.schedules]),
        ):
            if len(set(keys)) != len(keys):
                raise ValueError(f"{name}: a key is used twice")
        known = {"", *(row.id for row in self.schedules)}
        for schedule in {row.schedule for row in self.people} | {row.schedule for row in self.credentials}:
            if schedule not in known:
                raise ValueError(f"schedule {schedule} is not in the document")
        return self
