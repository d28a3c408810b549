"""Opens the TLS connection to the broker, with the community's CA pinned."""

import asyncio
import socket
from binascii import a2b_base64
from errno import EINPROGRESS

import tls

from device.board import Board
from device.waiting import readable, writable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_IPPROTO_TCP = 6
_TCP_NODELAY = 1
_BUSY_S = 0.005


def dialler(board: Board, host: str, port: int, name: str, ca_pem: bytes) -> "Callable[[], Awaitable[TlsStream]]":
    """A function that connects to the broker, which has to be `name` by a certificate of this CA."""
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(_der(ca_pem))

    async def dial() -> TlsStream:
        await board.network_up()
        plain = _connecting(host, port)
        try:
            await writable(plain)
            secure = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
            secure.setblocking(False)
        except BaseException:
            plain.close()
            raise
        return TlsStream(plain, secure)

    return dial


class TlsStream:
    """TLS as a stream that waits on the socket beneath it.

    asyncio's own stream would ask a TLS object a thousand times a second whether it has something: MicroPython's poll
    knows only sockets.
    """

    def __init__(self, plain: socket.socket, secure: tls.SSLSocket) -> None:
        self._plain = plain
        self._secure = secure
        self._out = b""

    async def readexactly(self, size: int) -> bytes:
        """`size` bytes; EOFError when the peer has closed."""
        data = b""
        while len(data) < size:
            part = self._secure.read(size - len(data))
            if part is None:
                await readable(self._plain)
            elif part:
                data += part
            else:
                raise EOFError
        return data

    def write(self, data: bytes) -> None:
        """Queue; `drain` sends."""
        self._out += data

    async def drain(self) -> None:
        """Returns when everything is sent. One caller at a time."""
        while self._out:
            sent = self._secure.write(self._out)
            if sent is None:  # the handshake waits for the peer, or the peer does not read
                await asyncio.sleep(_BUSY_S)
            else:
                self._out = self._out[sent:]

    def close(self) -> None:
        """No DISCONNECT: the broker then publishes the last will.

        TLS closes the socket beneath, but not after an error (seen in 1.25); a second close would close whatever has
        its number by then. So: look whether it still is one.
        """
        self._secure.close()
        try:
            self._plain.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        except OSError:
            return
        self._plain.close()


def _connecting(host: str, port: int) -> socket.socket:
    """A socket on its way. Not asyncio's: small frames may not wait for one another (Nagle and delayed ACKs: 40 ms)."""
    plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        plain.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    except OSError:
        print("link: this board's network stack has no TCP_NODELAY")
    plain.setblocking(False)
    try:
        plain.connect(socket.getaddrinfo(host, port)[0][-1])
    except OSError as error:
        if error.errno != EINPROGRESS:
            plain.close()
            raise
    return plain


def _der(pem: bytes) -> bytes:
    """The one certificate in a PEM file: not every board's TLS reads PEM."""
    return a2b_base64(pem.split(b"-----")[2])
