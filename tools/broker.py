"""The community's broker: a private Mosquitto with TLS, one password a user, and the topic rules of the house."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
import re
import secrets
import signal
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

import aiomqtt

from tools import processes
from tools.authority import Authority, replace, write_private
from tools.setup import system

HOST = "127.0.0.1"
NAMES = ("localhost", "127.0.0.1")  # what its certificate answers to
_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_START_S = 10.0
_PORTS = range(
    20_000, 32_000
)  # below Linux' ephemeral ports: a client that redials a stopped broker cannot take its port

_ACL = """\
user controller
topic read menshen/{site}/door/+/up
topic read menshen/{site}/door/+/link
topic write menshen/{site}/door/+/down
topic read menshen/{site}/server/version

user server
topic write menshen/{site}/server/version

pattern write menshen/{site}/door/%u/up
pattern write menshen/{site}/door/%u/link
pattern read menshen/{site}/door/%u/down
"""

_CONFIG = """\
user root
listener {port} {host}
certfile {certificate}
keyfile {key}
tls_version tlsv1.2
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
set_tcp_nodelay true
max_inflight_messages 100
max_queued_messages 20000
persistence true
persistence_location {folder}/
autosave_interval 10
sys_interval 0
log_dest file {folder}/broker.log
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_type error
log_type warning
log_type notice
"""


class BrokerError(Exception):
    """The broker cannot do it; the message says why and what to do next."""


class Broker:
    """One Mosquitto whose certificates, users, port and queued messages live in `folder` and outlast it.

    `port` 0 takes a free one at the first start and keeps it. Loopback only.
    """

    def __init__(self, folder: Path, site: str, port: int = 0) -> None:
        if not _USER.fullmatch(site):
            raise BrokerError(f"site {site!r}: letters, digits, - and _ only, for it becomes part of the topics")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder.resolve()
        self.site = site
        self.port = self._kept_port(port)
        self._authority = Authority(self.folder, f"Menshen {site}")
        self._passwords: dict[str, str] = self._kept_passwords()
        self._untaken: set[str] = set()  # users whom the running broker may not know yet
        self._process: asyncio.subprocess.Process | None = None

    @property
    def ca_pem(self) -> bytes:
        """The certificate authority that clients pin."""
        return self._authority.certificate_file.read_bytes()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Returns when it takes connections; BrokerError with the cause otherwise."""
        if self.running:
            return
        _check_free(self.port, self.folder)
        self._write_config()
        command = system.mosquitto()
        with (self.folder / "broker.log").open("ab") as log:  # what it says before it opens its log itself
            self._process = await processes.spawn(
                [*command.argv, "-c", str(self.folder / "mosquitto.conf")], command.env, stdout=log, stderr=log
            )
        try:
            await self._wait_until_listening()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Orderly: queued messages are kept for the next start."""
        if self._process is not None:
            await processes.finish(self._process)

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            await processes.kill(self._process)

    async def add_users(self, users: Mapping[str, str]) -> None:
        """Add or change name → password; in force on return when the broker runs. Nobody else is disconnected.

        BrokerError when it does not take them in time: the same call tries again.
        """
        for name in users:
            if not _USER.fullmatch(name):
                raise BrokerError(f"user {name!r}: letters, digits, - and _ only")
        new = {
            name: word
            for name, word in users.items()
            if name in self._untaken or not _matches(self._passwords.get(name, ""), word)
        }
        if not new:
            return
        self._passwords |= {name: _hashed(word) for name, word in new.items()}
        self._write_passwords()
        if self.running and self._process is not None:
            self._untaken |= new.keys()
            self._process.send_signal(signal.SIGHUP)
            await self._wait_until_known(*next(iter(new.items())))
            self._untaken -= new.keys()

    def _kept_port(self, port: int) -> int:
        kept = self.folder / "port"
        if not port:
            port = int(kept.read_text()) if kept.exists() else free_port()
        replace(kept, f"{port}\n".encode(), 0o600)
        return port

    def _kept_passwords(self) -> dict[str, str]:
        file = self.folder / "passwords"
        lines = file.read_text().splitlines() if file.exists() else []
        return {name: hashed for name, _, hashed in (line.partition(":") for line in lines)}

    def _write_passwords(self) -> None:
        lines = [f"{name}:{hashed}\n" for name, hashed in sorted(self._passwords.items())]
        write_private(self.folder / "passwords", "".join(lines).encode())

    def _write_config(self) -> None:
        certificate, key = self._authority.server("broker", NAMES)
        self._write_passwords()
        write_private(self.folder / "acl", _ACL.format(site=self.site).encode())
        config = _CONFIG.format(
            port=self.port,
            host=HOST,
            folder=self.folder,
            certificate=certificate,
            key=key,
        )
        write_private(self.folder / "mosquitto.conf", config.encode())

    async def _wait_until_listening(self) -> None:
        """Until a TLS handshake is answered: a port that merely listens may belong to a broker not ready for SIGHUP."""
        assert self._process is not None
        context = ssl.create_default_context(cafile=str(self._authority.certificate_file))
        try:
            async with asyncio.timeout(_START_S):
                await self._shake_hands(self._process, context)
        except TimeoutError:
            raise BrokerError(
                f"the broker does not answer on port {self.port} within {_START_S:.0f} s: {self._log_tail()}. "
                "Next step: try again when this machine has less to do"
            ) from None

    async def _shake_hands(self, process: asyncio.subprocess.Process, context: ssl.SSLContext) -> None:
        while True:
            if process.returncode is not None:
                raise BrokerError(f"the broker ended at its start: {self._log_tail()}")
            try:
                _, writer = await asyncio.open_connection(HOST, self.port, ssl=context)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return

    async def _wait_until_known(self, name: str, password: str) -> None:
        context = ssl.create_default_context(cafile=str(self._authority.certificate_file))
        try:
            async with asyncio.timeout(_START_S):
                await self._log_in(name, password, context)
        except TimeoutError:
            raise BrokerError(
                f"the broker has not taken user {name} within {_START_S:.0f} s: {self._log_tail()}. "
                "Next step: try again; restart the broker if it stays so"
            ) from None

    async def _log_in(self, name: str, password: str, context: ssl.SSLContext) -> None:
        while True:
            try:
                async with aiomqtt.Client(
                    "localhost",
                    self.port,
                    username=name,
                    password=password,
                    identifier=f"check-{secrets.token_hex(8)}",
                    tls_context=context,
                ):
                    return
            except aiomqtt.MqttError:
                await asyncio.sleep(0.02)

    def _log_tail(self) -> str:
        file = self.folder / "broker.log"
        lines = file.read_text(errors="replace").splitlines() if file.exists() else []
        return " | ".join(lines[-3:]) or f"no word in {file}"


def free_port() -> int:
    """A loopback port that nobody uses."""
    for _ in range(200):
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise BrokerError(f"no free port between {_PORTS.start} and {_PORTS.stop}: stop what listens there, or name a port")


def _check_free(port: int, folder: Path) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EACCES:
                raise BrokerError(f"port {port} is reserved for root: name one above 1023") from error
            raise BrokerError(
                f"port {port} is in use by another program: stop that one (`ss -ltnp 'sport = :{port}'` names it), "
                f"or give the broker another port; doors learn a new port when they are flashed. Files: {folder}"
            ) from error


def _hashed(password: str, salt: bytes | None = None) -> str:
    """Mosquitto 2's own format: $7$ is PBKDF2-HMAC-SHA512, 101 rounds (mosquitto_passwd's default)."""
    salt = salt or os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101, 64)
    return f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _matches(hashed: str, password: str) -> bool:
    parts = hashed.split("$")
    return len(parts) == 5 and _hashed(password, base64.b64decode(parts[3])) == hashed
