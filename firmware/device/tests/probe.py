"""A stopwatch in the real firmware: it takes the place of `app` in a bundle to be measured; that is `door_app` then.

What to measure stands in `probe.json`; what was measured is printed, one JSON object after the word "probe".
Lines that begin with "trace" tell what the firmware does, in its order (the virtual board adds its flash operations).
"""

import asyncio
import json
import sys
import time

import door_app

from device.board import EdgeRing
from device.board_unix import UnixBoard
from device.dial import TlsStream
from device.doorway import Doorway
from device.journal_store import JournalStore
from device.list_store import Part

_PAUSE_MS = 3  # between two badges: the firmware's other tasks have their turn
_CARD = 1  # CREDENTIAL_CARD


class Seen:
    """What the wrapped functions have noticed."""

    doorway = None
    reads = 0
    first_output_us = -1
    last_edge_us = -1
    appends_us = []
    task = None


def wrap(kind, name, around):
    """Replace a method by `around(method, self, *arguments)`."""
    method = getattr(kind, name)
    setattr(kind, name, lambda self, *arguments: around(method, self, *arguments))


def _made_doorway(method, self, *arguments):
    method(self, *arguments)
    Seen.doorway = self


def _read(method, self, offset, size):
    Seen.reads += 1
    return method(self, offset, size)


def _put(method, self, line, at_us):
    if Seen.last_edge_us < 0:
        print("trace swipe")
    Seen.last_edge_us = at_us
    method(self, line, at_us)


def _pulse(method, self, output, ms):
    now_us = time.ticks_us()
    if Seen.first_output_us < 0:
        Seen.first_output_us = now_us
    method(self, output, ms)
    if output == "relay" and Seen.last_edge_us >= 0:
        print("trace relay", (now_us - Seen.last_edge_us) & 0x3FFFFFFF)
        Seen.last_edge_us = -1


def _append(method, self, event):
    began_us = time.ticks_us()
    kept = method(self, event)
    Seen.appends_us.append(time.ticks_diff(time.ticks_us(), began_us))
    return kept


def _drain(method, self):
    print("trace network")
    return method(self)


def _running(method, self):
    method(self)
    Seen.task = asyncio.create_task(_measure())


wrap(Doorway, "__init__", _made_doorway)
wrap(Part, "read", _read)
wrap(EdgeRing, "put", _put)
wrap(UnixBoard, "pulse", _pulse)
wrap(UnixBoard, "running", _running)
wrap(JournalStore, "append", _append)
wrap(TlsStream, "drain", _drain)


async def _measure():
    """`cards`: decide about each; `scan` or `files`: look each up as esp-rfid would."""
    wanted = _wanted()
    await asyncio.sleep_ms(300)
    del Seen.appends_us[:]
    look_up = None
    if wanted["what"] == "scan":
        look_up = _scan
    elif wanted["what"] == "file":
        look_up = _open
    times_us, reads = [], []
    for card in wanted["cards"]:
        if look_up is None:
            before = Seen.reads
            Seen.first_output_us = -1
            began_us = time.ticks_us()
            Seen.doorway.badge(_CARD, card)
            times_us.append(time.ticks_diff(Seen.first_output_us, began_us))
            reads.append(Seen.reads - before)
        else:
            began_us = time.ticks_us()
            if look_up(str(card)) is None:
                raise ValueError("a card that is listed was not found")
            times_us.append(time.ticks_diff(time.ticks_us(), began_us))
        await asyncio.sleep_ms(_PAUSE_MS)
    print("probe", end=" ")
    json.dump({"us": times_us, "reads": reads, "appends_us": Seen.appends_us}, sys.stdout)  # as text it does not fit
    print()


def _wanted():
    with open("probe.json") as file:
        return json.load(file)


def _scan(uid):
    """One JSON object a user in one file: parsed one by one until it is the one."""
    with open("users.json") as file:
        for line in file:
            user = json.loads(line)
            if user["uid"] == uid:
                return user
    return None


def _open(uid):
    """One file a user, named by the card: esp-rfid's own way (src/rfid.esp, rfidloop)."""
    with open("P/" + uid) as file:
        return json.loads(file.read())


main = door_app.main
