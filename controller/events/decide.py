"""A face or a plate was seen: may it pass, must somebody know, and what is kept of it (as a rule: nothing)."""

from collections.abc import Callable

from controller.access.appearance import differences
from controller.access.document import Vehicle
from controller.access.gate_sides import GateSides, Passing
from controller.access.policy import Policy, Verdict
from controller.access.resolve import Resolved
from controller.events.alarm import Alarm
from controller.events.captures import Capture, Captures, SeenVehicle, new_capture_id
from controller.events.opening import Opening
from controller.events.standing import Stand, Standing
from controller.events.tries import Tries
from controller.events.wanted import Hit, surest
from controller.settings import CameraSettings
from controller.vision.sighting import FaceSighting, PlateSighting
from controller.watchlist.level import SURE_CONFIDENCE, Level
from models.plates.alphabet import normal_plate

OPEN_CONFIDENCE = 0.5  # of a plate that is on the list letter by letter
SAME = 0.5  # probability of the plate that a barrier's other camera has just let pass: then it is that car
_ELSEWHERE = 0.01  # so much below the least certain character: the doubt is in none of them
RESOLVED = 0.99  # probability of a registered plate from which a doubtful read counts as that plate


class Decide:
    """One decision a sighting; a sighting is one passage of one face or plate."""

    def __init__(
        self,
        cameras: dict[str, CameraSettings],
        policy: Callable[[], Policy],
        opening: Opening,
        alarm: Alarm,
        captures: Captures,
        count: Callable[[PlateSighting], None],
    ) -> None:
        """`count` hears of each vehicle's passage."""
        self._cameras = cameras
        self._policy = policy
        self._opening = opening
        self._alarm = alarm
        self._captures = captures
        self._count = count
        self._sides = GateSides()
        self._standing = Standing()
        self._tries = Tries()

    async def face(self, seen: FaceSighting) -> str:
        """Open the camera's door for a resident who may pass it; the outcome (see `Capture`)."""
        camera = self._cameras.get(seen.camera)
        if camera is None:
            return "unknown-camera"
        if seen.person is None or not self._policy().knows(seen.person):
            self._keep(seen, "stranger", "stranger", None, None)
            return "stranger"
        outcome = await self._face_outcome(seen, camera, seen.person)
        self._keep(seen, "resident", outcome, seen.person, None)
        return outcome

    async def plate(self, seen: PlateSighting) -> str:
        """Watchlist first: a hit raises an alert and no barrier. Else raise the barrier for a listed plate.

        A car that was just let in is not let in once more by the camera behind the barrier. One that stays is tried
        again where the gate could not open, and judged anew when its plate is read surely at last.
        """
        camera = self._cameras.get(seen.camera)
        if camera is None:
            return "unknown-camera"
        stand = self._standing.begin(seen)
        if stand is None:
            return "same-passage"
        try:
            outcome = await self._passage(seen, camera, stand)
        finally:
            stand.deciding = False
        stand.outcome = outcome
        return outcome

    async def _passage(self, seen: PlateSighting, camera: CameraSettings, stand: Stand) -> str:
        hit = surest(self._policy().document, seen)
        first = not stand.outcome
        if first and camera.opens is not None:
            if not hit.exact and self._is_passing(seen, camera, camera.opens):
                return "same-passage"
            first = self._sides.counts(Passing(camera.opens, camera.id, normal_plate(seen.text), seen.at_unix))
        if first:
            self._count(seen)
        verdict = Verdict(False, "no-barrier")
        if camera.opens is not None:
            verdict = self._policy().plate_at(seen.text, camera.opens, seen.at_unix)
        certain_resident = verdict.allowed and seen.confidence >= OPEN_CONFIDENCE
        if hit.entry and (hit.level is Level.SURE or not certain_resident):
            return await self._wanted(seen, camera, hit, verdict, stand)
        if stand.outcome in ("opened", "same-passage") or stand.charged:
            return stand.outcome
        resolved = None if certain_resident else self._resolved(seen, camera, verdict)
        if resolved is not None and camera.opens is not None:
            verdict = self._policy().plate_at(resolved.plate, camera.opens, seen.at_unix)
            certain_resident = verdict.allowed
        plate, probability = (resolved.plate, resolved.probability) if resolved else (seen.text, None)
        if verdict.allowed and not certain_resident:
            verdict = Verdict(False, "unsure", verdict.person)
        vehicle = self._policy().vehicle(plate)
        outcome = await self._plate_outcome(seen, camera, vehicle, verdict)
        stand.charged = outcome == "no-answer" and vehicle is not None and vehicle.uses > 0
        if outcome != stand.outcome:
            self._keep(seen, "plate", outcome, verdict.person or None, plate, probability)
        return outcome

    async def _wanted(
        self, seen: PlateSighting, camera: CameraSettings, hit: Hit, verdict: Verdict, stand: Stand
    ) -> str:
        if stand.alerted != (hit.entry, hit.level):
            stand.alerted = (hit.entry, hit.level)
            place = camera.opens or camera.id
            picture = (camera.id, seen.jpeg) if seen.jpeg else None
            await self._alarm.raise_alert(
                "watchlist", hit.level.value, f"watchlist:{hit.entry}", place, hit.reason, picture
            )
            self._keep(seen, "plate", "watchlist", verdict.person or None, seen.text)
        return "watchlist"

    def _is_passing(self, seen: PlateSighting, camera: CameraSettings, gate: str) -> bool:
        """Two cameras may read one plate differently: a doubtful read is the likeliest registered plate's, a sure one
        its own, however alike they look.
        """

        def carries(plate: str) -> bool:
            if normal_plate(seen.text) == plate or seen.confidence >= SURE_CONFIDENCE:
                return normal_plate(seen.text) == plate
            resolved = self._policy().likely_plate(seen.text, seen.posteriors)
            return resolved is not None and resolved.plate == plate and resolved.probability >= SAME

        return self._sides.is_passing(gate, camera.id, seen.at_unix, carries)

    def _resolved(self, seen: PlateSighting, camera: CameraSettings, verdict: Verdict) -> Resolved | None:
        """The registered plate that a doubtful read is, if that is as good as certain; a sure read is what it says."""
        doubtful = verdict.allowed or verdict.reason == "unknown-credential"
        if camera.opens is None or not doubtful or seen.confidence >= SURE_CONFIDENCE:
            return None
        if min(seen.posteriors, default=0.0) > seen.confidence + _ELSEWHERE:
            return None
        resolved = self._policy().likely_plate(seen.text, seen.posteriors)
        return resolved if resolved is not None and resolved.probability >= RESOLVED else None

    async def _face_outcome(self, seen: FaceSighting, camera: CameraSettings, person: int) -> str:
        if camera.opens is None:
            return "known"
        verdict = self._policy().person_at(person, camera.opens, seen.at_unix)
        if not verdict.allowed:
            return verdict.reason
        if camera.liveness != "none" and self._tries.too_many(camera.id, person, seen.at_unix):
            return "locked-out"
        if camera.liveness != "none" and not seen.live:
            await self._note_try(seen, camera.opens, person)
            return "not-live"
        if camera.single and seen.others:
            return "not-alone"
        if camera.with_card:
            return await self._opening.to_card(camera.opens, person, seen.at_unix)
        return await self._opening.to_face(camera.opens, person, seen.at_unix)

    async def _note_try(self, seen: FaceSighting, place: str, person: int) -> None:
        """Somebody with a resident's face moved otherwise than asked; who does so again and again may be a film."""
        if seen.wrong_move and self._tries.fail(seen.camera, person, seen.at_unix):
            words = (
                "a face moved otherwise than asked three times: perhaps a film; it opens nothing here for 10 minutes"
            )
            picture = (seen.camera, seen.jpeg) if seen.jpeg else None
            await self._alarm.raise_alert(
                "not-live", Level.NEEDS_PERSON.value, f"person:{person}", place, words, picture
            )

    async def _plate_outcome(
        self, seen: PlateSighting, camera: CameraSettings, vehicle: Vehicle | None, verdict: Verdict
    ) -> str:
        if camera.opens is None or vehicle is None or not verdict.allowed:
            return verdict.reason
        passing = Passing(camera.opens, camera.id, normal_plate(vehicle.plate), seen.at_unix)
        self._sides.let_pass(passing)  # before the gate answers: the other camera may see it sooner
        outcome = "failed"
        try:
            outcome = await self._opening.to_vehicle(camera.opens, vehicle, seen.at_unix)
        finally:
            if outcome != "opened":
                self._sides.withdraw(passing)
        return outcome

    def _keep(
        self,
        seen: FaceSighting | PlateSighting,
        kind: str,
        outcome: str,
        person: int | None,
        plate: str | None,
        probability: float | None = None,
    ) -> None:
        """In memory, for seconds, for the page."""
        spare = seen.spare if isinstance(seen, FaceSighting) else 0.0
        vehicle = self._vehicle(seen, plate or "") if isinstance(seen, PlateSighting) else None
        capture = Capture(
            new_capture_id(), seen.camera, kind, seen.at_unix, outcome, person, plate, probability, spare, vehicle
        )
        self._captures.add(capture, seen.jpeg)

    def _vehicle(self, seen: PlateSighting, plate: str) -> SeenVehicle:
        """What else was seen, and where that is not what is registered with the plate."""
        looks = (seen.body_colour, seen.body_confidence, seen.vehicle_class)
        registered = self._policy().vehicle(plate)
        differs = differences(registered, *looks) if registered else {}
        return SeenVehicle(seen.plate_type, seen.colour, *looks, seen.direction, differs)
