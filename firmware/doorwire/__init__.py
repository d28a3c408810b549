"""The protocol between door and controller: one message table, both runtimes.

Enters: message values (`messages.py`), a device key. Leaves: sealed bytes (`frame.py`), or a refusal.
Start reading at `messages.py` (the table), then `frame.py` (header, seal, replay guard).
`vocabulary.py` holds the enumerations that both ends share. Runs on CPython and MicroPython.
"""
