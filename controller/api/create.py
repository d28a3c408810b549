"""The ASGI application of the API. The page is added by `controller.console`."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from controller.api import account, cameras, doors, firmware, flow, kept, live, news, people, prompt
from controller.api.errors import ApiError
from controller.api.feed import Feed
from controller.api.limits import Limits
from controller.api.naming import Names
from controller.api.session import Desk, SignedIn
from controller.api.views import Refusal
from controller.events.ports import EnrolError
from controller.services import Services
from controller.store.errors import StoreError

API_VERSION = "1.0.0"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal} for status in (401, 403, 404, 409, 413, 415, 422, 429, 503)
}


def create_app(services: Services) -> FastAPI:
    """Every endpoint, with who may and how much. `app.state.desk` is what they share."""
    app = FastAPI(
        title="Menshen controller",
        version=API_VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
    )
    names = Names(services.store, services.tree, services.settings)
    app.state.desk = Desk(services, names, Feed(services.live, names.named))
    for room in (account, doors, firmware, news, kept, cameras, flow, people, live, prompt):
        app.include_router(room.routes)

    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi(_: SignedIn) -> dict[str, Any]:
        """This interface, described."""
        return app.openapi()

    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(EnrolError, _not_enrolled)
    app.add_exception_handler(StoreError, _not_stored)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _other)
    app.add_middleware(Limits)
    return app


def _answer(status: int, code: str, detail: str, retry_after_s: int = 0) -> JSONResponse:
    headers = {"retry-after": str(retry_after_s)} if retry_after_s else None
    return JSONResponse({"code": code, "detail": detail}, status, headers)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return _answer(error.status, error.code, error.detail, error.retry_after_s)


async def _not_enrolled(_: Request, error: Exception) -> JSONResponse:
    return _answer(422, "not-enrolled", str(error))


async def _not_stored(_: Request, error: Exception) -> JSONResponse:
    return _answer(503, "not-stored", str(error), 5)


async def _not_understood(_: Request, error: Exception) -> JSONResponse:
    """Where and why, but never the value: it may be a password."""
    assert isinstance(error, RequestValidationError)
    issue = error.errors()[0]
    place = ".".join(str(part) for part in issue["loc"][1:]) or str(issue["loc"][0])
    return _answer(422, "bad-request", f"{place}: {issue['msg']}")


async def _other(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "unknown", 413: "too-long"}.get(error.status_code, "refused")
    return _answer(error.status_code, code, str(error.detail))
