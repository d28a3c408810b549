"""A virtual board behind a serial port: MicroPython's raw REPL for the technician, then the firmware it was given.

The REPL is MicroPython's WebAssembly build, which has no LittleFS: the image's files are copied in when the REPL starts
and packed into the image when the board resets. From that very image the unix-port board then runs, with this port as
its console; Ctrl-C brings the REPL back.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import pty
import tty
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tools import processes
from tools.authority import write_private
from tools.setup import system
from tools.virtual_board import image as flash_image
from tools.virtual_board.board import BoardError, VirtualBoard

_REPL = Path(__file__).with_name("repl.mjs")
_UNREAD = 64 * 1024  # bytes of console kept for a host that does not read; older ones are dropped, as a UART would
_INTERRUPT = b"\x03"


class SerialBoard:
    """`port` is a pty that mpremote takes for a board; `image` is its flash, made empty when there is none.

    `uart`: see VirtualBoard.
    """

    def __init__(self, image: Path, log: Path | None = None) -> None:
        self.image = image
        self.port = ""
        self.uart: Path | None = None
        self.board: VirtualBoard | None = None  # while the application runs
        self._log = log
        self._master = self._slave = -1
        self._unread = bytearray()
        self._input = bytearray()  # from the host, until somebody takes it
        self._heard = asyncio.Event()
        self._running = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Power on: the application if flash has one, else the REPL; `port` can be opened from now on."""
        if not self.image.exists():
            write_private(self.image, flash_image.empty())
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        asyncio.get_running_loop().add_reader(self._master, self._receive)
        self._life = asyncio.create_task(self._live(), name=f"serial board {self.image.name}")

    async def stop(self) -> None:
        """Unplug: power and port are gone, the flash stays as it is."""
        if self._life is not None:
            self._life.cancel()
            try:
                await asyncio.wait({self._life})
                if self._ending is not None:
                    await self._ending
            finally:
                self._unplug()

    def _unplug(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._life = None

    async def wait_application(self, timeout_s: float) -> VirtualBoard:
        """The running board, once the application runs."""
        async with asyncio.timeout(timeout_s):
            await self._running.wait()
        assert self.board is not None
        return self.board

    async def _live(self) -> None:
        while True:
            if "main.py" in flash_image.read(self.image):
                await self._run_application()
            await self._run_repl()

    async def _run_application(self) -> None:
        """Until it ends or the host sends Ctrl-C."""
        board = VirtualBoard(self.image, self._log, on_console=lambda data: self._send(data.replace(b"\n", b"\r\n")))
        board.uart = self.uart
        life = asyncio.create_task(self._power(board))
        interrupt = asyncio.create_task(self._interrupted())
        try:
            await asyncio.wait({life, interrupt}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._surely(self._end_application(board, {life, interrupt}))

    async def _end_application(self, board: VirtualBoard, tasks: set[asyncio.Task[None]]) -> None:
        self.board = None
        self._running.clear()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await board.cut_power()

    async def _surely(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` to its end even when `stop` comes meanwhile; `stop` waits for it."""
        self._ending = asyncio.create_task(work)
        await asyncio.shield(self._ending)

    async def _power(self, board: VirtualBoard) -> None:
        with contextlib.suppress(BoardError):  # its console, which is our port, has said why
            await board.start()
            self.board = board
            self._running.set()
            await board.wait_off()

    async def _interrupted(self) -> None:
        """Until Ctrl-C; what the host sent before it is dropped, what follows is for the REPL."""
        while True:
            _, found, after = bytes(self._input).partition(_INTERRUPT)
            self._input[:] = after
            if found:
                return
            self._heard.clear()
            await self._heard.wait()

    async def _run_repl(self) -> None:
        """Until a soft reset out of the friendly REPL."""
        tree = self.image.with_name(self.image.name + ".tree")
        _save(tree, flash_image.read(self.image))
        node = system.node()
        try:
            process = await processes.spawn(
                [*node.argv, _REPL, system.micropython_wasm() / "micropython.mjs", tree],
                node.env,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        except BaseException:
            tree.unlink()
            raise
        feeding = asyncio.create_task(self._feed(process))
        try:
            assert process.stdout is not None
            while data := await process.stdout.read(4096):
                self._send(data)
        finally:
            feeding.cancel()
            await self._surely(self._end_repl(process, tree))

    async def _end_repl(self, process: asyncio.subprocess.Process, tree: Path) -> None:
        """The end of its input is the loss of power; its files go into the image."""
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()
        self._put_back(tree, await processes.finish(process) == 0)

    def _put_back(self, tree: Path, whole: bool) -> None:
        """The interpreter's files into the image, if it has left them `whole`; this copy of them goes."""
        try:
            if whole:
                write_private(self.image, flash_image.pack(_read(tree)))
        finally:
            tree.unlink()

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):
            while True:
                if self._input:
                    process.stdin.write(bytes(self._input))
                    self._input.clear()
                    await process.stdin.drain()
                self._heard.clear()
                await self._heard.wait()

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._input += os.read(self._master, 4096)
            self._heard.set()

    def _send(self, data: bytes = b"") -> None:
        """To the host, as fast as it reads."""
        self._unread += data
        del self._unread[:-_UNREAD]
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError):
            del self._unread[: os.write(self._master, self._unread)]
        if self._unread:
            loop.add_writer(self._master, self._send)
        else:
            loop.remove_writer(self._master)


def _save(tree: Path, files: dict[str, bytes]) -> None:
    write_private(tree, json.dumps({path: base64.b64encode(data).decode() for path, data in files.items()}).encode())


def _read(tree: Path) -> dict[str, bytes]:
    return {path: base64.b64decode(data) for path, data in json.loads(tree.read_text()).items()}
