"""Every endpoint. `create_server` is the entry; `openapi.py` writes what it offers into docs/."""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from tools import processes
from tools.community.announce import Announcer
from tools.community.database import Database
from tools.community.errors import CommunityError, ConflictError, UnknownError
from tools.community.gate import Gate, Tokens
from tools.community.plates import warning
from tools.community.publish import Publisher
from tools.community.rows import (
    CalendarBody,
    CardValue,
    Credential,
    EntryId,
    EventBatch,
    EventsTaken,
    HealthView,
    Person,
    PersonBody,
    PersonId,
    Plate,
    Problem,
    Published,
    Removed,
    Schedule,
    ScheduleBody,
    ScheduleId,
    SignedList,
    Stored,
    StoredEntry,
    StoredEvent,
    StoredVehicle,
    Vehicle,
    VehicleBody,
    WatchlistBody,
    WatchlistEntry,
)
from tools.community.version import ListRow

API_VERSION = "1.0.0"
CREDENTIALS_LIMIT = 100_000  # of one PUT

_site_token = HTTPBearer(scheme_name="site", description="The site's token: reads lists, writes events.")
_admin_token = HTTPBearer(scheme_name="admin", description="The administrator's token: everything.")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the endpoints use."""

    site: str
    database: Database
    publisher: Publisher
    announcer: Announcer | None
    unix: Callable[[], float] = time.time


def create_server(parts: Parts, tokens: Tokens) -> FastAPI:
    """The ASGI application. Its lifespan holds the session with the broker."""
    app = FastAPI(
        title="Menshen community server",
        version=API_VERSION,
        description="Signed lists down, door events up. Made for sites that reach out; nothing reaches in.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        responses={
            401: {"model": Problem},
            403: {"model": Problem},
            413: {"model": Problem, "description": "Content Too Large"},  # named: Python 3.13 changed its own word
        },
    )
    app.state.parts = parts
    _lists(app)
    _events(app)
    _people(app)
    _schedules(app)
    _vehicles(app)
    _watchlist(app)
    app.add_exception_handler(CommunityError, _refusal)
    app.add_middleware(Gate, tokens=tokens)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    session = None
    if parts.announcer is not None:
        newest = await asyncio.to_thread(parts.publisher.latest)
        session = asyncio.create_task(parts.announcer.run(newest.version if newest else 0))
    yield
    if session is not None:
        await processes.end(session)
    parts.database.close()


async def _refusal(_: Request, error: Exception) -> JSONResponse:
    status = 404 if isinstance(error, UnknownError) else 409 if isinstance(error, ConflictError) else 500
    return JSONResponse({"detail": str(error)}, status)


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(_parts)]
_SITE: dict[str, Any] = {"dependencies": [Depends(_site_token)]}
_ADMIN: dict[str, Any] = {"dependencies": [Depends(_admin_token)]}
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem}}


def _lists(app: FastAPI) -> None:
    @app.get("/v1/health", tags=["health"])
    def health(parts: PartsOf) -> HealthView:
        """Whether it answers, and up to which version. Needs no token."""
        broker = None if parts.announcer is None else parts.announcer.connected
        return HealthView(site=parts.site, version=parts.database.newest_version(), broker=broker)

    @app.get("/v1/lists/latest", tags=["lists"], response_model=SignedList, responses=_MISSING, **_SITE)
    def latest(request: Request, parts: PartsOf) -> Response:
        """The newest signed version. Its digest is the ETag: `If-None-Match` answers 304."""
        row = parts.publisher.latest()
        if row is None:
            raise UnknownError("nothing was ever published; the administrator posts /v1/publish")
        return _signed(request, row)

    @app.get("/v1/lists/{version}", tags=["lists"], response_model=SignedList, responses=_MISSING, **_SITE)
    def by_version(request: Request, version: Annotated[int, Path(ge=1, le=0xFFFFFFFF)], parts: PartsOf) -> Response:
        """One of the versions that are still kept."""
        row = parts.database.list_version(version)
        if row is None:
            raise UnknownError(f"version {version} does not exist or is no longer kept; get /v1/lists/latest")
        return _signed(request, row)

    @app.post("/v1/publish", tags=["lists"], **_ADMIN)
    async def publish(parts: PartsOf) -> Published:
        """Sign the rows as they stand as the next version, and announce it on the broker."""
        row = await asyncio.to_thread(parts.publisher.publish)
        if parts.announcer is None:
            return Published(version=row.version, digest=row.digest, announced=False, why="no broker is configured")
        announced = await parts.announcer.announce(row.version)
        return Published(
            version=row.version, digest=row.digest, announced=announced, why="" if announced else parts.announcer.why
        )


def _events(app: FastAPI) -> None:
    @app.post("/v1/events", tags=["events"], responses=_CONFLICT, **_SITE)
    def take(batch: EventBatch, parts: PartsOf) -> EventsTaken:
        """Store a batch; a batch that comes again changes nothing."""
        if batch.site != parts.site:
            raise ConflictError(f'these events are of "{batch.site}"; this server serves "{parts.site}"')
        stored = parts.database.take_events(batch.events, parts.unix())
        return EventsTaken(stored=stored, known=len(batch.events) - stored)

    @app.get("/v1/events", tags=["events"], **_ADMIN)
    def events(
        parts: PartsOf,
        after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[StoredEvent]:
        """Events that came in after row `after`, oldest first."""
        return parts.database.events_after(after, limit)


def _people(app: FastAPI) -> None:
    @app.get("/v1/people", tags=["people"], **_ADMIN)
    def people(parts: PartsOf) -> list[Person]:
        """Everyone."""
        return parts.database.people()

    @app.put("/v1/people/{person}", tags=["people"], responses=_CONFLICT, **_ADMIN)
    def put_person(person: PersonId, body: PersonBody, parts: PartsOf) -> Person:
        """Add or change a person."""
        row = Person(id=person, **body.model_dump())
        parts.database.put_person(row)
        return row

    @app.delete("/v1/people/{person}", tags=["people"], responses=_MISSING, **_ADMIN)
    def remove_person(person: PersonId, parts: PartsOf) -> Removed:
        """Remove a person with all credentials and vehicles."""
        return Removed(removed=parts.database.remove_person(person))

    @app.get("/v1/people/{person}/credentials", tags=["credentials"], **_ADMIN)
    def credentials(person: PersonId, parts: PartsOf) -> list[Credential]:
        """A person's credentials."""
        return parts.database.credentials(person)

    @app.delete("/v1/people/{person}/credentials", tags=["credentials"], responses=_MISSING, **_ADMIN)
    def remove_credentials(person: PersonId, parts: PartsOf) -> Removed:
        """Remove all of a person's credentials."""
        return Removed(removed=parts.database.remove_credentials(person))

    @app.put("/v1/credentials", tags=["credentials"], responses=_CONFLICT, **_ADMIN)
    def put_credentials(body: list[Credential], parts: PartsOf) -> Stored:
        """Add or change credentials, all of them or none. A card has one holder: the one named last."""
        if len(body) > CREDENTIALS_LIMIT:
            raise ConflictError(f"at most {CREDENTIALS_LIMIT} credentials at once; send several parts")
        return Stored(stored=parts.database.put_credentials(body))

    @app.delete("/v1/credentials/card/{value}", tags=["credentials"], responses=_MISSING, **_ADMIN)
    def remove_card(value: CardValue, parts: PartsOf) -> Removed:
        """Remove a card. A card that is lost is better put again with `revoked`: doors then say so."""
        return Removed(removed=parts.database.remove_card(value))


def _schedules(app: FastAPI) -> None:
    @app.get("/v1/schedules", tags=["schedules"], **_ADMIN)
    def schedules(parts: PartsOf) -> list[Schedule]:
        """Every schedule."""
        return parts.database.schedules()

    @app.put("/v1/schedules/{schedule}", tags=["schedules"], **_ADMIN)
    def put_schedule(schedule: ScheduleId, body: ScheduleBody, parts: PartsOf) -> Schedule:
        """Add or change a schedule. People and credentials name it by its id."""
        row = Schedule(id=schedule, **body.model_dump())
        parts.database.put_schedule(row)
        return row

    @app.delete("/v1/schedules/{schedule}", tags=["schedules"], responses={**_MISSING, **_CONFLICT}, **_ADMIN)
    def remove_schedule(schedule: ScheduleId, parts: PartsOf) -> Removed:
        """Remove a schedule that nobody goes by."""
        return Removed(removed=parts.database.remove_schedule(schedule))

    @app.get("/v1/calendar", tags=["schedules"], **_ADMIN)
    def calendar(parts: PartsOf) -> CalendarBody:
        """The site's holidays and UTC offset."""
        return parts.database.calendar()

    @app.put("/v1/calendar", tags=["schedules"], **_ADMIN)
    def put_calendar(body: CalendarBody, parts: PartsOf) -> CalendarBody:
        """Replace them."""
        parts.database.put_calendar(body)
        return body


def _vehicles(app: FastAPI) -> None:
    @app.get("/v1/vehicles", tags=["vehicles"], **_ADMIN)
    def vehicles(parts: PartsOf) -> list[Vehicle]:
        """Every vehicle."""
        return parts.database.vehicles()

    @app.put("/v1/vehicles/{plate}", tags=["vehicles"], responses=_CONFLICT, **_ADMIN)
    def put_vehicle(plate: Plate, body: VehicleBody, parts: PartsOf) -> StoredVehicle:
        """Add or change a vehicle. A plate that no camera can read is taken, with a warning."""
        row = Vehicle(plate=plate, **body.model_dump())
        parts.database.put_vehicle(row)
        return StoredVehicle(**row.model_dump(), warning=warning(plate))

    @app.delete("/v1/vehicles/{plate}", tags=["vehicles"], responses=_MISSING, **_ADMIN)
    def remove_vehicle(plate: Plate, parts: PartsOf) -> Removed:
        """Remove a vehicle."""
        return Removed(removed=parts.database.remove_vehicle(plate))


def _watchlist(app: FastAPI) -> None:
    @app.get("/v1/watchlist", tags=["watchlist"], **_ADMIN)
    def watchlist(parts: PartsOf) -> list[WatchlistEntry]:
        """The whole watchlist."""
        return parts.database.watchlist()

    @app.put("/v1/watchlist/{entry}", tags=["watchlist"], **_ADMIN)
    def put_watchlist(entry: EntryId, body: WatchlistBody, parts: PartsOf) -> StoredEntry:
        """Add or change an entry. A plate that no camera can read is taken, with a warning."""
        row = WatchlistEntry(id=entry, **body.model_dump())
        parts.database.put_watchlist(row)
        return StoredEntry(**row.model_dump(), warning=warning(body.value))

    @app.delete("/v1/watchlist/{entry}", tags=["watchlist"], responses=_MISSING, **_ADMIN)
    def remove_watchlist(entry: EntryId, parts: PartsOf) -> Removed:
        """Remove an entry."""
        return Removed(removed=parts.database.remove_watchlist(entry))


def _signed(request: Request, row: ListRow) -> Response:
    etag = f'"{row.digest}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"etag": etag})
    signed = SignedList(
        payload=base64.b64encode(row.payload).decode(), signature=base64.b64encode(row.signature).decode()
    )
    return Response(signed.model_dump_json(), media_type="application/json", headers={"etag": etag})
