"""What happened: doors' events, alerts and a guard's judgement of them, captures and their pictures."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from controller.api.errors import ApiError, unknown
from controller.api.session import DeskOf, MaybeUser, OwnPage, SignedIn
from controller.api.views import AlertView, CaptureView, EventView, HealthView, PartView
from controller.events.ingest import event_data

routes = APIRouter(tags=["news"])

Limit = Annotated[int, Query(ge=1, le=500)]
LAST_ROW = 2**53 - 1  # as far as every reader of JSON counts; SQLite goes on to 2^63
JPEG: dict[int | str, dict[str, object]] = {200: {"content": {"image/jpeg": {}}}}


class Judgement(BaseModel):
    """Whether the alert was right."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["confirmed", "dismissed"] = "confirmed"


@routes.get("/api/events")
async def events(
    _: SignedIn, desk: DeskOf, after: Annotated[int | None, Query(ge=0, le=LAST_ROW)] = None, limit: Limit = 100
) -> list[EventView]:
    """Without `after` the newest, newest first. With it those stored after that id, oldest first."""
    services = desk.services
    journal = services.store.journal
    rows = await journal.latest(limit) if after is None else await journal.after(after, limit)
    return [EventView(**await desk.names.event(event_data(row, services.tree))) for row in rows]


@routes.get("/api/alerts")
async def alerts(_: SignedIn, desk: DeskOf, limit: Limit = 100) -> list[AlertView]:
    """The newest, newest first."""
    rows = await desk.services.store.alerts.latest(limit)
    return [AlertView(**await desk.names.alert(asdict(row))) for row in rows]


@routes.post("/api/alerts/{alert}/confirm", dependencies=[OwnPage])
async def confirm(
    alert: Annotated[int, Path(ge=1, le=LAST_ROW)], user: SignedIn, desk: DeskOf, body: Judgement | None = None
) -> AlertView:
    """A guard's judgement, taken once: an alert that is judged stays as it was judged."""
    judged = await desk.services.alarm.judge(alert, (body or Judgement()).outcome, user.name)
    if judged is None:
        raise unknown("alert")
    return AlertView(**await desk.names.alert(asdict(judged)))


@routes.get("/api/captures")
async def captures(_: SignedIn, desk: DeskOf) -> list[CaptureView]:
    """The last minute's, newest first."""
    return [CaptureView(**await desk.names.capture(asdict(row))) for row in desk.services.captures.recent()]


@routes.get("/api/captures/{capture}.jpg", response_class=Response, responses=JPEG)
async def capture_picture(capture: str, _: SignedIn, desk: DeskOf) -> Response:
    """A capture's picture while it is kept: a minute, or as an alert's evidence until its retention date."""
    jpeg = desk.services.captures.jpeg(capture)
    if jpeg is None:
        evidence = await desk.services.store.alerts.evidence(capture)
        jpeg = evidence.jpeg if evidence else None
    if jpeg is None:
        raise unknown("picture; it was kept for a minute only")
    return Response(jpeg, media_type="image/jpeg")


@routes.post("/api/captures/{capture}/not-me", dependencies=[OwnPage])
async def not_me(capture: str, user: SignedIn, desk: DeskOf) -> CaptureView:
    """The face was taken for somebody else's: from now on one must be nearer to be taken for that person."""
    seen = desk.services.captures.find(capture)
    if seen is None:
        raise unknown("capture; it was kept for a minute only")
    if seen.kind != "resident" or seen.person is None:
        raise ApiError(409, "bad-request", "nobody was recognised in this capture")
    await desk.services.enrolment.not_me(seen.person, seen.spare, user.name)
    await desk.services.store.kept.drop(capture)  # it is not who agreed
    return CaptureView(**await desk.names.capture(asdict(seen)))


@routes.get("/api/health", tags=["health"])
async def health(user: MaybeUser, desk: DeskOf) -> HealthView:
    """Whether every part is well; which ones are not is told to those who are logged in."""
    flags = desk.services.health.flags()
    view = HealthView(ok=all(flag.ok for flag in flags.values()))
    if user is not None:
        view.parts = {part: PartView(ok=flag.ok, words=flag.words) for part, flag in flags.items()}
    return view
