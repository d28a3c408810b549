"""Films: passages with the frames that belong to them, from pipelines that say what they are told to see."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from av import VideoFrame

from controller.vision.capture import Frame
from controller.vision.film import FaceFilm, PlateFilm
from controller.vision.passage import PATIENCE, READS
from controller.vision.tests.test_tasks import HOUSE, RULE, SaidFaces, SaidPlates
from models.plate import PlatePipeline

STEP_S = 0.125
NOISE = np.clip(np.random.default_rng(5).normal(120, 30, (300, 400, 3)), 0, 255).astype(np.uint8)


def shown(number: int) -> Frame:
    """Another picture each time: something moves."""
    picture = VideoFrame.from_ndarray(np.ascontiguousarray(np.roll(NOISE, 40 * number, 1)), "rgb24")
    return Frame("film", number, number * STEP_S, number * STEP_S, picture)


def watched(said: SaidPlates, places: dict[int, float] | None = None) -> PlateFilm:
    """`places`: from these frames on the plate is there, px."""
    film = PlateFilm(cast(PlatePipeline, said))
    for number in range(len(said.texts)):
        said.x = (places or {}).get(number, said.x)
        film.see(shown(number))
    said.texts = [""]
    film.end()
    return film


def frames(film: PlateFilm) -> list[tuple[str, list[int]]]:
    return [(one.sighting.text, [moment.frame for moment in one.moments]) for one in film.passages]


def test_a_passage_has_all_its_frames_also_those_before_and_after_it_was_decided() -> None:
    film = watched(SaidPlates("", *["皖A12345"] * 6, *[""] * 12, *["京B67890"] * READS))
    assert frames(film) == [("皖A12345", [1, 2, 3, 4, 5, 6]), ("京B67890", [19, 20, 21])]


def test_a_car_whose_track_breaks_is_one_passage_with_the_frames_of_both_tracks() -> None:
    film = watched(SaidPlates(*["皖A12345"] * 5, *[""] * 14, *["皖A12345"] * 2, *[""] * 14))
    assert frames(film) == [("皖A12345", [0, 1, 2, 3, 4, 19, 20])]
    said = SaidPlates(*["皖A12345"] * 4, *["京B67890"] * 4, *[""] * 7, *["皖A12345"] * 3)
    film = watched(said, {4: 300.0, 15: 100.0})
    assert frames(film) == [("皖A12345", [0, 1, 2, 3, 15, 16, 17]), ("京B67890", [4, 5, 6, 7])]


def test_a_track_taken_over_by_the_next_car_gives_each_its_own_frames() -> None:
    film = watched(SaidPlates(*["皖A12345"] * 5, *["京B67890"] * 4))
    assert frames(film) == [("皖A12345", [0, 1, 2, 3, 4]), ("京B67890", [5, 6, 7, 8])]


def test_a_track_taken_over_before_the_first_car_was_decided_gives_each_its_own_frames_too() -> None:
    film = watched(SaidPlates(*["皖A12345"] * 2, *["京B67890"] * 4))
    assert frames(film) == [("皖A12345", [0, 1]), ("京B67890", [2, 3, 4, 5])]


def test_what_is_still_in_view_at_the_end_is_decided_and_a_single_read_is_no_passage() -> None:
    assert frames(watched(SaidPlates("皖A12345", "皖A12345"))) == [("皖A12345", [0, 1])]
    assert frames(watched(SaidPlates("", "皖A12345"))) == []
    nothing = PlateFilm(cast(PlatePipeline, SaidPlates()))
    nothing.end()
    assert nothing.passages == []


def test_where_nothing_moves_no_frame_is_looked_at() -> None:
    said = SaidPlates(*[""] * 30)
    film = PlateFilm(cast(PlatePipeline, said))
    for number in range(100):
        film.see(Frame("film", number, number * STEP_S, 0.0, shown(0).picture))
    assert 10 < len(said.texts) < 30  # the first frames count as motion


def test_faces_are_told_as_the_door_is_told_them_and_the_others_with_their_reason() -> None:
    said = SaidFaces(0.1, 0.1)
    film = FaceFilm(cast(Any, said), RULE, HOUSE)
    for number in range(PATIENCE):
        film.see(shown(number))
    (known,) = film.passages
    assert known.sighting is not None and known.sighting.person == 7 and len(known.moments) == PATIENCE
    assert [moment.seen.match is not None for moment in known.moments][:3] == [True, True, False]
    assert known.moments[-1].seen.quality is None  # decided: nobody looks any more

    said.faces[0].keypoints[2] += (60, 0)  # turned away
    film = FaceFilm(cast(Any, said), RULE, HOUSE)
    for number in range(3):
        film.see(shown(number))
    film.end()
    (away,) = film.passages
    assert away.sighting is None and away.moments[0].seen.quality is not None and away.moments[0].seen.quality.why
