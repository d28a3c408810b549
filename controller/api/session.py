"""Who asks: the session cookie, roles, and that a write comes from our own page."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from controller.api.errors import ApiError, not_signed_in
from controller.api.feed import Feed
from controller.api.login_limit import LoginLimit
from controller.api.naming import Names
from controller.services import Services
from controller.store.users import User

SESSION_S = 12 * 3600.0  # one shift
COOKIE = "menshen"
SECURE_COOKIE = "__Host-menshen"  # browsers take it only over TLS, from this host, for the whole site


@dataclass(slots=True)
class Desk:
    """What every request finds at `app.state.desk`."""

    services: Services
    names: Names
    feed: Feed
    login_limit: LoginLimit = field(default_factory=LoginLimit)
    mono: Callable[[], float] = time.monotonic
    logins_running: int = 0
    streams_running: int = 0
    screens_running: dict[str, int] = field(default_factory=dict)


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(desk_of)]


def over_tls(request: Request) -> bool:
    """The browser's side of the connection is encrypted."""
    return request.url.scheme == "https"


def session_token(request: Request) -> str | None:
    """The cookie's value."""
    return request.cookies.get(SECURE_COOKIE if over_tls(request) else COOKIE)


def give_session(request: Request, response: Response, token: str) -> None:
    """Set the cookie: HttpOnly, SameSite=Strict, and Secure wherever there is TLS."""
    secure = over_tls(request)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        token,
        max_age=int(SESSION_S),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def take_session(request: Request, response: Response) -> None:
    """Remove the cookie."""
    secure = over_tls(request)
    response.delete_cookie(
        SECURE_COOKIE if secure else COOKIE, path="/", secure=secure, httponly=True, samesite="strict"
    )


async def current_user(request: Request, desk: DeskOf) -> User | None:
    """Whose session this is; None when nobody is logged in."""
    token = session_token(request)
    if token is None:
        return None
    return await desk.services.store.users.session_user(token, desk.services.unix())


MaybeUser = Annotated[User | None, Depends(current_user)]


def signed_in(user: MaybeUser) -> User:
    """The user; 401 when nobody is logged in."""
    if user is None:
        raise not_signed_in()
    return user


SignedIn = Annotated[User, Depends(signed_in)]


def from_own_page(request: Request) -> None:
    """403 unless the Origin header names this host: another site's page may not write in a guard's name."""
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != request.headers.get("host"):
        raise ApiError(403, "other-origin", "a write must carry an Origin header that names this host")


OwnPage = Depends(from_own_page)


def _admin(user: SignedIn) -> User:
    if user.role != "admin":
        raise ApiError(403, "not-allowed", "only an admin may do this; ask one")
    return user


Admin = Annotated[User, Depends(_admin)]
