"""The duty room's and integrators' HTTP interface: JSON, pictures, and news as server-sent events.

Enters: requests with a session cookie. Leaves: what `Services` offers, checked and named for people.
Start at `create.py`, then `session.py` (who may), `feed.py` (news) and one file a resource.
"""

from controller.api.create import create_app

__all__ = ["create_app"]
