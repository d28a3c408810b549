"""Why a board could not be flashed, for the person who holds it.

FlashError               `.cause` is a fixed word, the message ends with the next step
├── PortError            port-missing, port-busy, port-permission, port-lost, port-failed: this machine's side
├── SilentBoardError     nothing answers: cable, power, port
├── NotMicroPythonError  something answers, and it is not MicroPython of a version we run on
├── StockMicroPythonError  MicroPython, but the project's own build, which formats a flash that does not mount
├── DamagedFlashError    the board's flash holds something that does not mount
├── UnknownBoardError    a board of this house whose keys our ledger does not have
├── NoSpaceError         the flash is too full
├── WriteError           the flash or the line is bad: every retry failed
└── NoHelloError         written and verified, yet the application did not report itself
"""

from __future__ import annotations

MICROPYTHON_NEXT = (
    "Next step: for an ESP32 give `--micropython FILE.bin` (a door's MicroPython: docs/BOARDS.md); "
    "for an RP2 hold BOOTSEL while plugging in and copy the .uf2 onto the drive that appears."
)


class FlashError(Exception):
    """Root."""

    cause = "failed"


class PortError(FlashError):
    """This machine cannot open or keep the port."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class SilentBoardError(FlashError):
    """Not a byte came back."""

    cause = "no-answer"

    def __init__(self, port: str) -> None:
        super().__init__(
            f"nothing answers on {port}: a charge-only or broken cable, a board without power, or the wrong port. "
            "Next step: another cable first, then another port, then the board's reset button."
        )


class NotMicroPythonError(FlashError):
    """What answers is no MicroPython that we can use."""

    cause = "not-micropython"

    def __init__(self, port: str, heard: bytes) -> None:
        said = heard[-60:].decode("ascii", "replace").strip()
        super().__init__(f"{port} answers, but not as MicroPython ≥ 1.25 does ({said!r}). {MICROPYTHON_NEXT}")


class StockMicroPythonError(FlashError):
    """A build without `frozen/door_flash.py`."""

    cause = "stock-micropython"

    def __init__(self, port: str) -> None:
        super().__init__(
            f"{port} runs a MicroPython that formats its flash when it cannot mount it, and cannot run a door's image. "
            "Next step: build a door's MicroPython as docs/BOARDS.md says and put that on the board."
        )


class DamagedFlashError(FlashError):
    """What is there may be worth a look: a list, keys, events."""

    cause = "damaged-flash"

    def __init__(self, port: str) -> None:
        super().__init__(
            f"the flash behind {port} holds something that does not mount; nothing was changed. Next step: read it out "
            "for analysis (docs/BOARDS.md), then `--format-damaged`; events not yet delivered are lost with it."
        )


class UnknownBoardError(FlashError):
    """Its keys are not in the ledger: flashing would lock out a door that works, with what its journal still holds."""

    cause = "unknown-board"

    def __init__(self, device: str, ledger: str) -> None:
        super().__init__(
            f"this board is door {device}, and {ledger} does not know it. Next step: use the ledger that it was "
            "flashed with, or `--new-identity` to make it a new door (its undelivered events are lost)."
        )


class NoSpaceError(FlashError):
    """The application does not fit beside what is there."""

    cause = "no-space"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}. Next step: remove files that are not ours (`mpremote fs ls` shows them), or use a board with "
            "4 MB of flash or more."
        )


class WriteError(FlashError):
    """Retries did not help."""

    cause = "write"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"{path} could not be written ({why}). Next step: a shorter cable or another port, then the same command "
            "again; it goes on where it stopped. The old application is still in place."
        )


class NoHelloError(FlashError):
    """The console's last words are in the message."""

    cause = "no-hello"

    def __init__(self, last_words: str) -> None:
        super().__init__(
            f"everything is written and verified, but the application did not report itself; its console says: "
            f"{(last_words or 'nothing').rstrip('.')}. Next step: press reset and flash again; if it stays so, keep "
            "the board for analysis."
        )
