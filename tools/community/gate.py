"""Who may ask, and how much they may send: settled before a byte of the body is read."""

import hashlib
import hmac
import json
import secrets
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.authority import write_private
from tools.community.errors import SetupError
from tools.community.signing import check_private

OPEN_PATHS = ("/v1/health", "/openapi.json")
BODY_LIMIT = 32 * 1024 * 1024  # 100,000 credentials in one PUT are 12 MB
_TOKEN_MIN = 20


class Tokens:
    """The bearer tokens of the administrator and of the site, out of files; only their digests are kept."""

    def __init__(self, folder: Path) -> None:
        self._digests = {role: _digest(_token(folder / f"{role}.token")) for role in ("admin", "site")}

    def role(self, token: str) -> str | None:
        """Whose token it is; compared in constant time."""
        given = _digest(token)
        found = [role for role, known in self._digests.items() if hmac.compare_digest(given, known)]
        return found[0] if found else None


def may(role: str, method: str, path: str) -> bool:
    """The administrator may do everything; a site reads lists and writes events."""
    if role == "admin":
        return True
    return (method == "GET" and path.startswith("/v1/lists/")) or (method == "POST" and path == "/v1/events")


class Gate:
    """ASGI middleware: 401 without a token, 403 with the wrong one, 413 for a body that is too long."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        role = self._tokens.role(token.strip()) if scheme.lower() == "bearer" else None
        length = headers.get(b"content-length", b"0")
        if role is None:
            await _refuse(send, 401, "no valid token; send: Authorization: Bearer <token>")
        elif not may(role, scope["method"], scope["path"]):
            await _refuse(send, 403, "this needs the administrator's token")
        elif not length.isdigit() or int(length) > BODY_LIMIT or b"transfer-encoding" in headers:
            await _refuse(send, 413, f"the body must say its length and hold at most {BODY_LIMIT} bytes; send less")
        else:
            await self._app(scope, receive, send)


async def _refuse(send: Send, status: int, words: str) -> None:
    body = json.dumps({"detail": words}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _token(file: Path) -> str:
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32).encode())
    check_private(file)
    token = file.read_text(encoding="utf-8").strip()
    if len(token) < _TOKEN_MIN:
        raise SetupError(f"{file}: the token is too short; remove the file and a new one is made")
    return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
