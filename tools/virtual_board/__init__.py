"""A door on the desk: the real firmware in a MicroPython process, its flash a LittleFS image file, its pins a socket.

Enters: an image written by `tools/provision.py` or by flashing; swipes, input levels, power cuts. Leaves: output edges,
the console. Start reading at `board.py` (the harness), then `boot.py` (what runs inside MicroPython before `main.py`).
`serial_board.py` is the same board behind a serial port, for `menshen flash`.
"""
