"""The store: one database, one class a concern."""

from pathlib import Path

from controller.store.alerts import Alerts
from controller.store.box import Box, load_or_make_key
from controller.store.care import CareRows
from controller.store.database import Database
from controller.store.devices import Devices
from controller.store.documents import Documents
from controller.store.doorlists import DoorLists
from controller.store.gates import GateModes
from controller.store.journal import Journal
from controller.store.kept import Kept
from controller.store.passages import Passages
from controller.store.templates import Templates
from controller.store.users import Users
from controller.store.visits import VisitCounts


class Store:
    """Opening raises StoreError, which says in words why not. End with `await close()`.

    `alone`: refuse when another controller has it open. A command that adds one row beside it says False.
    """

    def __init__(self, database: Path, box_key_file: Path, alone: bool = True) -> None:
        box = Box(load_or_make_key(box_key_file, database.exists()))
        self.database = Database(database, alone)
        self.devices = Devices(self.database, box)
        self.journal = Journal(self.database)
        self.alerts = Alerts(self.database, box)
        self.documents = Documents(self.database)
        self.doorlists = DoorLists(self.database)
        self.templates = Templates(self.database, box)
        self.kept = Kept(self.database, box)
        self.users = Users(self.database)
        self.passages = Passages(self.database)
        self.care = CareRows(self.database)
        self.visits = VisitCounts(self.database)
        self.gates = GateModes(self.database)

    async def close(self) -> None:
        """Commit what is queued and let go of the file."""
        await self.database.close()
