"""What a door's flash and heap have room for: bytes of compiled firmware."""

from __future__ import annotations

from tools.bundle import build_bundle

MODULE = 6 * 1024  # one is read into the heap in one piece at an update, and compiled names grow with it
IMAGE = (
    80 * 1024
)  # a slot; a chip holds one in memory beside the heap, and three fit in flash (two slots, one arriving)
OUTSIDE = {"main.py": 1024, "loader.mpy": 3 * 1024, "slot": 32}  # never updated over the bus


def test_every_module_and_the_image_are_within_their_budgets() -> None:
    bundle = build_bundle()
    sizes = {name: len(content) for name, content in bundle.modules.items()}
    assert {name: size for name, size in sizes.items() if size > MODULE} == {}
    assert {"device/board_esp32.mpy", "device/board_rp2.mpy", "device/pio_rp2.mpy", "boards/__init__.mpy"} <= set(sizes)
    assert sum(sizes.values()) < len(bundle.files["a.rom"]) <= IMAGE
    files = {name: len(content) for name, content in bundle.files.items() if name != "a.rom"}
    assert files.keys() == OUTSIDE.keys() and all(size <= OUTSIDE[name] for name, size in files.items()), files
