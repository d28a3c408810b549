"""A new firmware to a site's doors, through the controller's API: what `menshen update` does."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tools.bundle import Bundle

POLL_S = 0.5
LOST_S = 60.0  # a controller that restarts is back by then
GOOD = ("confirmed", "already")
STAGES = {
    "waiting": "waits for its turn",
    "sending": "takes it in",
    "switching": "verifies it",
    "restarting": "restarts into it",
    "trying": "runs it on trial",
    "confirmed": "runs it",
    "already": "had it already",
    "refused": "refused it",
    "undone": "gave it up and runs the one before",
    "not-switched": "still runs the one before; try again",
    "unreachable": "not in reach; try again when it is",
    "no-answer": "stopped answering; look at its network, then try again",
    "no-verdict": "has not said whether it keeps it; look at its events",
    "not-tried": "not tried: the doors before it did not keep it",
}
REASONS = {
    "rollback": "it is older than what may run there (anti-rollback). Next step: push one with a higher number",
    "update-digest": "it did not arrive whole. Next step: push it again",
    "unsupported": "another firmware is on trial there. Next step: wait some minutes, then push it again",
    "flash": "its flash failed. Next step: replace this board",
    "exception": "it raised an exception",
    "bad-boots": "it did not start",
    "timeout": "it did not find the controller",
    "self-test": "its self-test failed",
}


class UpdateError(Exception):
    """The controller did not take it; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Console:
    """A controller's page and an admin of it. `ca`: whose certificate the page must have, if no public one."""

    url: str
    user: str
    password: str
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class DoorResult:
    """One door; `stage` as in STAGES."""

    door: str
    stage: str
    reason: str
    sent: float

    @property
    def words(self) -> str:
        """For a person."""
        words = STAGES.get(self.stage, self.stage)
        return f"{words}: {REASONS.get(self.reason, self.reason)}" if self.reason else words


Show = Callable[[list[DoorResult]], None]


def push(console: Console, firmware: Bundle, doors: list[str], show: Show) -> list[DoorResult]:
    """Send it to `doors`, or to all of the site; returns when every door's end is known. UpdateError when refused."""
    with _logged_in(console) as client:
        query = {"version": firmware.version, "door": doors}
        answer = client.post("/api/firmware", params=query, content=firmware.image)
        _judge(answer)
        return _watch(client, show)


def follow(console: Console, show: Show) -> list[DoorResult]:
    """The rollout that is under way, or the last one, to its end."""
    with _logged_in(console) as client:
        return _watch(client, show)


def _watch(client: httpx.Client, show: Show) -> list[DoorResult]:
    heard_s = time.monotonic()
    while True:
        try:
            answer = client.get("/api/firmware")
        except httpx.TransportError as error:
            if time.monotonic() - heard_s > LOST_S:
                raise UpdateError(
                    f"the controller went away ({error}); see menshen update show when it is back"
                ) from error
        else:
            heard_s = time.monotonic()
            view = _judge(answer)
            if view is None:
                raise UpdateError("no firmware has been pushed since the controller started; menshen update push")
            results = [DoorResult(**row) for row in view["doors"]]
            show(results)
            if not view["running"]:
                return results
        time.sleep(POLL_S)


@contextmanager
def _logged_in(console: Console) -> Iterator[httpx.Client]:
    tls: ssl.SSLContext | bool = True
    try:
        if console.ca is not None:
            tls = ssl.create_default_context(cafile=str(console.ca))
        with httpx.Client(base_url=console.url, headers={"Origin": console.url}, verify=tls, timeout=30) as client:
            login = {"username": console.user, "password": console.password}
            _judge(client.post("/api/login", json=login))
            yield client
            with suppress(httpx.TransportError):  # what was to be told is told
                client.post("/api/logout")
    except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
        raise UpdateError(f"{console.url}: no controller answers there ({error}); write --url and --ca") from error


def _judge(answer: httpx.Response) -> Any:
    """What it says; UpdateError with the controller's own words when it refused."""
    try:
        said = answer.json() if answer.content else None
    except ValueError:
        raise UpdateError(f"{answer.url} is no controller's page; write --url") from None
    if answer.is_error:
        raise UpdateError(str(said.get("detail", said) if isinstance(said, dict) else said))
    return said
