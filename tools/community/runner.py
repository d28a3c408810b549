"""Starting the server: a folder, a port, and who listens. `serve` returns when SIGINT or SIGTERM comes."""

import errno
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from tools.community.announce import Announcer, BrokerAddress
from tools.community.database import Database
from tools.community.errors import SetupError
from tools.community.gate import Tokens
from tools.community.publish import Publisher
from tools.community.server import Parts, create_server
from tools.community.signing import Signer
from tools.community.version import DAY_S

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `data` holds community.db, signing.key, admin.token and site.token (made at the first start)."""

    data: Path
    site: str
    host: str
    port: int
    list_days: int
    certificate: Path | None
    private_key: Path | None
    broker: BrokerAddress | None


def public_key(data: Path) -> str:
    """The key in `data` (made when there is none) as sites' settings want it."""
    return Signer(_folder(data) / "signing.key").public_key


async def serve(options: Options) -> None:
    """Run until told to stop. SetupError says in words why it cannot start."""
    if options.host not in LOOPBACK and options.certificate is None:
        raise SetupError(f"{options.host} is not loopback; add --certificate and --private-key")
    listener = listen(options.host, options.port)
    try:
        folder = _folder(options.data)
        signer, tokens = Signer(folder / "signing.key"), Tokens(folder)
        database = Database(folder / "community.db", options.site)
        announcer = Announcer(options.broker, options.site) if options.broker else None
        publisher = Publisher(database, signer, options.site, options.list_days * DAY_S, time.time)
        app = create_server(Parts(options.site, database, publisher, announcer), tokens)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            ssl_certfile=options.certificate,
            ssl_keyfile=options.private_key,
        )
        await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; SetupError names what to do when the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"port {port} is in use; stop what uses it or name another with --port") from error
        raise SetupError(f"{host}:{port} cannot be used ({error.strerror}); name another --host or --port") from error
    return listener


def _folder(data: Path) -> Path:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(f"{data}: cannot be made ({error.strerror}); name another --data folder") from error
    return data
