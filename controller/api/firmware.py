"""A new firmware for the doors: an admin's act."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from controller.api.errors import ApiError, unknown
from controller.api.session import Admin, DeskOf, OwnPage
from controller.events.ports import Firmware, FirmwareError, UpdateBusyError, UpdateView

routes = APIRouter(tags=["firmware"])
_IMAGE = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


@routes.get("/api/firmware")
async def rollout(_: Admin, desk: DeskOf) -> UpdateView | None:
    """The rollout under way, or the last one since the controller started; null when there was none."""
    return desk.services.updates.view()


@routes.post("/api/firmware", dependencies=[OwnPage], status_code=202, openapi_extra=_IMAGE)
async def roll_out(
    request: Request,
    user: Admin,
    desk: DeskOf,
    version: Annotated[str, Query(max_length=24)],
    door: Annotated[list[str] | None, Query()] = None,
) -> UpdateView | None:
    """Send the image (the body) to these doors, or to all: to one of them first. Answers at once; ask how it goes."""
    services = desk.services
    for door_id in door or ():
        if services.doors.view(door_id) is None:
            raise unknown("door")
    try:
        image = Firmware.from_image(version, await request.body())
        services.updates.start(image, door or [view.id for view in services.doors.views()], user.name)
    except FirmwareError as error:
        raise ApiError(422, "no-firmware", str(error)) from error
    except UpdateBusyError as error:
        raise ApiError(409, "update-busy", "a firmware is on its way; wait for its end: GET /api/firmware") from error
    return services.updates.view()
