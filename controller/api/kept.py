"""Captures that the site's statement lets it keep: what it says, which there are; whoever looks at one is noted."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from controller.api.errors import unknown
from controller.api.news import JPEG
from controller.api.session import DeskOf, SignedIn
from controller.api.views import KeptCaptureView, KeptView, StatementView
from controller.store.alerts import AuditRow

routes = APIRouter(tags=["news"])


@routes.get("/api/kept")
async def kept(_: SignedIn, desk: DeskOf, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> KeptView:
    """The newest kept captures, newest first; `statement` null: this site keeps none."""
    settings = desk.services.settings.captures
    rows = await desk.services.store.kept.latest(limit)
    return KeptView(
        statement=StatementView(**settings.model_dump()) if settings else None,
        captures=[KeptCaptureView(**await desk.names.capture(asdict(row))) for row in rows],
    )


@routes.get("/api/kept/{capture}.jpg", response_class=Response, responses=JPEG)
async def kept_picture(capture: str, user: SignedIn, desk: DeskOf) -> Response:
    """A kept picture; who looked at it is written down."""
    services = desk.services
    jpeg = await services.store.kept.jpeg(capture)
    if jpeg is None:
        raise unknown("kept picture; its retention date has come, or consent was withdrawn")
    await services.store.alerts.audit(AuditRow(services.unix(), user.name, "look-at-capture", f"capture:{capture}", ""))
    return Response(jpeg, media_type="image/jpeg")
