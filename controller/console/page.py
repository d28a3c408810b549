"""`GET /` and `/static`: the shell in the browser's language, and the files behind it. `GET /prompt/{camera}`."""

import html
import json
import re
from collections.abc import Container
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

LANGUAGES = ("zh", "en")
LANGUAGE_COOKIE = "menshen_language"
_HERE = Path(__file__).parent
_PLACE = re.compile(r'data-word="([a-z_.]+)">')
_TAGS = {"zh": "zh-CN", "en": "en"}

WORDS: dict[str, dict[str, str]] = json.loads((_HERE / "static" / "words.json").read_text(encoding="utf-8"))
_SHELL = (_HERE / "shell.html").read_text(encoding="utf-8")
_PROMPT = (_HERE / "prompt.html").read_text(encoding="utf-8")


def add_page(app: FastAPI, site_name: str, screens: Container[str] = ()) -> None:
    """Add the page to the API's application; `screens`: cameras that have one beside them."""
    shells = {language: shell(language, site_name) for language in LANGUAGES}

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        """The shell; it asks `/api/me` who is there and shows the login form or the room."""
        return HTMLResponse(shells[language_of(request)], headers={"vary": "cookie"})

    @app.get("/prompt/{camera}", include_in_schema=False)
    async def prompt(camera: str) -> HTMLResponse:
        """What the screen beside a camera shows, for whoever stands there."""
        if camera not in screens:
            raise HTTPException(404, "there is no such screen; write prompt = true in its [[camera]]")
        return HTMLResponse(_PROMPT.replace("{{camera}}", html.escape(camera)))

    app.mount("/static", _Static(directory=_HERE / "static"))


class _Static(StaticFiles):
    """Files that browsers ask about each time: after an update no old script meets a new controller."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


def language_of(request: Request) -> str:
    """The language chosen on the page; Chinese before anybody chose."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def shell(language: str, site_name: str) -> str:
    """The shell with its words filled in."""
    filled = _PLACE.sub(lambda found: found[0] + html.escape(WORDS[found[1]][language]), _SHELL)
    return filled.replace("{{language}}", _TAGS[language]).replace("{{site}}", html.escape(site_name))
