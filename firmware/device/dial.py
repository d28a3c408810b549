"""Opens the TLS connection to the broker, with the community's CA pinned."""

import asyncio
from binascii import a2b_base64

import tls

from device.board import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def dialler(board: Board, host: str, port: int, name: str, ca_pem: bytes) -> "Callable[[], Awaitable[Streams]]":
    """A function that connects to the broker, which has to be `name` by a certificate of this CA."""
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(_der(ca_pem))

    async def dial() -> "Streams":
        await board.network_up()
        return await asyncio.open_connection(host, port, ssl=context, server_hostname=name)

    return dial


def _der(pem: bytes) -> bytes:
    """The one certificate in a PEM file: not every board's TLS reads PEM."""
    return a2b_base64(pem.split(b"-----")[2])
