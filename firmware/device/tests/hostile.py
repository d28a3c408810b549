"""A million hostile messages against one door's relay. MicroPython runs it for the bench."""

import gc
import json

from device.tests.evil_broker import EvilBroker
from device.tests.hostile_frames import Bus


def main(folder: str, seed: int, count: int, through_mqtt: int) -> None:
    """Print one JSON object of what `count` messages at its gate and `through_mqtt` more did to a door in `folder`."""
    gc.threshold(32_768)
    bus = Bus(folder, seed)
    evil = EvilBroker(bus)
    bus.storm(count // 20)
    evil.run(through_mqtt // 20)
    gc.collect()
    free = gc.mem_free()  # everything that grows once has grown
    bus.storm(bus.hostile + count - count // 20)
    evil.run(through_mqtt)
    gc.collect()
    figures = {
        "messages": bus.hostile,
        "kinds": bus.kinds,
        "authorised_edges": bus.authorised,
        "edges": bus.edges,
        "unauthorised_edges": bus.unauthorised,
        "missing_edges": bus.missing,
        "not_refused": bus.admitted,
        "clock_errors": bus.clock_errors,
        "boots": bus.boots,
        "mqtt_sessions": evil.sessions,
        "mqtt_established": evil.established,
        "mqtt_retained": evil.retained,
        "mqtt_retained_heard": evil.retained_heard,
        "mqtt_ends": evil.errors,
        "mqtt_crashes": evil.crashes,
        "heap_growth_bytes": free - gc.mem_free(),
    }
    print(json.dumps(figures))
