"""Logging in and out, and who one is."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from controller.api.errors import ApiError
from controller.api.session import (
    SESSION_S,
    Admin,
    Desk,
    DeskOf,
    OwnPage,
    SignedIn,
    give_session,
    session_token,
    take_session,
)
from controller.api.views import AuditView, Me
from controller.settings import Settings
from controller.store.alerts import AuditRow
from controller.store.users import User

LOGINS_AT_ONCE = 4  # each takes 64 MB and a core's time in argon2

routes = APIRouter(tags=["account"])


class Login(BaseModel):
    """A user's name and password."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


@routes.post("/api/login", dependencies=[OwnPage])
async def login(body: Login, request: Request, response: Response, desk: DeskOf) -> Me:
    """Start a session. 401: wrong name or password. 429: too many wrong ones, or too many at once."""
    address = request.client.host if request.client else ""
    wait_s = desk.login_limit.wait_s(body.username, address, desk.mono())
    if wait_s > 0:
        raise ApiError(429, "locked", "too many wrong passwords; wait, then try again", int(wait_s) + 1)
    user = await _authenticate(desk, body)
    if user is None:
        if desk.login_limit.failed(body.username, address, desk.mono()):
            await _audit(desk, "?", "login-locked", address)
        raise ApiError(401, "wrong-password", "name or password is wrong")
    desk.login_limit.succeeded(body.username, address)
    token = await desk.services.store.users.open_session(user, desk.services.unix(), SESSION_S)
    await _audit(desk, user.name, "login", address)
    give_session(request, response, token)
    return _me(user, desk.services.settings)


@routes.post("/api/logout", dependencies=[OwnPage], status_code=204)
async def logout(user: SignedIn, request: Request, response: Response, desk: DeskOf) -> None:
    """End the session."""
    token = session_token(request)
    if token is not None:
        await desk.services.store.users.close_session(token)
    await _audit(desk, user.name, "logout", "")
    take_session(request, response)


@routes.get("/api/me")
async def me(user: SignedIn, desk: DeskOf) -> Me:
    """Who is logged in."""
    return _me(user, desk.services.settings)


@routes.get("/api/audit")
async def audit(_: Admin, desk: DeskOf) -> list[AuditView]:
    """The newest 200 acts of guards and admins, newest first."""
    rows = await desk.services.store.alerts.audited(200)
    return [AuditView.model_validate(row, from_attributes=True) for row in rows]


async def _authenticate(desk: Desk, body: Login) -> User | None:
    if desk.logins_running >= LOGINS_AT_ONCE:
        raise ApiError(429, "busy", "too many people log in at once; try again", 2)
    desk.logins_running += 1
    try:
        return await desk.services.store.users.authenticate(body.username, body.password)
    finally:
        desk.logins_running -= 1


async def _audit(desk: Desk, who: str, action: str, detail: str) -> None:
    row = AuditRow(desk.services.unix(), who, action, "page", detail)
    await desk.services.store.alerts.audit(row)


def _me(user: User, settings: Settings) -> Me:
    return Me(name=user.name, role=user.role, site=settings.site.id, site_name=settings.site.name)
