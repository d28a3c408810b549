# FROZEN_MANIFEST of an RP2 door's MicroPython: the port's own without its `_boot.py`, which formats.
freeze("$(PORT_DIR)/modules", ("rp2.py",))
freeze(".", ("_boot.py", "door_flash.py"))
include("$(MPY_DIR)/extmod/asyncio")
