"""Counts of passages by the hour. Pure; no identities. Start at `hours.py`."""
