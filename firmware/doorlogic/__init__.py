"""What a door decides, as pure functions: values in, values out; no clock, pin, file or socket.

Enters: edges (`wiegand.py`), a credential and what the list says of it (`search.py`, `decide.py`), levels and requests
(`door.py`), stored bytes (`journal.py`). Leaves: cards, decisions, what to do with the relay, which events to keep.
Start reading at `decide.py`. Runs on CPython and MicroPython.
"""
