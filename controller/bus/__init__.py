"""Doors over MQTT: the broker session, and each door as an object.

Enters: sealed frames on `…/up`, `here`/`lost` on `…/link`. Leaves: sealed, expiring frames on `…/down`, never retained.
Start at `session.py` (connect, reconnect, topics), then `doors.py` (who gets what), `door.py` (one door's boot, clock
and counters), `lists.py` and `transfer.py` (a list on its way), `updates.py` and `upload.py` (a firmware: first to one
door, then to the others). `transfer.py`, `upload.py` and `window.py` are pure.
"""
