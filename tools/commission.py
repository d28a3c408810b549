"""Keys of their own for a door's OSDP readers. Commissioning opens only here: over the door's own serial port.

While it is open, the door makes a key for each reader that is on OSDP's public one; nobody else ever sees that key.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from doorwire import vocabulary as words
from tools.flash import persist
from tools.flash_errors import FlashError
from tools.flash_link import Link

LONGEST_WINDOW = 10  # minutes; device/osdp_bus.py
_START_S = 30.0
_FILE = "commission"
_FORGET = f"if {_FILE!r} in os.listdir('/'): os.remove('/{_FILE}')"
_OPEN = re.compile(r"readers: commissioning is open for \d+ minutes:((?: \d+)+)")
_READER = re.compile(r"reader (\d+) (new key|secure|event (\d+) reason (\d+))")


class CommissionError(FlashError):
    """The door did not open commissioning."""

    cause = "not-open"


@dataclass(frozen=True, slots=True)
class Commissioned:
    """Addresses of the door's readers: those with a new key, those whose secure channel stands, the others."""

    new_keys: tuple[int, ...]
    secure: tuple[int, ...]
    missing: tuple[int, ...]


def commission(port: str, minutes: int, tell: Callable[[str], None] = lambda line: None) -> Commissioned:
    """Restart the door behind `port` with commissioning open, until each of its readers is secure or time is up.

    `tell` gets a line at every step. FlashError when the door cannot be reached or does not begin.
    """
    link = Link(port)
    try:
        link.enter()
        try:
            persist(link, "what the door is asked for", lambda: _ask_for(link, minutes))
            link.start_application()
            addresses = _opened(link)
        except BaseException:
            _take_back(link, minutes)
            raise
        tell(f"commissioning is open for {minutes} minutes, readers {', '.join(map(str, addresses))}")
        return _follow(link, addresses, time.monotonic() + minutes * 60, tell)
    except BaseException:
        link.release()  # a restart shuts commissioning
        raise
    finally:
        link.close()


def _ask_for(link: Link, minutes: int) -> None:
    """Leave the file that the next boot takes away."""
    if not link.ask("'osdp' in (json.load(open('/config.json')).get('readers') or [{}])[0]"):
        raise CommissionError("this door has no OSDP readers. Next step: `menshen flash` with them in its settings.")
    link.write(_FILE, str(minutes).encode(), lambda done: None)


def _take_back(link: Link, minutes: int) -> None:
    """Who is told that commissioning is not open must not find it open after the next start."""
    try:
        link.enter()
        persist(link, "what the door is no longer asked for", lambda: link.run(_FORGET))
    except FlashError as error:
        raise CommissionError(
            f"commissioning did not begin, but the door may open commissioning for {minutes} minutes when it starts "
            f"({error}). Next step: give the same command again, or restart the door twice: the second start shuts it."
        ) from error


def _opened(link: Link) -> tuple[int, ...]:
    """The addresses that the door says."""
    last = ""
    until_s = time.monotonic() + _START_S
    while (line := link.read_line(until_s)) is not None:
        if found := _OPEN.search(line):
            return tuple(int(address) for address in found[1].split())
        last = line or last
        if line.startswith("menshen hello"):
            break
    raise CommissionError(f"the door did not open commissioning; its console says: {last or 'nothing'}")


def _follow(link: Link, addresses: tuple[int, ...], until_s: float, tell: Callable[[str], None]) -> Commissioned:
    keyed: set[int] = set()
    secure: set[int] = set()
    while secure != set(addresses) and (line := link.read_line(until_s)) is not None:
        if not (found := _READER.search(line)):
            continue
        address = int(found[1])
        if found[3]:
            secure.discard(address)
            kind, reason = words.EVENTS.get(int(found[3]), found[3]), words.REASONS.get(int(found[4]), found[4])
            tell(f"reader {address}: {kind} ({reason})")
        else:
            (secure if found[2] == "secure" else keyed).add(address)
            tell(f"reader {address}: {found[2]}")
    missing = tuple(sorted(set(addresses) - secure))
    return Commissioned(tuple(sorted(keyed)), tuple(sorted(secure)), missing)
