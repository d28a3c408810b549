"""The community server's client: signed lists in, events out; outbound only.

Enters: `GET /v1/lists/latest` on a poll or an MQTT announcement. Leaves: a verified document in the store and compiled
lists for the doors; events in idempotent batches to `POST /v1/events`. Start at `client.py`, then `verify.py` (pure).
"""
