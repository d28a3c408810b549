"""A face, a plate: what opens, what alarms, what is kept."""

from dataclasses import replace

from controller.conftest import Middle
from controller.events.captures import KEEP_S, Captures
from controller.events.decide import Decide
from controller.events.opening import CARD_S
from controller.events.ports import CommandResult
from controller.events.tests.scene import MakeMiddle, OpenDoors, face, plate, play
from controller.events.tries import MOST, WITHIN_S
from doorwire import vocabulary as words


def test_a_resident_s_face_opens_its_door_and_a_neighbour_s_does_not(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        assert await decide.face(face(middle, 7)) == "opened"
        assert await decide.face(face(middle, 8)) == "unknown-credential"
        assert doors.opened == [("b1-u1", words.REASON_FACE, 7)]
        assert [(row.kind, row.outcome) for row in captures.recent()] == [
            ("resident", "unknown-credential"),
            ("resident", "opened"),
        ]

    play(make_middle, scene)


def test_a_face_that_may_be_a_photograph_opens_nothing_unless_the_site_says_so(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        for live in (False, None):
            assert await decide.face(face(middle, 7, live)) == "not-live"
        assert not doors.opened and [row.outcome for row in captures.recent()] == ["not-live", "not-live"]
        camera = next(camera for camera in middle.settings.cameras if camera.id == "face-1")
        decide._cameras = {"face-1": camera.model_copy(update={"liveness": "none"})}
        assert await decide.face(face(middle, 7, None)) == "opened"

    play(make_middle, scene)


def test_a_face_that_moves_otherwise_than_asked_again_and_again_is_an_alert_and_opens_nothing_for_a_while(
    make_middle: MakeMiddle,
) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        wrong = replace(face(middle, 7, False), wrong_move=True)
        for _ in range(MOST):
            assert await middle.store.alerts.latest(5) == []
            assert await decide.face(face(middle, 7, False)) == "not-live"  # who only stood there has tried nothing
            assert await decide.face(wrong) == "not-live"
        (alert,) = await middle.store.alerts.latest(5)
        assert (alert.kind, alert.subject, alert.place) == ("not-live", "person:7", "b1-u1") and alert.capture
        assert await decide.face(face(middle, 7)) == "locked-out" and not doors.opened
        middle.clock.now_s += WITHIN_S
        assert await decide.face(face(middle, 7)) == "opened"

    play(make_middle, scene)


def test_a_camera_beside_a_card_reader_opens_nothing_and_stands_for_the_pin(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        camera = next(camera for camera in middle.settings.cameras if camera.id == "face-1")
        decide._cameras = {"face-1": camera.model_copy(update={"with_card": True})}
        assert await decide.face(face(middle, 7)) == "card-wanted"
        assert await decide.face(replace(face(middle, 7), at_unix=middle.clock.unix() - 4)) == "card-wanted"
        assert doors.vouched == [("b1-u1", words.REASON_FACE, 7, CARD_S - late) for late in (0, 4)]
        assert await decide.face(face(middle, 7, False)) == "not-live"
        assert await decide.face(face(middle, 8)) == "unknown-credential"
        assert await decide.face(replace(face(middle, 7), at_unix=middle.clock.unix() - CARD_S)) == "stale"
        assert len(doors.vouched) == 2 and not doors.opened
        doors.result = CommandResult(False, "unreachable", 0.0)
        assert await decide.face(face(middle, 7)) == "unreachable"

    play(make_middle, scene)


def test_a_camera_for_one_alone_opens_for_nobody_among_others(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        camera = next(camera for camera in middle.settings.cameras if camera.id == "face-1")
        two = replace(face(middle, 7), others=1)
        assert await decide.face(two) == "opened"
        decide._cameras = {"face-1": camera.model_copy(update={"single": True})}
        assert await decide.face(two) == "not-alone" and len(doors.opened) == 1
        assert await decide.face(face(middle, 7)) == "opened"

    play(make_middle, scene)


def test_a_stranger_opens_nothing_and_is_forgotten_in_seconds(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        assert await decide.face(face(middle, None)) == "stranger"
        assert await decide.face(face(middle, 99)) == "stranger"  # enrolled once, on the list no more
        assert not doors.opened
        (first, second) = captures.recent()
        assert first.kind == second.kind == "stranger" and captures.jpeg(first.id) == b"a face"
        assert await middle.store.alerts.latest(5) == []
        assert await middle.store.alerts.evidence(first.id) is None
        middle.clock.now_s += KEEP_S + 1
        assert captures.recent() == [] and captures.jpeg(first.id) is None

    play(make_middle, scene)


def test_an_old_sighting_and_a_missing_list_open_nothing(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        old = replace(face(middle, 7), at_unix=middle.clock.unix() - 6)
        assert await decide.face(old) == "stale"
        assert await decide.face(replace(old, camera="elsewhere")) == "unknown-camera"
        assert doors.opened == []

    async def without_list(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        assert await decide.face(face(middle, 7)) == "stranger"
        assert await decide.plate(plate(middle, "皖A12345")) == "no-list"
        assert doors.opened == []

    play(make_middle, scene)
    play(make_middle, without_list, None)
