# FROZEN_MANIFEST of an ESP32 door's MicroPython: the port's own without its `_boot.py` and `inisetup.py`, which format.
freeze("$(PORT_DIR)/modules", ("flashbdev.py",))
freeze(".", ("_boot.py", "door_flash.py"))
include("$(MPY_DIR)/extmod/asyncio")
