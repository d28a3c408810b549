"""Consent and templates: given, matched against, withdrawn."""

from collections.abc import Callable

from controller.events.ports import EnrolError, Vision
from controller.store.alerts import AuditRow
from controller.store.store import Store

LEFT_DAYS = 30  # templates of people who are on no list any more are destroyed after so long


class Enrolment:
    """Faces of residents who said yes."""

    def __init__(self, store: Store, vision: Vision, unix: Callable[[], float]) -> None:
        self._store = store
        self._vision = vision
        self._unix = unix

    async def enrol(self, person: int, consent: str, who: str, jpeg: bytes | None, camera: str | None = None) -> int:
        """Templates from a picture or a camera, with the consent text's version; how many the person has now."""
        if await self._store.documents.person(person) is None:
            raise EnrolError("this person is not on the community's list; enter the person there first")
        if not consent:
            raise EnrolError("no consent was recorded; let the person read and accept the text first")
        vectors = await self._vision.enrol(jpeg, camera)
        now = self._unix()
        count = await self._store.templates.add(person, vectors, consent, who, now)
        await self._store.alerts.audit(AuditRow(now, who, "enrol", f"person:{person}", f"consent {consent}"))
        await self.show_gallery()
        return count

    async def withdraw(self, person: int, who: str) -> int:
        """Destroy the person's key and templates; how many templates went."""
        now = self._unix()
        gone = await self._store.templates.withdraw(person, now)
        await self._store.alerts.audit(AuditRow(now, who, "withdraw-consent", f"person:{person}", ""))
        await self.show_gallery()
        return gone

    async def show_gallery(self) -> None:
        """Give the cameras' process the templates of everyone on the list in force."""
        gallery = await self._store.templates.gallery()
        await self._vision.set_gallery([(row.id, row.person, row.vector) for row in gallery])

    async def forget_left(self) -> None:
        """Destroy the templates of people who left the list long ago."""
        for person in await self._store.templates.left_before(self._unix() - LEFT_DAYS * 86_400):
            await self.withdraw(person, "retention")
