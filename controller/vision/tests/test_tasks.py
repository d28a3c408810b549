"""Face, plate and people tasks and enrolment on pipelines that say what they are told to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest
from av import VideoFrame

from controller.vision import plate_task
from controller.vision.capture import Frame
from controller.vision.enrol import SHOTS, SITTING_S, NoTemplate, Sitting, decode, template
from controller.vision.face_task import EMBEDDINGS, MOVE_S, PATIENCE_S, FaceTask, agreed
from controller.vision.passage import AGAIN_S, PATIENCE, READS
from controller.vision.plate_task import PlateTask
from controller.vision.sighting import FaceSighting, PlateSighting
from models.face import Box, Face
from models.face_decision import Rule
from models.face_match import Gallery, Match
from models.picture_file import inspect
from models.plate import PlateRead
from models.plates.alphabet import SYMBOLS

RGB = np.clip(np.random.default_rng(5).normal(120, 30, (300, 400, 3)), 0, 255).astype(np.uint8)
BLANK_PICTURE = VideoFrame(16, 16, "yuv420p")


def frame(at_s: float) -> Frame:
    return Frame("door", round(at_s * 100), at_s, 1000.0 + at_s, BLANK_PICTURE)


def place(value: float) -> np.ndarray:
    vector = np.zeros(128, np.float32)
    vector[0] = value
    return vector


def face(x: float = 100, width: float = 100) -> Face:
    eyes = [[x + 0.3 * width, 140], [x + 0.7 * width, 140], [x + 0.5 * width, 165]]
    points = np.array([*eyes, [x + 0.5 * width, 190], [x, 150], [x + width, 150]], np.float32)
    return Face((x, 100, x + width, 100 + width), 0.9, points)


class SaidFaces:
    """A pipeline that sees `faces` and embeds each to the next of `places`."""

    def __init__(self, *places: float) -> None:
        self.faces = [face()]
        self.places = list(places)
        self.embedded = 0
        self.detected = 0
        self.followed = 0

    def detect(self, rgb: np.ndarray) -> list[Face]:
        self.detected += 1
        return self.faces

    def follow(self, rgb: np.ndarray, boxes: list[Box]) -> list[Face] | None:
        self.followed += 1
        return self.faces if len(self.faces) >= len(boxes) else None

    def embed(self, rgb: np.ndarray, seen: Face) -> np.ndarray:
        self.embedded += 1
        return place(self.places.pop(0))


RULE = Rule(0.4, 0.1, 0.1, 0.0, 20, 0.38)
HOUSE = Gallery(np.stack([place(0.0), place(3.0)]), np.array([7, 8], np.int64))


def passage(said: SaidFaces, times_s: list[float]) -> list[FaceSighting]:
    task = FaceTask("door", cast(Any, said), RULE)
    return [sighting for at_s in times_s for sighting in task.see(frame(at_s), RGB, HOUSE)]


def test_face_known_is_decided_once_by_the_second_picture_that_agrees() -> None:
    said = SaidFaces(0.1, 0.2)
    (seen,) = passage(said, [0.0, 0.125, 0.25, 0.375, 5 * PATIENCE_S])
    assert (seen.person, seen.frames, said.embedded) == (7, 2, 2)
    assert seen.distance == pytest.approx(0.1, abs=1e-5)
    assert seen.at_unix == 1000.125
    assert seen.jpeg is not None and seen.jpeg[:2] == b"\xff\xd8"


def test_face_that_is_there_is_followed_and_the_whole_picture_is_searched_now_and_then() -> None:
    said = SaidFaces(*[0.1] * 2)
    passage(said, [step / 8 for step in range(9)])
    assert (said.detected, said.followed) == (3, 6)  # at 0, 3/8 and 6/8 s
    said = SaidFaces(*[0.1] * 2)
    task = FaceTask("door", cast(Any, said), RULE)
    task.see(frame(0.0), RGB, HOUSE)
    said.faces = []
    task.see(frame(0.1), RGB, HOUSE)  # gone: at once the whole picture
    assert (said.detected, said.followed) == (2, 1)


def test_face_one_good_picture_is_not_enough() -> None:
    assert passage(SaidFaces(0.1), [0.0]) == []
    (seen,) = passage(SaidFaces(1.5, 0.1, 1.5), [0.0, 1.0, 2.0, 3.0])
    assert seen.person is None


def test_face_pictures_that_name_two_people_name_nobody() -> None:
    (seen,) = passage(SaidFaces(0.1, 2.9, 0.1), [0.0, 1.0, 2.0])
    assert seen.person is None


def test_face_stranger_is_one_sighting_after_patience_and_three_pictures() -> None:
    said = SaidFaces(1.5, 1.5, 1.5)
    times_s = [step / 8 for step in range(40)]
    (seen,) = passage(said, times_s)
    assert (seen.person, seen.frames, said.embedded) == (None, EMBEDDINGS, EMBEDDINGS)
    assert 2 * PATIENCE_S <= seen.at_unix - 1000.0 < 2 * PATIENCE_S + 0.3


def test_face_same_picture_twice_counts_once() -> None:
    assert passage(SaidFaces(0.1, 0.1), [0.0, 0.01, 0.02]) == []


def test_face_too_small_is_never_embedded() -> None:
    said = SaidFaces()
    said.faces = [face(width=40)]
    assert passage(said, [0.0, 1.0, 2.0]) == [] and said.embedded == 0


def test_face_nobody_enrolled_is_a_stranger_whose_numbers_are_plain_json() -> None:
    task = FaceTask("door", cast(Any, SaidFaces(0.0, 0.0, 0.0)), RULE)
    seen = [found for at_s in (0.0, 1.0, 2.0) for found in task.see(frame(at_s), RGB, Gallery.empty())]
    assert [(found.person, found.distance, found.margin) for found in seen] == [(None, -1.0, -1.0)]


def test_face_second_visitor_is_decided_for_himself() -> None:
    said = SaidFaces(0.1, 0.1, 1.5, 1.5, 1.5)
    task = FaceTask("door", cast(Any, said), RULE)
    people = [found.person for at_s in (0.0, 0.2) for found in task.see(frame(at_s), RGB, HOUSE)]
    said.faces = []
    task.see(frame(2.0), RGB, HOUSE)
    assert not task.busy
    said.faces = [face()]
    people += [found.person for at_s in (3.0, 4.0, 5.0) for found in task.see(frame(at_s), RGB, HOUSE)]
    assert people == [7, None]


def test_face_among_others_is_told_with_how_many() -> None:
    alone = passage(SaidFaces(0.1, 0.1), [0.0, 0.2])
    said = SaidFaces(0.1, 1.5, 0.1)
    said.faces = [face(40), face(240)]
    assert [seen.others for seen in alone] == [0]
    assert [(seen.person, seen.others) for seen in passage(said, [0.0, 0.2])] == [(7, 1)]


class MovingFaces(SaidFaces):
    """Its head is where the next of `moves` says: px that the nose moves to its left and down."""

    def __init__(self, places: list[float], moves: Sequence[tuple[float, float]]) -> None:
        super().__init__(*places)
        self.moves = list(moves)

    def landmarks(self, rgb: np.ndarray, seen: Face) -> np.ndarray:
        points = np.random.default_rng(1).uniform(0, 100, (468, 2))
        points[[33, 133]], points[[263, 362]], points[1] = (30, 40), (70, 40), (50, 60)
        points[[234, 454]], points[10], points[152] = (50, 50), (50, 0), (50, 100)
        depth = np.random.default_rng(2).uniform(0, 1, (468, 1))
        depth[1] = 1.0
        depth[[10, 33, 133, 152, 234, 263, 362, 454]] = 0.0
        return (points + depth * self.moves.pop(0)).astype(np.float32)


FRONT, LEFT, RIGHT, DOWN, GLANCE = (0, 0), (30, 0), (-30, 0), (0, 30), (-10, 0)
STEPS_S = [0.2 * step for step in range(9)]


def asked_passage(said: SaidFaces, times_s: list[float], liveness: str = "turn", draw: Any = None) -> tuple[Any, Any]:
    """Its one sighting, and what was asked of it, each thing once."""
    task = FaceTask("door", cast(Any, said), RULE, liveness, draw or (lambda moves: moves[0]))
    seen, asked = [], [""]
    for at_s in times_s:
        seen += task.see(frame(at_s), RGB, HOUSE)
        asked += [task.asked] if task.asked != asked[-1] else []
    assert len(seen) <= 1
    return seen[0] if seen else None, asked[1:]


def left_then_down(moves: list[Any]) -> Any:
    return moves[0] if "left" in moves else moves[-1]


def test_a_live_face_is_told_when_the_named_head_has_turned() -> None:
    seen, asked = asked_passage(MovingFaces([0.1, 0.1, 0.2], [FRONT, FRONT, (2, 0), RIGHT]), STEPS_S)
    assert (seen.person, seen.live, seen.at_unix, asked) == (7, True, 1000.6, ["turn", ""])


def test_a_nod_is_no_turn_and_a_turn_is_no_nod() -> None:
    said = MovingFaces([0.1] * 4, [FRONT, FRONT, DOWN, LEFT])
    seen, _ = asked_passage(said, STEPS_S)
    assert (seen.live, seen.at_unix) == (True, 1000.6)
    said = MovingFaces([0.1] * 4, [FRONT, FRONT, LEFT, DOWN])
    seen, asked = asked_passage(said, STEPS_S, "nod")
    assert (seen.live, seen.at_unix, asked) == (True, 1000.6, ["nod", ""])


def test_a_head_that_turned_between_the_first_pictures_need_not_turn_again() -> None:
    seen, asked = asked_passage(MovingFaces([0.1, 0.2], [FRONT, LEFT]), [0.0, 0.2, 0.4])
    assert (seen.person, seen.live, seen.at_unix, asked) == (7, True, 1000.2, [])


def test_what_is_drawn_by_chance_has_to_be_done_in_its_order() -> None:
    said = MovingFaces([0.1] * 9, [FRONT, FRONT, GLANCE, LEFT, LEFT, (10, 0), DOWN])
    seen, asked = asked_passage(said, STEPS_S, "random", left_then_down)
    assert (seen.live, seen.wrong_move, asked) == (True, False, ["left", "down", ""])
    assert seen.at_unix == pytest.approx(1001.2)


@pytest.mark.parametrize("moves", [[RIGHT], [DOWN], [LEFT, RIGHT], [LEFT, (0, -30)]])
def test_who_moves_otherwise_than_asked_is_not_live(moves: list[tuple[float, float]]) -> None:
    seen, _ = asked_passage(MovingFaces([0.1] * 9, [FRONT, FRONT, *moves]), STEPS_S, "random", left_then_down)
    assert (seen.person, seen.live, seen.wrong_move) == (7, False, True)


def test_a_face_that_does_not_turn_in_time_is_not_live() -> None:
    seen, _ = asked_passage(MovingFaces([0.1, 0.1], [FRONT] * 99), [0.5 * step for step in range(20)])
    assert (seen.person, seen.live, seen.wrong_move) == (7, False, False)
    assert MOVE_S <= seen.at_unix - 1000.5 <= MOVE_S + 1


def test_one_at_a_time_is_asked() -> None:
    said = MovingFaces([0.1, 2.9, 0.1, 2.9, 0.1, 2.9], [*[FRONT] * 5, LEFT, FRONT, LEFT])
    said.faces = [face(40), face(240)]
    task = FaceTask("door", cast(Any, said), RULE, "turn")
    people = [[seen.person for seen in task.see(frame(at_s), RGB, HOUSE)] for at_s in STEPS_S[:5]]
    assert people == [[], [], [], [7], [8]] and task.asked == ""


def test_a_picture_that_is_taken_away_is_told_as_not_live() -> None:
    said = MovingFaces([0.1, 0.1], [FRONT] * 9)
    task = FaceTask("door", cast(Any, said), RULE, "turn")
    assert [*task.see(frame(0.0), RGB, HOUSE), *task.see(frame(0.2), RGB, HOUSE)] == [] and task.asked == "turn"
    said.faces = []
    (seen,) = task.see(frame(5.0), RGB, HOUSE)
    assert (seen.person, seen.live, task.asked) == (7, False, "")


def test_the_head_of_somebody_else_behind_the_picture_does_not_count() -> None:
    said = MovingFaces([0.1, 0.1, 1.5, 1.5, 1.5], [FRONT, FRONT, LEFT, LEFT, LEFT])
    assert asked_passage(said, [0.0, 0.2, 0.4, 0.6, 0.8]) == (None, ["turn"])


def test_a_stranger_is_not_asked_to_turn() -> None:
    seen, asked = asked_passage(MovingFaces([1.5, 1.5, 1.5], []), [0.0, 1.0, 2.0])
    assert (seen.person, seen.live, asked) == (None, None, [])


@pytest.mark.parametrize(
    ("named", "person"),
    [([], None), ([7], None), ([7, 7], 7), ([None, 7, 7], 7), ([7, 8], None), ([7, 8, 7], None), ([None] * 3, None)],
)
def test_agreed(named: list[int | None], person: int | None) -> None:
    assert agreed([Match(name, 0.1, 1.0) for name in named]) == person


class SaidPlates:
    """A pipeline that reads the next of `texts`; empty ones are frames without a plate."""

    def __init__(self, *texts: str, posterior: float = 0.98) -> None:
        self.texts = list(texts)
        self.posterior = posterior
        self.x = 100.0
        self.y = 100.0

    def read_frame(self, rgb: np.ndarray) -> list[PlateRead]:
        text = self.texts.pop(0)
        x, y = self.x, self.y
        corners = np.array([[x, y], [x + 90, y], [x + 90, y + 30], [x, y + 30]], np.float32)
        posteriors = (self.posterior,) * len(text)
        distribution = np.zeros((len(text), len(SYMBOLS)), np.float32)
        read = PlateRead(corners, 0.9, 1, text, posteriors, self.posterior, "blue", "blue", distribution, 1.0)
        return [read] if text else []


def drive(said: SaidPlates, step_s: float = 0.125, move: Callable[[SaidPlates], None] = lambda said: None) -> list[Any]:
    task = PlateTask("gate", cast(Any, said))
    seen: list[PlateSighting] = []
    for step in range(len(said.texts)):
        seen += [sighting for sighting in task.see(frame(step * step_s), RGB) if not sighting.again]
        move(said)
    return seen


def test_plate_is_decided_once_by_votes() -> None:
    (seen,) = drive(SaidPlates(*["皖A12345"] * 20))
    assert (seen.text, seen.at_unix) == ("皖A12345", 1000.0 + (READS - 1) * 0.125)
    assert 0.98 <= seen.confidence < 1 and seen.direction == ""


def test_plate_s_vehicle_has_a_class_and_a_colour_that_is_looked_at_until_it_is_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []

    def chances(rgb: np.ndarray, corners: np.ndarray, plate_colour: str) -> dict[str, float]:
        looked.append(plate_colour)
        return {"red": 0.9, "brown": 0.1} if len(looked) != 2 else {}

    monkeypatch.setattr(plate_task, "body_chances", chances)
    (seen,) = drive(SaidPlates(*["皖A12345"] * 20))
    assert (seen.body_colour, seen.vehicle_class, len(looked)) == ("red", "small", READS)
    assert seen.body_confidence == pytest.approx(0.9)
    assert drive(SaidPlates(*["皖A12345"] * READS))[0].body_colour == "red"


def test_plate_picture_shows_bumper_and_bonnet_and_no_windscreen() -> None:
    (seen,) = drive(SaidPlates(*["皖A12345"] * READS))
    assert seen.jpeg is not None
    shown = inspect(seen.jpeg)
    assert (shown.width_px, shown.height_px) == (270, 160)  # three plates wide; the picture ends above
    assert plate_task.front((400.0, 400.0, 500.0, 430.0)) == (300.0, 285.0, 600.0, 465.0)


def test_plate_doubtful_one_is_decided_late_and_says_how_doubtful() -> None:
    (seen,) = drive(SaidPlates(*["皖A12345", "皖A12845"] * 10))
    assert seen.at_unix == 1000.0 + (PATIENCE - 1) * 0.125
    assert seen.confidence < 0.6


def test_plate_that_left_early_is_decided_by_what_was_read() -> None:
    (seen,) = drive(SaidPlates("皖A12345", "皖A12345", *[""] * 12))
    assert seen.text == "皖A12345"


def test_plate_lost_and_found_again_at_once_is_the_same_passage() -> None:
    gone = [""] * round(2.0 / 0.125)
    assert len(drive(SaidPlates(*["皖A12345"] * 6, *gone, *["皖A12345"] * 6))) == 1


def test_plate_that_comes_again_later_is_another_passage() -> None:
    gone = [""] * round((AGAIN_S + 0.5) / 0.125)
    assert len(drive(SaidPlates(*["皖A12345"] * 6, *gone, *["皖A12345"] * 6))) == 2


def test_plate_standing_at_the_barrier_for_long_is_one_passage() -> None:
    gone = [""] * round(2.0 / 0.125)
    assert len(drive(SaidPlates(*["皖A12345"] * 80, *gone, *["皖A12345"] * 6))) == 1


@pytest.mark.parametrize(("step_px", "direction"), [(12.0, "in"), (-12.0, "out")])
def test_plate_direction(step_px: float, direction: str) -> None:
    def move(said: SaidPlates) -> None:
        said.y += step_px

    (seen,) = drive(SaidPlates(*["皖A12345"] * 6), move=move)
    assert seen.direction == direction


def test_enrolment_takes_three_shots_of_one_person() -> None:
    said = SaidFaces(0.0, 0.1, 0.2)
    sitting = Sitting(cast(Any, said), 0.4, 0.0)
    answers = [sitting.look(RGB, step / 8) for step in range(8)]
    (vectors,) = [answer for answer in answers if answer is not None]
    assert [float(vector[0]) for vector in vectors] == pytest.approx([0.0, 0.1, 0.2])
    assert len(vectors) == SHOTS


def test_enrolment_of_two_people_in_turn_is_refused() -> None:
    sitting = Sitting(cast(Any, SaidFaces(0.0, 1.0)), 0.4, 0.0)
    sitting.look(RGB, 0.0)
    with pytest.raises(NoTemplate, match="only one person"):
        sitting.look(RGB, 1.0)


def test_enrolment_without_a_good_picture_says_the_last_reason() -> None:
    said = SaidFaces()
    said.faces = [face(width=40)]
    sitting = Sitting(cast(Any, said), 0.4, 0.0)
    assert sitting.look(RGB, 1.0) is None and sitting.ended(1.0) is None
    with pytest.raises(NoTemplate, match="too small"):
        sitting.ended(SITTING_S)


def test_enrolment_picture_with_two_faces_is_refused() -> None:
    said = SaidFaces(0.0)
    said.faces = [face(), face(250)]
    with pytest.raises(NoTemplate, match="more than one face"):
        template(cast(Any, said), RGB)


def test_enrolment_of_something_that_is_no_picture() -> None:
    with pytest.raises(NoTemplate, match="JPEG or PNG"):
        decode(b"not a picture")
