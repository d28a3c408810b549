"""Cameras and their latest picture."""

from fastapi import APIRouter, Response

from controller.api.errors import ApiError, unknown
from controller.api.news import JPEG
from controller.api.session import DeskOf, SignedIn
from controller.events.ports import CameraView

routes = APIRouter(tags=["cameras"])


@routes.get("/api/cameras")
async def cameras(_: SignedIn, desk: DeskOf) -> list[CameraView]:
    """Every camera, in the site file's order."""
    return desk.services.vision.views()


@routes.get("/api/cameras/{camera}.jpg", response_class=Response, responses=JPEG)
async def picture(camera: str, _: SignedIn, desk: DeskOf) -> Response:
    """What it sees now. 503 while it is down: an old picture is never shown as a live one."""
    view = next((view for view in desk.services.vision.views() if view.id == camera), None)
    if view is None:
        raise unknown("camera")
    jpeg = desk.services.vision.last_frame(camera) if view.up else None
    if jpeg is None:
        raise ApiError(503, "no-picture", view.why or "the camera has sent no picture yet", 2)
    return Response(jpeg, media_type="image/jpeg")
