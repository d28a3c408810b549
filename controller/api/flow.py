"""Traffic statistics: by the hour, now, and as a table for a spreadsheet. Numbers, never who."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from controller.api.errors import ApiError, unknown
from controller.api.session import Desk, DeskOf, OwnPage, SignedIn
from controller.api.views import FlowDay, FlowHour, FlowView
from controller.flow.distinct import DAY_S
from controller.flow.hours import Counts

LONGEST_S = 62 * DAY_S  # two months in one answer
LAST_UNIX = 0xFFFFFFFF  # of a door's clock too

routes = APIRouter(tags=["flow"])
From = Annotated[
    int | None, Query(alias="from", ge=0, le=LAST_UNIX, description="Unix time; left out: the beginning of today")
]
To = Annotated[
    int | None, Query(ge=0, le=LAST_UNIX, description="Unix time, not included; left out: a day after `from`")
]
Camera = Annotated[str, Query(max_length=32, description="only this one")]


class Counted(BaseModel):
    """How many vehicles somebody has counted in the compound."""

    model_config = ConfigDict(extra="forbid")

    vehicles: Annotated[int, Field(ge=0, le=100_000)]


@routes.get("/api/flow")
async def flow(_: SignedIn, desk: DeskOf, from_: From = None, to: To = None, camera: Camera = "") -> FlowView:
    """Passages by hour, camera, type, direction and lane; different vehicles by day; who is here now."""
    services = desk.services
    first, end = _span(desk, from_, to, camera)
    counts = await services.store.passages.between(first, end, camera)
    inside = await services.store.passages.inside()
    up = {view.id for view in services.vision.views() if view.up}
    return FlowView(
        now_unix=services.unix(),
        today_unix=services.flow.today(),
        offset_s=services.flow.offset_s(),
        hours=list(_hours(counts)),
        days=[
            FlowDay(day_unix=day, vehicles=vehicles)
            for day, vehicles in (await services.store.passages.days(first, end)).items()
        ],
        gate_cameras=sorted(services.flow.gate_cameras),
        vehicles_inside=inside.vehicles,
        counted_unix=inside.counted_unix,
        people_present={name: people for name, people in services.flow.present().items() if name in up},
    )


@routes.get("/api/flow.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def table(_: SignedIn, desk: DeskOf, from_: From = None, to: To = None, camera: Camera = "") -> Response:
    """The same hours as CSV in UTF-8 with a mark that spreadsheets know it by; times are the site's."""
    first, end = _span(desk, from_, to, camera)
    counts = await desk.services.store.passages.between(first, end, camera)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["hour", "camera", "what", "type", "direction", "lane", "count", "mean_seconds"])
    offset = timedelta(seconds=desk.services.flow.offset_s())
    for row in _hours(counts):
        hour = (datetime.fromtimestamp(row.hour_unix, UTC) + offset).strftime("%Y-%m-%d %H:%M")
        rows.writerow([hour, row.camera, row.what, row.type, row.direction, row.lane, row.count, row.mean_s])
    name = (datetime.fromtimestamp(first, UTC) + offset).strftime("flow-%Y-%m-%d.csv")
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@routes.post("/api/flow/inside", dependencies=[OwnPage], status_code=204)
async def counted(body: Counted, user: SignedIn, desk: DeskOf) -> None:
    """A guard has counted the vehicles in the compound: reckon on from there. Written down with who."""
    await desk.services.flow.set_inside(body.vehicles, user.name)


def _span(desk: Desk, first: int | None, end: int | None, camera: str) -> tuple[int, int]:
    if camera and camera not in {view.id for view in desk.services.vision.views()}:
        raise unknown("camera")
    first = desk.services.flow.today() if first is None else first
    end = first + DAY_S if end is None else end
    if not first < end <= first + LONGEST_S:
        raise ApiError(422, "bad-request", "to: must be after from, and 62 days after it at most")
    return first, end


def _hours(counts: Counts) -> Iterator[FlowHour]:
    for kind, tally in counts.items():
        yield FlowHour(
            hour_unix=kind.hour_unix,
            camera=kind.camera,
            what=kind.what,
            type=kind.type,
            direction=kind.direction,
            lane=kind.lane,
            count=tally.count,
            mean_s=round(tally.spent_s / tally.count, 1),
        )
