"""One board from its serial port to its hello: detect, write, verify, identity, switch, start, ledger.

Nothing of the old application is touched before everything new is on the board and verified, so Ctrl-C and pulled
cables leave a board that still works; the same command then goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mpremote.transport import TransportExecError

from tools import flash_esp
from tools.bundle import Bundle
from tools.flash_errors import (
    DamagedFlashError,
    NoHelloError,
    NoSpaceError,
    NotMicroPythonError,
    SilentBoardError,
    StockMicroPythonError,
    UnknownBoardError,
    WriteError,
)
from tools.flash_link import Link, LinkFailure, check_port
from tools.provision import BrokerAddress, Identity, known_device, ledger_append, ledger_read, new_device

STAGING = "flash.new"
BOARDS = {"esp32": "esp32", "rp2": "rp2", "webassembly": "unix", "linux": "unix"}  # sys.platform → config's board
_BYTECODE = 6  # what mpy-cross of this MicroPython generation writes
_TRIES = 4
_FULL = re.compile(r"ENOSPC|\b28\b")
_BANNER = ("MicroPython v", 'Type "help()"')
_HELLO = re.compile(r"menshen hello (?P<device>[0-9a-f]{12}) (?P<version>\S+) self-test (?P<result>.+)")

Progress = Callable[[str, int, int], None]  # stage, bytes done, bytes in all

_FACTS = """\
import sys
def _facts():
    try:
        import machine
        unique = binascii.hexlify(machine.unique_id()).decode()
    except (ImportError, AttributeError):
        unique = None
    config = {}
    for path in ("/flash.new/config.json", "/config.json"):
        try:
            with open(path) as f:
                config.update(json.load(f))
        except (OSError, ValueError, TypeError, AttributeError):
            pass
    space = os.statvfs("/")
    return {
        "platform": sys.platform,
        "version": list(sys.implementation[1][:3]),
        "bytecode": getattr(sys.implementation, "_mpy", 0) & 0xFF,
        "unique": unique,
        "config": config,
        "block": space[0],
        "free": space[0] * space[3],
    }
"""

# Stock MicroPython's own `_boot` formats when it is imported once more, so ours is known by a module of its own.
_FLASH = """\
import sys
def _flash():
    if sys.platform not in ("esp32", "rp2"):
        return "mounted"
    try:
        import door_flash
    except ImportError:
        return "stock"
    return door_flash.state()
"""

_SWITCH = """\
import micropython
def _switch(names, stale):
    deaf = getattr(micropython, "kbd_intr", lambda key: None)
    deaf(-1)
    try:
        for name in names:
            _make(name)
            os.rename("/flash.new/" + name, "/" + name)
        for name in stale:
            os.remove("/" + name)
        _clear("/flash.new")
        if hasattr(os, "sync"):
            os.sync()
    finally:
        deaf(3)
def _clear(folder):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            _clear(path)
        else:
            os.remove(path)
    os.rmdir(folder)
"""


@dataclass(frozen=True, slots=True)
class Community:
    """What all doors of one site share, and the ledger that remembers each.

    `settings`: this door's own (readers, network, release time…); None = those that a known door has.
    """

    site: str
    broker: BrokerAddress
    ca_pem: bytes = field(repr=False)
    ledger: Path = Path("ledger.jsonl")
    settings: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class FlashReport:
    """What was done; nothing in it is secret."""

    port: str
    device: str
    board: str
    micropython: str
    firmware: str
    identity: str  # "new" or "kept"
    files_written: int
    files_kept: int
    bytes_written: int
    self_test: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the board's own self-test passed."""
        return self.self_test == "ok"


def flash(
    port: str,
    community: Community,
    bundle: Bundle,
    progress: Progress = lambda stage, done, total: None,
    *,
    new_identity: bool = False,
    micropython: Path | None = None,
    erase: bool = False,
    format_damaged: bool = False,
    hello_s: float = 30.0,
) -> FlashReport:
    """Make the board behind `port` a door of `community` that runs `bundle`; FlashError says why not.

    A door that the ledger knows keeps its identity unless `new_identity`. `micropython`: the .bin to put on an ESP chip
    first; `erase` empties the chip before. `format_damaged`: a flash that does not mount is emptied.
    `hello_s`: patience for the application's hello.
    """
    started = time.monotonic()
    if micropython is not None:
        check_port(port)
        flash_esp.write_micropython(port, micropython, erase, progress)
    progress("connect", 0, 0)
    link = Link(port)
    try:
        link.enter()
        _file_system(link, format_damaged)
        facts = _facts(link)
        identity, kept = _identity(facts, community, new_identity)
        if not kept:  # before the board has the keys: an interrupted run can then be taken up again
            ledger_append(community.ledger, identity)
        wanted = {**bundle.files, **identity.files()}
        written, total = _stage(link, wanted, facts, progress)
        progress("switch", 0, 0)
        _switch(link, wanted, fresh=not kept)
        progress("hello", 0, 0)
        self_test = _hello(link, identity.device, bundle.version, hello_s)
    except BaseException:
        link.release()
        raise
    finally:
        link.close()
    ledger_append(community.ledger, identity, bundle.version)
    return FlashReport(
        port=port,
        device=identity.device,
        board=identity.board,
        micropython=".".join(str(n) for n in facts["version"]),
        firmware=bundle.version,
        identity="kept" if kept else "new",
        files_written=written,
        files_kept=len(wanted) - written,
        bytes_written=total,
        self_test=self_test,
        seconds=round(time.monotonic() - started, 1),
    )


def _file_system(link: Link, format_damaged: bool) -> None:
    """Flash that files can be written to: a new board gets its file system here, and nobody else."""

    def ask() -> str:
        link.run(_FLASH)
        state: str = link.ask("_flash()")
        return state

    state = persist(link, "the state of the flash", ask)
    if state == "stock":
        raise StockMicroPythonError(link.port)
    if state == "damaged" and not format_damaged:
        raise DamagedFlashError(link.port)
    if state != "mounted":
        persist(link, "the file system", lambda: link.run("import door_flash\ndoor_flash.make(door_flash.chip(), '/')"))


def _facts(link: Link) -> dict[str, Any]:
    """What the board says of itself; NotMicroPythonError when our bytecode would not run there."""

    def ask() -> dict[str, Any]:
        link.run(_FACTS)
        facts: dict[str, Any] = link.ask("_facts()")
        return facts

    facts = persist(link, "the board's description", ask)
    if facts["bytecode"] != _BYTECODE or tuple(facts["version"]) < (1, 25) or facts["platform"] not in BOARDS:
        version = ".".join(str(n) for n in facts["version"])
        raise NotMicroPythonError(link.port, f"MicroPython {version} on {facts['platform']}".encode())
    return facts


def _identity(facts: Mapping[str, Any], community: Community, new_identity: bool) -> tuple[Identity, bool]:
    """(identity, whether it is the one the board had or was promised)."""
    rows = ledger_read(community.ledger)
    chip = facts["unique"].rjust(12, "0")[-12:] if facts["unique"] else None
    board = BOARDS[facts["platform"]]
    if not new_identity:
        settings = community.settings
        if settings is None:
            settings = {key: value for key, value in facts["config"].items() if key not in ("device", "site", "broker")}
        for known in (facts["config"].get("device"), chip):
            if known in rows:
                return known_device(rows[known], community.site, community.broker, community.ca_pem, settings), True
        if facts["config"].get("device"):
            raise UnknownBoardError(facts["config"]["device"], str(community.ledger))
    fresh = new_device(
        community.site, community.broker, community.ca_pem, board, device=chip, settings=community.settings
    )
    return fresh, False


def _stage(link: Link, wanted: Mapping[str, bytes], facts: Mapping[str, Any], progress: Progress) -> tuple[int, int]:
    """Bring what differs into the staging folder, each file verified there; (files, bytes) written."""
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in wanted.items()}
    names = sorted(wanted)
    live = persist(link, "the list of files", lambda: link.ask(f"[_digest('/' + p) for p in {names!r}]"))
    staged = persist(link, "the list of files", lambda: link.ask(f"[_digest('/{STAGING}/' + p) for p in {names!r}]"))
    missing = [path for path, a, b in zip(names, live, staged, strict=True) if digests[path] not in (a, b)]
    block = facts["block"]
    needed = sum(-(-len(wanted[path]) // block) * block for path in missing)
    if needed > facts["free"]:
        raise NoSpaceError(f"{needed // 1024} kB are needed and {facts['free'] // 1024} kB of flash are free")
    total = sum(len(wanted[path]) for path in missing)
    done = 0
    progress("write", 0, total)
    for path in missing:
        base = done

        def advance(count: int) -> None:
            nonlocal done
            done += count
            progress("write", done, total)

        def write(path: str = path, base: int = base) -> None:
            nonlocal done
            done = base
            link.write(f"{STAGING}/{path}", wanted[path], advance)
            if link.ask(f"_digest('/{STAGING}/{path}')") != digests[path]:
                raise ValueError("what the board holds is not what was sent")

        persist(link, path, write)
    return len(missing), total


def _switch(link: Link, wanted: Mapping[str, bytes], fresh: bool) -> None:
    """Rename everything into place, `main.py` last; drop stale modules (`x.py` would shadow `x.mpy`) and stale data."""

    def switch() -> None:
        link.run(_SWITCH)
        present: list[str] = link.ask("_tree('')")
        prefix = STAGING + "/"
        staged = [path.removeprefix(prefix) for path in present if path.startswith(prefix)]
        names = sorted((path for path in staged if path in wanted), key=lambda path: (path == "main.py", path))
        old = [path for path in present if not path.startswith(prefix) and path not in wanted]
        stale = [path for path in old if path.endswith((".py", ".mpy", ".rom")) or (fresh and path.startswith("list."))]
        link.run(f"_switch({names!r}, {stale!r})")
        if fresh:
            link.run("_clear('/journal')")

    persist(link, "the switch to the new application", switch)


def _hello(link: Link, device: str, version: str, patience_s: float) -> str:
    """Start the application; the self-test's result from its hello. Twice: noise may have cost the first one."""
    words: list[str] = []
    for _ in range(2):
        until_s = time.monotonic() + patience_s / 2
        link.start_application()
        while (line := link.read_line(until_s)) is not None:
            found = _HELLO.search(line)
            if found and (found["device"], found["version"]) == (device, version):
                return found["result"].strip()
            if line == ">>> " and words and "soft reboot" not in words[-1]:
                break  # the application ended
            words = [*words[-4:], line.strip()] if line.strip() and not line.startswith(_BANNER) else words
        link.enter()
    raise NoHelloError(" | ".join(words))


T = TypeVar("T")


def persist(link: Link, what: str, step: Callable[[], T]) -> T:
    """`step`, again from a fresh raw REPL when the line spoilt it; an error the board itself reports is final."""
    why = ""
    for _ in range(_TRIES):
        try:
            return step()
        except TransportExecError as error:
            why = error.error_output.strip().splitlines()[-1] if error.error_output.strip() else "an error on the board"
            if _FULL.search(why):
                raise NoSpaceError("the flash is full") from None
        except LinkFailure as error:
            why = str(error) or type(error).__name__
        try:
            link.enter()
        except SilentBoardError:
            raise WriteError(what, "the board fell silent") from None
    raise WriteError(what, why)
