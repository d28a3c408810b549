"""The hardware edge: boards, reader lines, lock relay, files in flash, clock, MQTT, the link to the controller.

Enters: edges, levels, bytes from flash and network. Leaves: values for `doorlogic`, relay levels, files, frames.
Start reading at `board.py` (what a board offers), then `link.py`. Only `board_*.py` know which chip this is; the rest
runs on CPython too, with the board given.
"""
