"""Ids into what a guard reads: whose card, which door, which plate is wanted."""

from typing import Any

from controller.events.live import LiveItem
from controller.settings import Settings
from controller.site.tree import Tree
from controller.store.store import Store


class Names:
    """Adds names to events, alerts and captures, from the store and the site file."""

    def __init__(self, store: Store, tree: Tree, settings: Settings) -> None:
        self._store = store
        self._tree = tree
        self._cameras = {camera.id: camera.name for camera in settings.cameras}

    async def named(self, item: LiveItem) -> dict[str, Any]:
        """A live item's data with its names."""
        if item.kind == "event":
            return await self.event(item.data)
        if item.kind == "alert":
            return await self.alert(item.data)
        if item.kind == "capture":
            return await self.capture(item.data)
        return item.data

    async def event(self, data: dict[str, Any]) -> dict[str, Any]:
        """`events.ingest.event_data` and whose credential it was."""
        return {**data, "person_name": await self._person(data["person"])}

    async def alert(self, data: dict[str, Any]) -> dict[str, Any]:
        """An alert's fields, where it is, and what it is about."""
        return {
            **data,
            "place_name": self._place(data["place"]),
            "subject_name": await self._subject(data["subject"], data["place"]),
        }

    async def capture(self, data: dict[str, Any]) -> dict[str, Any]:
        """A capture's fields, who it is, and which camera saw it."""
        camera = data["camera"]
        return {
            **data,
            "person_name": await self._person(data["person"]),
            "camera_name": self._cameras.get(camera, camera),
        }

    async def _person(self, person: int | None) -> str:
        found = await self._store.documents.person(person) if person else None
        return found.name if found else ""

    def _place(self, place: str) -> str:
        known = self._tree.places.get(place)
        return known.name if known else self._cameras.get(place, place)

    async def _subject(self, subject: str, place: str) -> str:
        """The wanted plate; who is under duress; else the door that the subject's board serves; else the subject."""
        kind, _, rest = subject.partition(":")
        if kind == "watchlist" and rest.isdigit():
            return await self._store.documents.watchlist_value(int(rest)) or subject
        if kind == "person" and rest.isdigit():
            return await self._person(int(rest)) or subject
        board = self._tree.by_device.get(kind)
        return board.name if board else self._place(subject or place)
