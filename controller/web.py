"""The page's socket and server."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from controller.settings import ConsoleSettings

SHUTDOWN_S = 3


class StartError(Exception):
    """The controller cannot start; the words say why and what to do."""


def listen(console: ConsoleSettings) -> socket.socket:
    """The page's socket; StartError when the address cannot be used."""
    host, port = console.host, console.port
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise StartError(
            f"[console] {host}:{port} cannot be used ({error.strerror}); stop what uses it or write another port"
        ) from error
    return listener


def server(api: FastAPI, console: ConsoleSettings) -> uvicorn.Server:
    """Serves `api` on a socket of `listen`, until `should_exit`; StartError when its certificate cannot be used."""
    config = uvicorn.Config(
        api,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        ssl_certfile=console.certificate,
        ssl_keyfile=console.private_key,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise StartError(f"[console] certificate or private_key cannot be used ({error}); mend these files") from error
    return _Uvicorn(config)


class _Uvicorn(uvicorn.Server):
    """uvicorn, but the signals are the app's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
