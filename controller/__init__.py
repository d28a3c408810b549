"""The compound's controller: one asyncio process beside one vision child.

Enters: sealed frames from doors, sightings from cameras, signed lists from the community server, guards' clicks.
Leaves: sealed commands and lists to doors, events and alerts to the page and the server.
Start reading at `app.py` (composition), then `events/ingest.py` (a badge), `events/decide.py` (a face, a plate),
`sync/client.py` (a list). `services.py` is all that `api/` may use. `settings.py` is the TOML file.
"""
