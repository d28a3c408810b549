"""An RS-485 bus with OSDP readers on it: a pseudo-terminal for the door, libosdp's PeripheralDevice for each reader."""

from __future__ import annotations

import contextlib
import os
import pty
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import osdp

_TURN_S = 0.005
_ABLE = (
    (osdp.Capability.ContactStatusMonitoring, 1, 1),
    (osdp.Capability.LEDControl, 1, 1),
    (osdp.Capability.AudibleControl, 1, 1),
    (osdp.Capability.CardDataFormat, 1, 1),
    (osdp.Capability.CheckCharacter, 1, 0),
    (osdp.Capability.CommunicationSecurity, 1, 1),
)

Meddle = Callable[[bytes], bytes]


class _Wire(osdp.Channel):  # type: ignore[misc]  # the library has no types
    """A reader's own transceiver."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = b""
        self.said = b""

    def read(self, max_bytes: int) -> bytes:
        data, self.heard = self.heard[:max_bytes], self.heard[max_bytes:]
        return data

    def write(self, buf: bytes) -> int:
        self.said += bytes(buf)
        return len(buf)

    def flush(self) -> None:
        self.heard = b""


class Reader:
    """A reader with power, one that would speak in the clear with whoever asks it to. `commands`: what the panel had it
    do; `key`: the SCBK it has, None = on commissioning; `meddle`: what somebody on its line makes of what it says.
    """

    def __init__(self, address: int, key: bytes | None, meddle: Meddle | None) -> None:
        self.address = address
        self.key = key
        self.meddle = meddle
        self.commands: list[dict[str, Any]] = []
        self.wire = _Wire()
        info = osdp.PDInfo(address, self.wire, scbk=key, flags=[] if key else [osdp.LibFlag.InstallMode])
        able = osdp.PDCapabilities(list(_ABLE))
        self.device = osdp.PeripheralDevice(info, able, osdp.LogLevel.Critical, self._commanded)

    def _commanded(self, command: dict[str, Any]) -> tuple[int, None]:
        if command["command"] == osdp.Command.Keyset:
            self.key = bytes(command["data"])
        self.commands.append(command)
        return 0, None

    def told(self, kind: int) -> list[dict[str, Any]]:
        """The commands of this kind (osdp.Command)."""
        return [command for command in self.commands if command["command"] == kind]


class ReaderBus:
    """`terminal`: what the door opens. Readers come and go; each hears all that is said."""

    def __init__(self) -> None:
        self._panel, self._door = pty.openpty()
        tty.setraw(self._door)
        os.set_blocking(self._panel, False)
        self.terminal = Path(os.ttyname(self._door))
        self._readers: list[Reader] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ReaderBus:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._panel)
        os.close(self._door)

    def plug(self, address: int, key: bytes | None, meddle: Meddle | None = None) -> Reader:
        """Give a reader power."""
        reader = Reader(address, key, meddle)
        with self._lock:
            self._readers.append(reader)
        return reader

    def unplug(self, reader: Reader) -> None:
        """Take it away."""
        with self._lock:
            self._readers.remove(reader)

    def card(self, reader: Reader, bits: str) -> None:
        """Hold a card to it, of these bits."""
        data = int(bits.ljust(-len(bits) % 8 + len(bits), "0"), 2).to_bytes((len(bits) + 7) // 8, "big")
        self._event(
            reader,
            {
                "event": osdp.Event.CardRead,
                "reader_no": 0,
                "direction": 0,
                "format": osdp.CardFormat.Wiegand,
                "length": len(bits),
                "data": data,
            },
        )

    def press(self, reader: Reader, keys: str) -> None:
        """Press keys, * and # as keypads send them."""
        data = keys.encode().replace(b"*", b"\x7f").replace(b"#", b"\r")
        self._event(reader, {"event": osdp.Event.KeyPress, "reader_no": 0, "data": data})

    def housing(self, reader: Reader, is_open: bool) -> None:
        """Open its housing, or shut it."""
        report = bytes([is_open, False])
        self._event(reader, {"event": osdp.Event.Status, "type": osdp.StatusReportType.Local, "report": report})

    def _event(self, reader: Reader, event: dict[str, Any]) -> None:
        with self._lock:
            assert reader.device.ctx.submit_event(event)

    def _run(self) -> None:
        while not self._over.is_set():
            with self._lock:
                self._turn()
            time.sleep(_TURN_S)

    def _turn(self) -> None:
        said = b""
        with contextlib.suppress(BlockingIOError):
            said = os.read(self._panel, 1024)
        for reader in self._readers:
            reader.wire.heard += said
            reader.device.ctx.refresh()
        for reader in self._readers:
            said, reader.wire.said = reader.wire.said, b""
            if said:
                said = reader.meddle(said) if reader.meddle else said
                os.write(self._panel, said)
                for other in self._readers:
                    if other is not reader:
                        other.wire.heard += said
