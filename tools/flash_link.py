"""A board's raw REPL over its serial port, on mpremote: noise costs a retry, never a run."""

from __future__ import annotations

import binascii
import contextlib
import errno
import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import serial
import serial.tools.list_ports
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from tools.flash_errors import NotMicroPythonError, PortError, SilentBoardError, WriteError

BAUD = 115_200  # MicroPython's console on every UART board
_READ_S = 1.0  # one read of the port at most; keeps a lost byte from hanging the run
_RESET_S = 3.0  # a soft reset of a board that answers: file systems are mounted and boot.py runs
_QUIET_S = 0.2  # without a byte: all answers have come
_ENTER_TRIES = 5
_CHUNK = 512  # bytes of a file in one command: small beside the heap, large beside the round trip
_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_REBOOT = b"soft reboot\r\n"

# What a damaged or lost byte can turn into inside mpremote and in what we read back.
LinkFailure = (TransportError, serial.SerialException, OSError, struct.error, ValueError, SyntaxError)

_PREAMBLE = """\
import os, json, hashlib, binascii
def _digest(path):
    h = hashlib.sha256()
    b = bytearray(512)
    m = memoryview(b)
    try:
        with open(path, "rb") as f:
            while True:
                n = f.readinto(b)
                if not n:
                    return binascii.hexlify(h.digest()).decode()
                h.update(m[:n])
    except OSError:
        return None
def _tree(folder):
    try:
        entries = list(os.ilistdir("/" + folder))
    except OSError:
        return []
    paths = []
    for entry in entries:
        path = (folder + "/" if folder else "") + entry[0]
        if entry[1] & 0x4000:
            if path not in ("dev", "proc", "tmp", "home", "journal"):
                paths += _tree(path)
        else:
            paths.append(path)
    return paths
def _make(path):
    parts = path.split("/")[:-1]
    for n in range(1, len(parts) + 1):
        try:
            os.mkdir("/" + "/".join(parts[:n]))
        except OSError:
            pass
"""


class Link:
    """The board behind `port`, in raw REPL after `enter`."""

    def __init__(self, port: str) -> None:
        self.port = port
        try:
            self._transport = SerialTransport(port, baudrate=BAUD, timeout=_READ_S)
        except TransportError:
            raise _why_closed(port) from None

    def close(self) -> None:
        with contextlib.suppress(OSError, serial.SerialException):
            self._transport.close()

    def enter(self) -> None:
        """Stop what runs, soft reset (a clean heap; the application does not start), raw REPL ready."""
        heard, why = b"", ""
        for _ in range(_ENTER_TRIES):
            heard += self._knock(b"\r\x03\x03\r\x01", _READ_S)
            if heard.endswith(_BANNER):
                self._hear_out()
                reset = self._knock(b"\x04", _RESET_S)
                if _REBOOT in reset and reset.endswith(_BANNER):
                    self._transport.in_raw_repl = True
                    self._transport.use_raw_paste = True
                    try:
                        with _plugged(self.port):
                            self.run(_PREAMBLE)
                    except LinkFailure as error:
                        why = str(error)
                    else:
                        return
        if why:
            raise WriteError("the first command", why)
        if heard.strip(b"\r\n\x00\x01\x03\x04"):
            raise NotMicroPythonError(self.port, heard)
        raise SilentBoardError(self.port)

    def _knock(self, keys: bytes, silence_s: float) -> bytes:
        with _plugged(self.port):
            self._transport.serial.write(keys)
            heard = self._transport.read_until(1, _BANNER, timeout=silence_s, timeout_overall=5)
        return bytes(heard)

    def _hear_out(self) -> None:
        """The answers to earlier knocks, when a board was slow: taken for that to the next one, none would ever fit."""
        port = self._transport.serial
        with _plugged(self.port):
            port.timeout = _QUIET_S
            while self._transport.read_until(1, _BANNER, timeout=_QUIET_S, timeout_overall=1).endswith(_BANNER):
                pass
            port.timeout = _READ_S

    def run(self, code: str) -> str:
        """What `code` prints; TransportExecError when it raises on the board."""
        return bytes(self._transport.exec(code)).decode()

    def ask(self, expression: str) -> Any:
        """The value of `expression` (JSON types) on the board."""
        return json.loads(self.run(f"print(json.dumps({expression}))"))

    def write(self, path: str, data: bytes, advance: Callable[[int], None]) -> None:
        """Write `data` to `path`; nothing is verified here."""
        self.run(f"_make({path!r})\nf = open({'/' + path!r}, 'wb')")
        for at in range(0, len(data), _CHUNK):
            text = binascii.b2a_base64(data[at : at + _CHUNK], newline=False)
            self.run(f"_ = f.write(binascii.a2b_base64({text!r}))")
            advance(len(data[at : at + _CHUNK]))
        self.run("f.close()")

    def start_application(self) -> None:
        """Soft reset out of the raw REPL: `main.py` runs and this port is its console."""
        with _plugged(self.port):
            self._transport.exit_raw_repl()
            self._transport.read_until(1, b">>> ", timeout=_READ_S)
            self._transport.serial.write(b"\x04")

    def release(self) -> None:
        """Whatever happened: let the board run its application again, as far as the line allows."""
        with contextlib.suppress(*LinkFailure):
            self._transport.serial.write(b"\r\x03\r\x02\x04")
            self._transport.serial.flush()

    def read_line(self, until_s: float) -> str | None:
        """The next console line, a prompt counting as one; None at `until_s` (time.monotonic)."""
        data = b""
        while time.monotonic() < until_s:
            with _plugged(self.port):
                byte: bytes = self._transport.serial.read(1)
            data += byte
            if byte == b"\n" or data == b">>> ":
                return data.decode(errors="replace").rstrip("\r\n")
        return None


def ports() -> list[tuple[str, str]]:
    """(port, what it is) of every USB serial port of this machine."""
    return [(p.device, p.description) for p in serial.tools.list_ports.comports() if p.vid is not None]


def check_port(port: str) -> None:
    """PortError when `port` cannot be opened."""
    try:
        serial.Serial(port, exclusive=True).close()
    except OSError:
        raise _why_closed(port) from None


@contextlib.contextmanager
def _plugged(port: str) -> Iterator[None]:
    """PortError when `port` goes away meanwhile."""
    try:
        yield
    except OSError as error:
        raise PortError(
            "port-lost",
            f"{port} went away in the middle: the cable or its plug. "
            "Next step: plug it in firmly and give the same command again; it goes on where it stopped.",
        ) from error


def _why_closed(port: str) -> PortError:
    """The reason that mpremote swallows."""
    if not Path(port).exists():
        found = ", ".join(name for name, _ in ports()) or "none"
        return PortError(
            "port-missing",
            f"no port {port}; USB serial ports here: {found}. "
            "Next step: plug the board in, try a cable that carries data, then `menshen ports`.",
        )
    try:
        serial.Serial(port, exclusive=True).close()
    except OSError as error:
        if error.errno == errno.EACCES:
            return PortError(
                "port-permission",
                f"this user may not open {port}. Next step: `sudo usermod -aG dialout $USER`, log out and in again.",
            )
        if error.errno in (errno.EBUSY, errno.EAGAIN):
            return PortError(
                "port-busy",
                f"another program has {port} open. Next step: close it (`fuser -v {port}` names it), then try again.",
            )
        return PortError("port-failed", f"{port}: {error}. Next step: replug the board, then `menshen ports`.")
    return PortError("port-failed", f"{port} could not be opened at first. Next step: try again.")
