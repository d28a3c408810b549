"""Waiting for a socket. MicroPython offers that only inside its streams, and those take 2 kB and cannot do TLS well."""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Generator


def readable(wire: "socket.socket") -> "Generator[None, None, None]":
    """Await it: returns when there is something to read, or the end."""
    yield asyncio.core._io_queue.queue_read(wire)


def writable(wire: "socket.socket") -> "Generator[None, None, None]":
    """Await it: returns when there is room to write, or the connection stands."""
    yield asyncio.core._io_queue.queue_write(wire)
