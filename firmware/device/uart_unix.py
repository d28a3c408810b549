"""The virtual board's reader bus: the terminal that the harness names in MENSHEN_UART, already in raw mode."""

import os

import ffi

_OPEN = 0x902  # O_RDWR | O_NOCTTY | O_NONBLOCK
_CHUNK = 256

_libc = ffi.open(None)


class Uart:
    """Without a terminal: a bus with nobody on it. The flash is mounted at `/`, so it is opened past MicroPython."""

    def __init__(self) -> None:
        path = os.getenv("MENSHEN_UART")
        self._file = _libc.func("i", "open", "si")(path, _OPEN) if path else -1
        self._read = _libc.func("l", "read", "ipl")
        self._write = _libc.func("l", "write", "ipl")
        self._buffer = bytearray(_CHUNK)

    def read(self) -> bytes:
        """What has come in, at once."""
        count = self._read(self._file, self._buffer, _CHUNK)
        return bytes(self._buffer[:count]) if count > 0 else b""

    def write(self, data: bytes) -> None:
        """On its way when this returns."""
        self._write(self._file, data, len(data))
