"""`menshen bench push`: from a community's document to sealed frames for each door, by the controller's own code.

A document of 100,000 cards for one door, and one of 20,000 cards for a compound of 180 unit doors and 4 gates. Then 100
cards change. No broker and no flash: what a door does with the frames is measured by `menshen bench door`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from controller.access.compile import Current, DoorKey, compile_lists
from controller.access.document import Credential, Document, Person
from controller.bus.transfer import Transfer, transfer_to
from controller.bus.window import CHUNK, WINDOW
from controller.settings import Settings
from controller.site.tree import Tree
from controller.store.doorlists import DoorList
from doorwire.frame import Frame
from doorwire.messages import Message
from tools.bench import Report
from tools.machine import describe

ENTRIES = 100_000
UNITS, GATES, RESIDENTS = 180, 4, 20_000
CHANGED = 100
T = TypeVar("T")


def bench_push(entries: int = ENTRIES, residents: int = RESIDENTS) -> Report:
    """Times in ms, bytes as in the frames' payloads."""
    figures: Report = {}
    _one_door(figures, entries)
    _compound(figures, residents)
    return {"name": "bench-push", "figures": figures, "peers": {}, "machine": describe()}


def _one_door(figures: Report, entries: int) -> None:
    tree = _tree(1, 0)
    keys = _keys(tree)
    payload = _document(1, entries, 0, ["u0"], []).model_dump_json().encode()
    document, parse_ms = _timed(lambda: Document.model_validate_json(payload))
    first, compile_ms = _timed(lambda: _compiled(document, tree, keys, {}))
    sent, frames_ms = _timed(lambda: _sent(keys, first, {}))
    figures["first_load_ms"] = round(parse_ms + compile_ms + frames_ms, 1)
    figures |= {"first_load_parse_ms": parse_ms, "first_load_compile_ms": compile_ms, "first_load_frames_ms": frames_ms}
    figures["first_load_bytes"] = sent
    for changed in (CHANGED // 10, CHANGED, CHANGED * 5):
        document = _document(2, entries, changed, ["u0"], [])
        second, compile_ms = _timed(partial(_compiled, document, tree, keys, first))
        sent, delta_ms = _timed(partial(_sent, keys, second, first))
        figures[f"delta_{changed}_compile_ms"] = compile_ms
        figures[f"delta_{changed}_encode_and_frames_ms"] = delta_ms
        figures[f"delta_{changed}_bytes"] = sent


def _compound(figures: Report, residents: int) -> None:
    tree = _tree(UNITS, GATES)
    keys = _keys(tree)
    units, gates = [f"u{n}" for n in range(UNITS)], [f"gate{n}" for n in range(GATES)]
    document = _document(1, residents, 0, units, gates)
    first, figures["doors_184_compile_ms"] = _timed(lambda: _compiled(document, tree, keys, {}))
    figures["doors_184_whole_bytes"], figures["doors_184_whole_frames_ms"] = _timed(lambda: _sent(keys, first, {}))
    changed = _document(2, residents, CHANGED, units, gates)
    second, figures["doors_184_delta_100_compile_ms"] = _timed(lambda: _compiled(changed, tree, keys, first))
    figures["doors_184_delta_100_bytes"], figures["doors_184_delta_100_encode_and_frames_ms"] = _timed(
        lambda: _sent(keys, second, first)
    )
    figures["doors_184_that_get_a_delta"] = len(second)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    value = work()
    return value, round(1000 * (time.perf_counter() - began), 1)


def _tree(units: int, gates: int) -> Tree:
    """Ten units a building, one grid; a door a unit."""
    buildings = range((units + 9) // 10)
    data = {
        "site": {"id": "bench", "name": "bench"},
        "broker": {"host": "localhost", "ca": "ca", "password_file": "password"},
        "store": {"database": "database", "box_key_file": "key", "ledger": "ledger"},
        "grid": [{"id": "g", "name": "g"}],
        "building": [{"id": f"b{n}", "name": "b", "grid": "g"} for n in buildings],
        "unit": [{"id": f"u{n}", "name": "u", "building": f"b{n // 10}"} for n in range(units)],
        "door": [{"id": f"d{n}", "name": "d", "unit": f"u{n}", "device": f"{n:012x}"} for n in range(units)],
        "gate": [{"id": f"gate{n}", "name": "n", "device": f"{units + n:012x}"} for n in range(gates)],
    }
    return Tree(Settings.model_validate(data, context={"folder": Path()}))


def _keys(tree: Tree) -> dict[str, DoorKey]:
    rows = [DoorKey(place.id, place.device, secrets.token_bytes(32)) for place in tree.places.values()]
    return {row.device: row for row in rows}


def _document(version: int, cards: int, changed: int, units: list[str], gates: list[str]) -> Document:
    """One card a person; the first `changed` of them have got another card."""
    return Document(
        site="bench",
        version=version,
        previous="",
        issued_unix=version,
        expires_unix=0,
        people=[Person(id=n + 1, name=f"{n}", doors=[units[n % len(units)]], gates=gates) for n in range(cards)],
        credentials=[
            Credential(person=n + 1, kind="card", value=n + 1 + (cards if n < changed else 0)) for n in range(cards)
        ],
    )


def _compiled(
    document: Document, tree: Tree, keys: dict[str, DoorKey], before: dict[str, DoorList]
) -> dict[str, DoorList]:
    current = {row.device: Current(row.version, row.content_digest) for row in before.values()}
    return {one.device: DoorList.of(one) for one in compile_lists(document, tree, keys.values(), current)}


def _sent(keys: dict[str, DoorKey], lists: dict[str, DoorList], installed: dict[str, DoorList]) -> int:
    """Every door's transfer, with a door that answers each window: bytes of lists and deltas in sealed frames."""
    total = 0
    for device, desired in lists.items():
        key = keys[device].key
        transfer = transfer_to(desired, installed.get(device), key)
        total += transfer.size
        for counter, message in enumerate(_messages(transfer), 1):
            Frame(bytes.fromhex(device), 1, counter, 60, message).to_bytes(key)
    return total


def _messages(transfer: Transfer) -> Iterable[Message]:
    yield from transfer.begin()
    for offset in range(0, transfer.size, WINDOW * CHUNK):
        yield from transfer.progress(offset)
