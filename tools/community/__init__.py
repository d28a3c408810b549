"""The reference community server: people, credentials, vehicles and watchlist as signed, immutable versions.

Enters: an administrator's rows (`PUT /v1/…`), sites' events (`POST /v1/events`). Leaves: signed lists
(`GET /v1/lists/latest`) and a retained announcement on the broker. Start at `server.py` (every endpoint), then
`publish.py` (one version after the other) and `database.py`. `openapi.py` writes the contract for a larger server.
"""
