"""Consent and templates: given, matched against, withdrawn."""

import logging
from collections.abc import Callable

from controller.events.ports import EnrolError, Vision
from controller.store.alerts import AuditRow
from controller.store.errors import GalleryFullError
from controller.store.store import Store
from controller.store.templates import Consent, Origin

LEFT_DAYS = 30  # templates of people who are on no list any more are destroyed after so long

_log = logging.getLogger(__name__)


class Enrolment:
    """Faces of residents who said yes."""

    def __init__(self, store: Store, vision: Vision, unix: Callable[[], float], embedder: str, beyond: float) -> None:
        """`embedder`: the digest of the net in use; templates of another one are as good as none. `beyond`: farther
        than two frames of one passage are apart (Euclidean).
        """
        self._store = store
        self._vision = vision
        self._unix = unix
        self._embedder = embedder
        self._beyond = beyond

    async def enrol(self, person: int, consent: Consent, jpeg: bytes | None, camera: str | None = None) -> int:
        """Templates from a picture or a camera, with the consent; how many the person has now."""
        if await self._store.documents.person(person) is None:
            raise EnrolError("this person is not on the community's list; enter the person there first")
        if not consent.text_version:
            raise EnrolError("no consent was recorded; let the person read and accept the text first")
        vectors = await self._vision.enrol(jpeg, camera)
        now = self._unix()
        origin = Origin(self._embedder, f"camera:{camera}" if camera else "picture")
        try:
            count = await self._store.templates.add(person, vectors, consent, origin, now)
        except GalleryFullError as error:
            raise EnrolError(str(error)) from error
        detail = f"consent {consent.text_version}" + (f", guardian {consent.guardian}" if consent.guardian else "")
        await self._store.alerts.audit(AuditRow(now, consent.recorded_by, "enrol", f"person:{person}", detail))
        await self.show_gallery()
        return count

    async def counts(self) -> dict[int, int]:
        """Templates in use of each enrolled person; 0: to be enrolled again."""
        return await self._store.templates.counts(self._embedder)

    async def not_me(self, person: int, spare: float, who: str) -> None:
        """Somebody else was taken for `person`: a face as far away as that, `spare` within the rule, never is again.

        To say it twice changes nothing more.

        Nothing of the other is kept but this number, for the other has agreed to nothing.
        """
        stricter = await self._store.templates.tighten(person, spare + self._beyond)
        await self._store.alerts.audit(
            AuditRow(self._unix(), who, "not-this-person", f"person:{person}", f"stricter by {stricter:.3f}")
        )
        await self.show_gallery()

    async def withdraw(self, person: int, who: str) -> int:
        """Destroy the person's key and templates; how many templates went."""
        now = self._unix()
        gone = await self._store.templates.withdraw(person, now)
        await self._store.alerts.audit(AuditRow(now, who, "withdraw-consent", f"person:{person}", ""))
        await self.show_gallery()
        return gone

    async def show_gallery(self) -> None:
        """Give the cameras' process the templates of everyone on the list in force."""
        await self._vision.set_gallery(await self._store.templates.gallery(self._embedder))
        again = sum(count == 0 for count in (await self.counts()).values())
        if again:
            _log.warning("the face embedder has changed: %d people have to be enrolled again", again)

    async def forget_left(self) -> None:
        """Destroy the templates of people who left the list long ago."""
        for person in await self._store.templates.left_before(self._unix() - LEFT_DAYS * 86_400):
            await self.withdraw(person, "retention")
