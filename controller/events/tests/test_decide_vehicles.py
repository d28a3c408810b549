"""A plate: what opens, what alarms, what is counted; cars that wait."""

import asyncio
import logging
from dataclasses import replace

import pytest

from controller.access.document import Document
from controller.access.gate_sides import BOTH_SIDES_S
from controller.conftest import Middle
from controller.events.captures import Captures
from controller.events.decide import Decide
from controller.events.opening import Opening
from controller.events.ports import CommandResult
from controller.events.standing import OFTEN_S, SELDOM_S
from controller.events.tests.scene import DOCUMENT, MakeMiddle, OpenDoors, plate, play
from controller.events.visits import Visits
from controller.vision.sighting import PlateSighting
from doorwire import vocabulary as words


def test_a_listed_plate_raises_the_barrier_and_others_do_not(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        assert await decide.plate(plate(middle, "皖A12345")) == "opened"
        assert await decide.plate(plate(middle, "皖A12345", 0.3)) == "unsure"
        assert await decide.plate(plate(middle, "沪A12345")) == "unknown-credential"
        assert await decide.plate(plate(middle, "皖A99999")) == "expired"
        assert doors.opened == [("north", words.REASON_PLATE, 7)]

    play(make_middle, scene)


def test_a_doubtful_read_of_a_resident_s_plate_is_resolved_and_says_how_probable_that_is(
    make_middle: MakeMiddle,
) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        doubtful = replace(plate(middle, "皖A1234S"), confidence=0.6, posteriors=(*(0.98,) * 6, 0.6))
        assert await decide.plate(doubtful) == "opened"
        assert doors.opened == [("north", words.REASON_PLATE, 7)]
        (kept,) = captures.recent()
        assert kept.plate == "皖A12345" and kept.probability is not None and 0.99 <= kept.probability < 1
        sure = replace(doubtful, confidence=0.95, posteriors=(0.95,) * 7)
        assert await decide.plate(sure) == "unknown-credential"  # a sure read is what it says
        vague = replace(doubtful, confidence=0.3, posteriors=(*(0.98,) * 4, 0.3, 0.3, 0.3))
        assert await decide.plate(replace(vague, text="皖A12BBS")) == "unknown-credential"
        assert len(doors.opened) == 1

    play(make_middle, scene)


def test_the_camera_behind_the_barrier_may_read_one_character_otherwise(make_middle: MakeMiddle) -> None:
    def doubtful(seen: PlateSighting, text: str) -> PlateSighting:
        posteriors = tuple(0.97 if a == b else 0.6 for a, b in zip(text, seen.text, strict=True))
        return replace(seen, text=text, posteriors=posteriors, confidence=0.6)

    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = plate(middle, "皖A12345")
        behind = replace(seen, camera="behind")
        for text in ("皖A1234S", "?A12345"):
            assert await decide.plate(seen) == "opened"
            assert await decide.plate(doubtful(behind, text)) == "same-passage"
        assert len(doors.opened) == 2
        assert await decide.plate(doubtful(behind, "皖A1234S")) != "same-passage"  # nobody passes now
        assert await decide.plate(seen) == "opened"
        assert await decide.plate(replace(behind, text="皖A12346")) == "opened"  # another one, as alike as can be
        assert await decide.plate(doubtful(behind, "皖A12346")) != "same-passage"
        assert await decide.plate(behind) == "same-passage"

    rows = DOCUMENT.model_dump()
    rows["vehicles"].append({"plate": "皖A12346", "person": 8, "gates": ["north"]})
    play(make_middle, scene, Document.model_validate(rows))


def test_a_visitor_s_car_passes_as_often_as_it_may_and_only_what_opened_is_counted(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = plate(middle, "皖A12345")
        doors.result = CommandResult(False, "loop-occupied", 0.01)
        assert await decide.plate(seen) == "loop-occupied"
        assert await decide.plate(replace(seen, at_unix=seen.at_unix - 60)) == "stale"
        assert await decide.plate(replace(seen, confidence=0.3)) == "unsure"
        doors.result = CommandResult(True, "none", 0.01)
        assert await decide.plate(seen) == "opened"
        assert await decide.plate(replace(seen, camera="behind")) == "same-passage"
        visits = Visits(middle.store.visits)  # the controller starts again
        await visits.load()
        decide._opening = Opening(doors, visits, middle.clock.unix)
        assert await decide.plate(seen) == "opened"
        assert await decide.plate(seen) == "uses-spent" and len(doors.opened) == 3

    rows = DOCUMENT.model_dump()
    rows["vehicles"][0] |= {"uses": 2}
    play(make_middle, scene, Document.model_validate(rows))


def test_a_car_of_another_colour_than_registered_is_let_in_and_the_guard_is_told(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = replace(plate(middle, "皖A12345"), body_colour="blue", body_confidence=0.95, vehicle_class="small")
        assert await decide.plate(seen) == "opened"
        assert await decide.plate(replace(seen, body_colour="red", vehicle_class="large")) == "opened"
        assert await decide.plate(replace(seen, text="沪Q12345")) == "unknown-credential"
        stranger, alike, other = (row.vehicle for row in captures.recent())
        assert other and other.differs == {"body_colour": "red"} and other.body_colour == "blue"
        assert alike and alike.differs == {"vehicle_class": "small"} and stranger and stranger.differs == {}
        assert await middle.store.alerts.latest(5) == []

    rows = DOCUMENT.model_dump()
    rows["vehicles"][0] |= {"body_colour": "red", "vehicle_class": "small"}
    play(make_middle, scene, Document.model_validate(rows))


def test_the_camera_behind_the_barrier_opens_for_the_same_car_no_second_time(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = plate(middle, "皖A12345")
        assert await decide.plate(replace(seen, confidence=0.3)) == "unsure"
        assert await decide.plate(replace(seen, camera="behind")) == "opened"  # only what opened is a passage
        assert await decide.plate(seen) == "same-passage"
        assert len(doors.opened) == 1
        assert await decide.plate(seen) == "opened"

    play(make_middle, scene)


def test_a_car_that_stays_is_tried_again_where_the_gate_could_not_open(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = plate(middle, "皖A12345")
        again = replace(seen, again=True)
        doors.result = CommandResult(False, "loop-occupied", 0.01)
        for sighting in (seen, again, again):
            assert await decide.plate(sighting) == "loop-occupied"
        assert len(captures.recent()) == 1  # the page is told once
        middle.clock.now_s += OFTEN_S
        late = replace(again, at_unix=middle.clock.unix())
        assert await decide.plate(late) == "loop-occupied" and await decide.plate(late) == "same-passage"
        middle.clock.now_s += SELDOM_S
        doors.result = CommandResult(True, "none", 0.01)
        later = replace(again, at_unix=middle.clock.unix())
        assert await decide.plate(later) == "opened" and len(doors.opened) == 5
        assert await decide.plate(later) == "same-passage" and len(captures.recent()) == 1  # the first is forgotten
        refused = replace(plate(middle, "沪A12345"), passage=2)
        assert await decide.plate(refused) == "unknown-credential"
        assert await decide.plate(replace(refused, again=True)) == "same-passage"
        assert counted == ["皖A12345", "沪A12345"]

    counted: list[str] = []
    play(make_middle, scene, count=lambda seen: counted.append(seen.text))


def test_a_visitor_whose_gate_did_not_answer_is_not_charged_again(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        doors.result = CommandResult(False, "no-answer", 6.0)
        seen = replace(plate(middle, "皖A12345", 0.6), posteriors=(*(0.97,) * 6, 0.6))
        assert await decide.plate(seen) == "no-answer"
        assert await decide.plate(replace(seen, again=True)) == "same-passage"
        assert await decide.plate(replace(plate(middle, "皖A12345"), again=True)) == "no-answer"
        assert len(doors.opened) == 1
        resident = replace(plate(middle, "沪B67890"), passage=2)
        for again in (False, True):
            assert await decide.plate(replace(resident, again=again)) == "no-answer"
        assert len(doors.opened) == 3

    rows = DOCUMENT.model_dump()
    rows["vehicles"][0] |= {"uses": 2}
    play(make_middle, scene, Document.model_validate(rows))


def test_a_visitor_at_both_cameras_before_the_gate_answers_spends_one_visit(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = plate(middle, "皖A12345")
        doors.answers = asyncio.Event()
        asked = asyncio.create_task(decide.plate(seen))
        async with asyncio.timeout(5):
            await doors.asked.wait()
            assert await decide.plate(replace(seen, camera="behind")) == "same-passage"
        doors.answers.set()
        assert await asked == "opened" and len(doors.opened) == 1

    rows = DOCUMENT.model_dump()
    rows["vehicles"][0] |= {"uses": 2}
    play(make_middle, scene, Document.model_validate(rows))


def test_a_car_behind_the_barrier_that_is_read_surely_at_last_opens_it_no_second_time(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = plate(middle, "皖A12345")
        assert await decide.plate(seen) == "opened"
        behind = replace(seen, camera="behind", confidence=0.6, posteriors=(*(0.97,) * 6, 0.6))
        assert await decide.plate(behind) == "same-passage"
        assert await decide.plate(replace(seen, camera="behind", again=True)) == "same-passage"
        assert len(doors.opened) == 1

    play(make_middle, scene)


def test_while_a_gate_is_asked_it_is_not_asked_again(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        doubtful = replace(plate(middle, "皖A12345", 0.6), posteriors=(*(0.97,) * 6, 0.6))
        doors.answers = asyncio.Event()
        asked = asyncio.create_task(decide.plate(doubtful))
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await decide.plate(replace(plate(middle, "皖A12345"), again=True)) == "same-passage"
        doors.answers.set()
        assert await asked == "opened" and len(doors.opened) == 1

    play(make_middle, scene)


def test_a_plate_read_surely_at_last_is_judged_anew(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        far = plate(middle, "皖A12345", 0.3)
        assert await decide.plate(far) == "unsure"
        assert await decide.plate(replace(far, again=True)) == "same-passage"
        near = replace(plate(middle, "皖A12345"), again=True)
        assert await decide.plate(near) == "opened" and await decide.plate(near) == "same-passage"
        wanted = replace(plate(middle, "皖B67890", 0.3), passage=2)
        assert await decide.plate(wanted) == "watchlist"  # letter by letter: a person is asked
        for _ in range(2):
            await decide.plate(replace(plate(middle, "皖B67890"), passage=2, again=True))
        assert [alert.level for alert in await middle.store.alerts.latest(5)] == ["sure", "needs-a-person"]
        alike = replace(plate(middle, "皖B6789B", 0.6), passage=3, posteriors=(*(0.97,) * 6, 0.6))
        assert await decide.plate(alike) == "watchlist"
        assert await decide.plate(replace(plate(middle, "皖B6789B"), passage=3, again=True)) == "watchlist"
        assert len(await middle.store.alerts.latest(5)) == 3  # the same doubt about the same entry is told once
        assert counted == ["皖A12345", "皖B67890", "皖B6789B"] and len(doors.opened) == 1

    counted: list[str] = []
    play(make_middle, scene, count=lambda seen: counted.append(seen.text))


def test_a_doubtful_character_of_a_plate_that_is_on_the_list_as_read_is_resolved_too(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        seen = replace(plate(middle, "皖A12345"), confidence=0.45, posteriors=(*(0.99,) * 6, 0.45))
        assert await decide.plate(seen) == "opened"
        assert await decide.plate(replace(seen, posteriors=(0.99,) * 7)) == "unsure"  # the doubt is not a character's

    play(make_middle, scene)


def test_the_watchlist_s_own_entry_is_told_and_else_the_likeliest(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        for text, doubt in (("皖B67892", 0.85), ("皖B6789S", 0.6)):
            seen = replace(plate(middle, text), confidence=doubt, posteriors=(*(0.97,) * 6, doubt))
            assert await decide.plate(seen) == "watchlist"
        likeliest, exact = await middle.store.alerts.latest(5)
        assert (exact.subject, likeliest.subject) == ("watchlist:2", "watchlist:3")

    rows = DOCUMENT.model_dump()
    rows["watchlist"] = [  # a 5 is taken for an S more often than a Z
        {"id": number, "kind": "plate", "value": value, "reason": "wanted"}
        for number, value in ((1, "皖B6789Z"), (2, "皖B67892"), (3, "皖B67895"))
    ]
    play(make_middle, scene, Document.model_validate(rows))


def test_a_car_at_both_cameras_of_a_gate_is_counted_once_however_it_fares(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        stranger = plate(middle, "沪A12345")
        for camera in ("cars", "behind"):
            assert await decide.plate(replace(stranger, camera=camera)) == "unknown-credential"
        assert counted == ["cars"]
        middle.clock.now_s += BOTH_SIDES_S
        assert await decide.plate(replace(stranger, camera="behind", at_unix=middle.clock.unix())) != "opened"
        assert counted == ["cars", "behind"]

    counted: list[str] = []
    play(make_middle, scene, count=lambda seen: counted.append(seen.camera))


def test_a_wanted_car_behind_one_that_looks_like_it_is_an_alert(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        assert await decide.plate(plate(middle, "皖A12345")) == "opened"
        behind = replace(plate(middle, "皖A1234S", 0.6), camera="behind", posteriors=(*(0.97,) * 6, 0.6))
        assert await decide.plate(behind) == "watchlist"

    rows = DOCUMENT.model_dump()
    rows["watchlist"][0] |= {"value": "皖A1234S"}
    play(make_middle, scene, Document.model_validate(rows))


def test_a_watchlist_plate_raises_an_alert_with_its_picture_and_no_barrier(
    make_middle: MakeMiddle, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        assert await decide.plate(plate(middle, "皖B67890")) == "watchlist"
        assert await decide.plate(plate(middle, "皖B67890", 0.6)) == "watchlist"
        assert not doors.opened
        doubtful, sure = await middle.store.alerts.latest(5)
        assert (sure.kind, sure.level, sure.subject, sure.place) == ("watchlist", "sure", "watchlist:3", "north")
        assert doubtful.level == "needs-a-person"
        assert sure.capture is not None
        evidence = await middle.store.alerts.evidence(sure.capture)
        assert evidence is not None and evidence.jpeg == b"a car" and evidence.keep_until_unix > middle.clock.unix()

    with caplog.at_level(logging.DEBUG):
        play(make_middle, scene)
    assert "67890" not in caplog.text


def test_a_watchlisted_plate_beats_the_vehicle_list_and_a_resident_beats_a_mere_resemblance(
    make_middle: MakeMiddle,
) -> None:
    async def scene(middle: Middle, decide: Decide, doors: OpenDoors, captures: Captures) -> None:
        assert await decide.plate(plate(middle, "皖B67890")) == "watchlist"
        assert doors.opened == []
        assert await decide.plate(plate(middle, "沪B67890")) == "opened"  # differs in the province alone, and is known
        assert len(await middle.store.alerts.latest(5)) == 1

    listed = DOCUMENT.model_dump() | {
        "vehicles": [
            {"plate": "皖B67890", "person": 7, "gates": ["north"]},
            {"plate": "沪B67890", "person": 8, "gates": ["north"]},
        ]
    }
    play(make_middle, scene, Document.model_validate(listed))
