"""Use cases: what a door's frame, a camera's sighting and a guard's click lead to.

Enters: sealed frames, sightings. Leaves: rows in the store, commands through `ports.py`, news on `live.py`.
Start at `ingest.py` (store, then ack), then `decide.py` (face, plate, watchlist). `alarm.py` raises alerts with their
evidence, `captures.py` keeps pictures for seconds, `enrol.py` is consent and templates, `audit.py` is who did what.
"""
