"""One signed version of the lists, and how the next one follows from it. Pure."""

from dataclasses import dataclass

from tools.community.rows import CalendarBody, Credential, Payload, Person, Schedule, Vehicle, WatchlistEntry
from tools.community.signing import Signer, canonical, digest

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class ListRow:
    """A version as it is stored: exact bytes, their digest and signature."""

    version: int
    digest: str
    issued_unix: int
    expires_unix: int
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What a version lists."""

    people: list[Person]
    credentials: list[Credential]
    vehicles: list[Vehicle]
    watchlist: list[WatchlistEntry]
    schedules: list[Schedule]
    calendar: CalendarBody


def following(
    previous: ListRow | None, site: str, contents: Contents, now_unix: int, lifetime_s: int, signer: Signer
) -> ListRow:
    """The version after `previous`, signed."""
    payload = Payload(
        site=site,
        version=previous.version + 1 if previous else 1,
        previous=previous.digest if previous else "",
        issued_unix=now_unix,
        expires_unix=now_unix + lifetime_s,
        people=contents.people,
        credentials=contents.credentials,
        vehicles=contents.vehicles,
        watchlist=contents.watchlist,
        schedules=contents.schedules,
        holidays=contents.calendar.holidays,
        utc_offset_min=contents.calendar.utc_offset_min,
    )
    data = canonical(payload)
    return ListRow(payload.version, digest(data), payload.issued_unix, payload.expires_unix, data, signer.sign(data))


def is_stale(row: ListRow, now_unix: float) -> bool:
    """Half of its life is over: sign the same contents anew, so that nobody can pass an old list off as current."""
    return now_unix >= (row.issued_unix + row.expires_unix) / 2


def contents_of(row: ListRow) -> Contents:
    """What a version lists."""
    payload = Payload.model_validate_json(row.payload)
    calendar = CalendarBody(holidays=payload.holidays, utc_offset_min=payload.utc_offset_min)
    return Contents(
        payload.people, payload.credentials, payload.vehicles, payload.watchlist, payload.schedules, calendar
    )
