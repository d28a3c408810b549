"""Match, tracks, votes, motion and quality: values in, values out."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.vision.motion import HEIGHT, WIDTH, MotionGate
from controller.vision.plate_task import voter
from controller.vision.sighting import PlateSighting, from_message, to_message
from controller.vision.track import Tracker
from controller.vision.vote import Read, vote
from models.face_decision import Rule
from models.face_match import Gallery, match
from models.face_quality import judge
from models.plate import PlateRead
from models.plates.alphabet import BLANK, COLOURS, INDEX
from models.plates.grammar import decode

EYES_NOSE = np.array([[45, 50], [85, 50], [65, 75]], np.float32)
RULE = Rule(0.5, 0.1, 0.1, 0.0, 20, 0.38)


def test_a_face_once_taken_for_somebody_else_is_not_again() -> None:
    people = gallery((7, 0.0), (8, 2.0))
    wrong = match(face_at(0.1), people, RULE)
    assert wrong.person == 7 and wrong.spare > 0
    people.stricter[7] = wrong.spare + 0.02
    assert match(face_at(0.1), people, RULE).person is None
    assert match(face_at(0.0), people, RULE).person == 7 and match(face_at(2.0), people, RULE).person == 8


def gallery(*rows: tuple[int, float]) -> Gallery:
    """Templates on one axis: (person, place)."""
    vectors = np.zeros((len(rows), 128), np.float32)
    vectors[:, 0] = [place for _, place in rows]
    return Gallery(vectors, np.array([person for person, _ in rows], np.int64))


def face_at(place: float) -> np.ndarray:
    vector = np.zeros(128, np.float32)
    vector[0] = place
    return vector


def test_match_nobody_enrolled() -> None:
    assert match(face_at(0), Gallery.empty(), RULE).person is None


def test_match_nearest_within_threshold() -> None:
    found = match(face_at(0.1), gallery((7, 0.0), (8, 2.0)), RULE)
    assert (found.person, round(found.distance, 3), round(found.margin, 3)) == (7, 0.1, 1.8)


def test_match_too_far() -> None:
    assert match(face_at(0.6), gallery((7, 0.0)), RULE).person is None


def test_match_two_people_alike() -> None:
    assert match(face_at(0.1), gallery((7, 0.0), (8, 0.25)), RULE).person is None


def test_match_own_templates_are_no_rivals_but_their_mean() -> None:
    found = match(face_at(0.9), gallery((8, 3.0), (7, 0.7), (7, 1.3)), RULE)
    assert (found.person, round(found.distance, 3), round(found.margin, 3)) == (7, 0.1, 2.0)


class Memory:
    """What a test track remembers: nothing."""


def test_track_moving_box_stays_one() -> None:
    tracker: Tracker[Memory] = Tracker(Memory)
    numbers = {tracker.update([(x, 0, x + 40, 40)], x / 100)[0][0].number for x in range(0, 200, 20)}
    assert numbers == {1}


def test_track_two_boxes_side_by_side_stay_two() -> None:
    tracker: Tracker[Memory] = Tracker(Memory)
    for step in range(10):
        tracks, _ = tracker.update([(step, 0, step + 40, 40), (step + 60, 0, step + 100, 40)], step / 10)
        assert [track.number for track in tracks] == [1, 2]


def test_track_that_left_ends_once() -> None:
    tracker: Tracker[Memory] = Tracker(Memory)
    tracker.update([(0, 0, 40, 40)], 0.0)
    assert tracker.update([], 1.0)[1] == []
    assert [track.number for track in tracker.update([], 1.3)[1]] == [1]
    assert tracker.update([], 2.0)[1] == []
    assert tracker.update([(0, 0, 40, 40)], 2.1)[0][0].number == 2


def test_track_goes_on_while_frames_are_shed() -> None:
    tracker: Tracker[Memory] = Tracker(Memory)
    seen_s = [0.0, 0.1, 0.2, 0.8, 0.9]  # 300 px/s: in the gap it moves four of its widths
    numbers = [tracker.update([(300 * at, 0, 300 * at + 40, 40)], at)[0][0].number for at in seen_s]
    assert numbers == [1] * 5


def read(text: str, posterior: float = 0.9, weight: float = 1.0, plate_type: str = "blue") -> Read:
    return Read(text, tuple({symbol: posterior} for symbol in text), plate_type, "blue", weight)


def test_vote_one_bad_frame_is_outvoted() -> None:
    verdict = vote([read("皖A12345"), read("皖A12845"), read("皖A12345"), read("皖A12345")])
    assert verdict.text == "皖A12345"
    assert 0.5 < verdict.confidence < 0.75
    assert verdict.posteriors.index(min(verdict.posteriors)) == 4


def test_vote_length_of_the_heavier_wins_whole() -> None:
    verdict = vote([read("皖A12345"), read("皖AD12345", weight=3.0, plate_type="green")])
    assert (verdict.text, verdict.plate_type) == ("皖AD12345", "green")


def test_vote_is_no_surer_of_the_whole_text_than_its_frames_were() -> None:
    sure, doubtful = read("皖A12345", 0.99), replace(read("皖A12345", 0.99), trust=0.3)
    assert vote([sure] * 3).confidence == vote([sure] * 3).posteriors[0] > 0.99
    assert vote([doubtful] * 3).confidence == pytest.approx(0.3)
    assert vote([sure, sure, doubtful]).confidence == pytest.approx(2.3 / 3)
    assert vote([sure, replace(doubtful, weight=0.1)]).confidence > 0.93
    assert vote([doubtful] * 3).posteriors == vote([sure] * 3).posteriors
    assert doubtful.confidence == 0.3


def columns(*symbols: tuple[str, float]) -> np.ndarray:
    """A reader's log-probabilities: each symbol in a column of its own, the rest is blank."""
    rows = np.full((2 * len(symbols), BLANK + 1), 1e-7)
    rows[1::2, BLANK] = 1.0
    for place, (symbol, chance) in enumerate(symbols):
        rows[2 * place, [INDEX[symbol], BLANK]] = chance, 1.0 - chance
    log_probs: np.ndarray = np.log(rows / rows.sum(1, keepdims=True)).astype(np.float32)
    return log_probs


def test_frames_doubts_of_the_whole_text_reach_the_vote() -> None:
    blue = np.log(np.where(np.array(COLOURS) == "blue", 0.995, 0.001)).astype(np.float32)
    plain = [(symbol, 0.99) for symbol in "皖A12345"]
    picture = np.random.default_rng(0).integers(0, 255, (40, 120, 3), dtype=np.uint8)
    corners = np.array([[0, 0], [100, 0], [100, 30], [0, 30]], np.float32)
    for seen, least, most in (
        (plain, 0.99, 1.0),
        ([*plain, ("D", 0.95)], 0.0, 0.1),  # a character too many for a blue plate
        ([*plain[:-1], ("挂", 0.99)], 0.5, 0.6),  # a trailer's plate is yellow
    ):
        reading = decode(columns(*seen), blue)
        found = PlateRead(corners, 0.99, 1, **{item.name: getattr(reading, item.name) for item in fields(reading)})
        verdict = vote([voter(found, picture, {})] * 3)
        assert verdict.text == reading.text and least <= verdict.confidence <= most, reading.text


@given(st.lists(st.sampled_from(["皖A12345", "皖A12346", "京B67890", "皖AD12345"]), min_size=1, max_size=12))
def test_vote_every_character_was_read_there(texts: list[str]) -> None:
    verdict = vote([read(text) for text in texts])
    assert 0.0 < verdict.confidence <= 1.0
    assert len(verdict.posteriors) == len(verdict.text)
    for position, letter in enumerate(verdict.text):
        unknown = position == 0 and letter == "?"
        assert unknown or any(len(text) == len(verdict.text) and text[position] == letter for text in texts)


def test_motion_still_picture_becomes_quiet_and_wakes_up() -> None:
    gate = MotionGate()
    empty = np.full((HEIGHT, WIDTH), 120, np.uint8)
    states = [gate.moving(empty, step / 8) for step in range(16)]
    assert states[0] and not states[-1]
    visitor = empty.copy()
    visitor[33:50, 67:80] = 200
    assert gate.moving(visitor, 2.1)


def test_motion_sensor_noise_is_quiet() -> None:
    gate = MotionGate()
    rng = np.random.default_rng(1)
    states = [
        gate.moving(np.clip(rng.normal(120, 3, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8), step / 8)
        for step in range(24)
    ]
    assert not any(states[16:])


def textured(light: float = 120.0) -> np.ndarray:
    picture = np.random.default_rng(2).normal(light, 30, (200, 200, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_quality_good_face() -> None:
    quality = judge(textured(), (10, 10, 120, 120), EYES_NOSE)
    assert quality.why == "" and 0.3 < quality.score <= 1.0


@pytest.mark.parametrize(
    ("picture", "box", "points", "why"),
    [
        (textured(), (-5, 10, 120, 120), EYES_NOSE, "cut off"),
        (textured(), (10, 10, 60, 60), EYES_NOSE, "small"),
        (textured(5), (10, 10, 120, 120), EYES_NOSE, "dark"),
        (np.full((200, 200, 3), 120, np.uint8), (10, 10, 120, 120), EYES_NOSE, "blurred"),
        (textured(), (10, 10, 120, 120), np.array([[45, 50], [85, 50], [85, 75]], np.float32), "turned"),
    ],
)
def test_quality_says_in_words_why_not(
    picture: np.ndarray, box: tuple[int, int, int, int], points: np.ndarray, why: str
) -> None:
    quality = judge(picture, box, points)
    assert why in quality.why and quality.score == 0.0


def test_sighting_as_json_keeps_its_picture() -> None:
    seen = PlateSighting("gate", 1, 2.0, "皖A12345", 0.9, (0.9,) * 7, "blue", "blue", "in", b"\xff\xd8", 3.0)
    line = json.dumps(to_message(seen))
    assert json.loads(line)["plate"]["jpeg"] == "/9g="
    assert from_message(json.loads(line)) == seen
