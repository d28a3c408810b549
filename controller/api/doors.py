"""Doors and gates as they stand, and a guard's hand on one."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from controller.api.errors import unknown
from controller.api.session import DeskOf, OwnPage, SignedIn
from controller.events.ports import CommandResult, DoorView

routes = APIRouter(tags=["doors"])


class Opening(BaseModel):
    """Why a guard opens a door."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=2, max_length=200)]


@routes.get("/api/doors")
async def doors(_: SignedIn, desk: DeskOf) -> list[DoorView]:
    """Every door and gate, in the site file's order."""
    return desk.services.doors.views()


@routes.post("/api/doors/{door}/open", dependencies=[OwnPage])
async def open_door(door: str, body: Opening, user: SignedIn, desk: DeskOf) -> CommandResult:
    """Open once, for a reason that is written down. Answers when the door has, or has not, opened."""
    if desk.services.doors.view(door) is None:
        raise unknown("door")
    return await desk.services.guard.open(door, user.name, body.reason)
