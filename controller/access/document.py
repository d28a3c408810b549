"""The community server's document (one version of all lists) as frozen values. Unknown keys are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

UnixTime = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
PersonId = Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
Plate = Annotated[str, Field(min_length=5, max_length=10)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Person(_Row):
    """`doors`: ids of doors, units, buildings or grids; `gates`: ids of gates."""

    id: PersonId
    name: str = Field(max_length=100)
    doors: list[str] = []
    gates: list[str] = []


class Credential(_Row):
    """`value`: a card's data bits as an integer, or a PIN's digits as text. Times 0 = unlimited."""

    person: PersonId
    kind: Literal["card", "pin"]
    value: Annotated[int, Field(ge=0, le=0xFFFFFFFFFFFFFFFF)] | Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
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


class Vehicle(_Row):
    """A resident's or visitor's vehicle. Times 0 = unlimited."""

    plate: Plate
    person: PersonId
    gates: list[str] = []
    not_before: UnixTime = 0
    not_after: UnixTime = 0


class WatchlistEntry(_Row):
    """What raises an alert when it is seen."""

    id: Annotated[int, Field(ge=1)]
    kind: Literal["plate"]
    value: Plate
    reason: str = Field(max_length=200)


class Document(_Row):
    """One version of a site's lists. `previous`: SHA-256 (hex) of the payload before this one, "" for the first."""

    site: str
    version: Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
    previous: str
    issued_unix: UnixTime
    expires_unix: UnixTime
    people: list[Person] = []
    credentials: list[Credential] = []
    vehicles: list[Vehicle] = []
    watchlist: list[WatchlistEntry] = []

    @model_validator(mode="after")
    def _keys_are_unique(self) -> "Document":
        for name, keys in (
            ("people", [row.id for row in self.people]),
            ("vehicles", [row.plate for row in self.vehicles]),
            ("watchlist", [row.id for row in self.watchlist]),
        ):
            if len(set(keys)) != len(keys):
                raise ValueError(f"{name}: a key is used twice")
        return self
