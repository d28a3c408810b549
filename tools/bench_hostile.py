"""`menshen bench hostile`: a million hostile messages, and a broker in the attacker's hands, against a door's relay."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.bench import Report
from tools.firmware_tests import FIRMWARE
from tools.hostile_bus import attack_through_broker
from tools.machine import describe
from tools.setup import system

MESSAGES = 1_000_000  # at the door's gate, in MicroPython
THROUGH_MQTT = 40_000  # more of them in sessions that no broker should speak, in MicroPython
THROUGH_BROKER = 20_000  # more of them through Mosquitto and TLS, to the whole firmware on a virtual board
PROCESSES = 2
_HEAP = "512k"  # the door on the desk is not compiled, and shares its heap with the attacker
_TIMEOUT_S = 600
_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from device.tests.hostile import main
main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
"""


def bench_hostile(messages: int = MESSAGES, through_broker: int = THROUGH_BROKER) -> Report:
    """Unauthorised relay edges, which have to be none, and authorised ones, which have to be all."""
    at_the_gate = storm(messages)
    live = asyncio.run(attack_through_broker(through_broker))
    figures: Report = {
        "messages": _whole(at_the_gate["messages"]) + live.messages,
        "unauthorised_edges": _whole(at_the_gate["unauthorised_edges"]) + max(live.edges - live.authorised, 0),
        "authorised_edges": _whole(at_the_gate["authorised_edges"]) + live.authorised,
        "missing_edges": _whole(at_the_gate["missing_edges"]) + max(live.authorised - live.edges, 0),
        "in_micropython": at_the_gate,
        "through_broker": live.messages,
        "through_broker_per_s": round(live.messages / live.took_s),
    }
    return {"name": "bench-hostile", "figures": figures, "peers": {}, "machine": describe()}


def storm(messages: int = MESSAGES, through_mqtt: int = THROUGH_MQTT, seed: int = 1) -> Report:
    """What `messages` and `through_mqtt` more did to a door (`device/tests/hostile.py`): sums of processes."""
    shares = [(seed + n, messages // PROCESSES, through_mqtt // PROCESSES) for n in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        return _sum(list(pool.map(_storm, shares)))


def _storm(share: tuple[int, int, int]) -> Report:
    seed, messages, through_mqtt = share
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "storm.py"
        script.write_text(_SCRIPT)
        argv = [*system.micropython(), "-X", f"heapsize={_HEAP}", str(script), str(FIRMWARE), f"{folder}/"]
        numbers = [str(seed), str(messages), str(through_mqtt)]
        done = subprocess.run([*argv, *numbers], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"the storm ended with {done.returncode}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    found: Report = json.loads(done.stdout.splitlines()[-1])
    return found


def _sum(reports: list[Report]) -> Report:
    """Numbers added, key by key; the heap's growth is the worst one's."""
    total: Report = {}
    for report in reports:
        for key, value in report.items():
            if isinstance(value, dict):
                so_far = total.get(key)
                total[key] = _sum([so_far if isinstance(so_far, dict) else {}, value])
            elif key == "heap_growth_bytes":
                total[key] = max(_whole(total.get(key, value)), _whole(value))
            else:
                total[key] = _whole(total.get(key, 0)) + _whole(value)
    return total


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no number")
    return value
