"""A board's raw REPL on a line that spoils a byte, and on a cable that is pulled."""

import asyncio
import os
import pty
import time
import tty
from collections.abc import Callable
from pathlib import Path

import pytest
from mpremote.transport import TransportError

from tools import flash_link
from tools.flash_errors import PortError, WriteError
from tools.flash_link import Link
from tools.virtual_board.serial_board import SerialBoard


@pytest.mark.parametrize("spoilt", [1, 2])
def test_link_preamble_that_noise_spoils_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: int
) -> None:
    run, tries = Link.run, 0

    def noisy(self: Link, code: str) -> str:
        nonlocal tries
        tries += 1
        if tries <= spoilt:
            raise TransportError("could not exec command")
        return run(self, code)

    def talk(port: str) -> object:
        link = Link(port)
        try:
            link.enter()
            return link.ask("_digest('/none')")
        finally:
            link.close()

    async def story() -> object:
        board = SerialBoard(tmp_path / "a.img")
        await board.start()
        try:
            async with asyncio.timeout(60):
                return await asyncio.to_thread(talk, board.port)
        finally:
            await board.stop()

    monkeypatch.setattr(flash_link, "_ENTER_TRIES", 2)
    monkeypatch.setattr(Link, "run", noisy)
    if spoilt == 1:
        assert asyncio.run(story()) is None
    else:
        with pytest.raises(WriteError, match=r"could not exec command.*Next step"):
            asyncio.run(story())


@pytest.mark.parametrize("step", [Link.start_application, lambda link: link.read_line(time.monotonic() + 5)])
def test_link_pulled_cable_is_named(step: Callable[[Link], object]) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    link = Link(os.ttyname(slave))
    os.close(slave)
    os.close(master)
    try:
        with pytest.raises(PortError, match=r"Next step: plug it in") as caught:
            step(link)
        assert caught.value.cause == "port-lost"
    finally:
        link.close()
