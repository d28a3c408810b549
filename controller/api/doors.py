"""Doors and gates as they stand, and a guard's hand on one."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from controller.api.errors import unknown
from controller.api.session import DeskOf, OwnPage, SignedIn
from controller.events.ports import CommandResult, DoorView, GateMode

routes = APIRouter(tags=["doors"])


class Opening(BaseModel):
    """Why a guard opens a door."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=2, max_length=200)]


class Switching(BaseModel):
    """What a guard switches a gate to, and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    mode: GateMode
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


@routes.post("/api/doors/{gate}/mode", dependencies=[OwnPage])
async def switch_gate(gate: str, body: Switching, user: SignedIn, desk: DeskOf) -> CommandResult:
    """Switch a gate, for a reason that is written down. It counts even if the gate cannot be reached: then it is told
    as soon as it can be.
    """
    view = desk.services.doors.view(gate)
    if view is None or not view.gate:
        raise unknown("gate")
    return await desk.services.guard.switch(gate, body.mode, user.name, body.reason)
