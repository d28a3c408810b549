"""The demo's listener on the wire."""

from __future__ import annotations

from pathlib import Path

from doorwire.messages import Hello
from tools.authority import Authority
from tools.demo.watch import Wire
from tools.door_simulator import SimulatedDoor


def test_what_a_board_sent_before_its_key_was_known_counts_once_it_is(tmp_path: Path) -> None:
    key, device = bytes(range(32)), "02000000000a"
    door = SimulatedDoor(device, key)
    door.connect(0.0)
    wire = Wire(1, Authority(tmp_path, "Menshen demo").certificate_file, "secret", "demo")
    for payload in door.outgoing:
        wire._take(device, payload)
    assert door.outgoing and not wire.says(device, Hello)
    wire.know({device: key})
    assert wire.says(device, Hello) and wire.unreadable == 0
    wire._take(device, b"no frame")
    assert wire.unreadable == 1
