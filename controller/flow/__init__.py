"""Counts of passages: a track crosses two lines, an hour has a number. Pure; no identities. Start at `lines.py`."""
