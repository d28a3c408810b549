"""`menshen bench hostile`: a million hostile messages, and a broker in the attacker's hands, against a door's relay."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from tools.bench import Report
from tools.hostile_bus import attack_through_broker
from tools.machine import describe
from tools.simulate import simulate, whole

MESSAGES = 1_000_000  # at the door's gate, in MicroPython
THROUGH_MQTT = 40_000  # more of them in sessions that no broker should speak, in MicroPython
THROUGH_BROKER = 20_000  # more of them through Mosquitto and TLS, to the whole firmware on a virtual board
PROCESSES = 2
_HEAP = "512k"  # the door on the desk is not compiled, and shares its heap with the attacker


def bench_hostile(messages: int = MESSAGES, through_broker: int = THROUGH_BROKER) -> Report:
    """Unauthorised relay edges, which have to be none, and authorised ones, which have to be all."""
    at_the_gate = storm(messages)
    live = asyncio.run(attack_through_broker(through_broker))
    figures: Report = {
        "messages": whole(at_the_gate["messages"]) + live.messages,
        "unauthorised_edges": whole(at_the_gate["unauthorised_edges"]) + max(live.edges - live.authorised, 0),
        "authorised_edges": whole(at_the_gate["authorised_edges"]) + live.authorised,
        "missing_edges": whole(at_the_gate["missing_edges"]) + max(live.authorised - live.edges, 0),
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
    return simulate("device.tests.hostile", "./", *share, heap=_HEAP)


def _sum(reports: list[Report]) -> Report:
    """Numbers added, key by key; the heap's growth is the worst one's."""
    total: Report = {}
    for report in reports:
        for key, value in report.items():
            if isinstance(value, dict):
                so_far = total.get(key)
                total[key] = _sum([so_far if isinstance(so_far, dict) else {}, value])
            elif key == "heap_growth_bytes":
                total[key] = max(whole(total.get(key, value)), whole(value))
            else:
                total[key] = whole(total.get(key, 0)) + whole(value)
    return total
