"""A head that turns and a picture that is turned: on points in space, and through the real nets on portraits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.build import is_built
from models.cards import default_set, home
from models.evaluate_liveness import NoFaces, evaluate_liveness
from models.face_geometry import Points
from models.face_liveness import CLEARLY, TURNS, Challenge, Move, moved, parallax, pitch, yaw

PORTRAITS = home() / "downloads" / "pictures"


def head(degrees: float, depth: float = 1.0, scale: float = 1.0, down: float = 0.0) -> Points:
    """(468, 2) points of half a ball 160 px wide with a nose, turned to its left and down; a picture: `depth` 0."""
    rng = np.random.default_rng(3)
    points = rng.uniform(-80, 80, (468, 3))
    points[:, 2] = -np.sqrt(np.maximum(0, 90**2 - (points[:, :2] ** 2).sum(1)))
    places = {
        1: (0, 10, -115),
        10: (0, -75, -50),
        152: (0, 75, -50),
        234: (-80, 0, 0),
        454: (80, 0, 0),
        33: (-45, -30, -65),
        133: (-20, -30, -75),
        263: (45, -30, -65),
        362: (20, -30, -75),
    }
    for index, place in places.items():
        points[index] = place
    points[:, 2] *= depth
    angle = np.radians(degrees)
    x = points[:, 0] * np.cos(angle) - points[:, 2] * np.sin(angle)
    z = points[:, 0] * np.sin(angle) + points[:, 2] * np.cos(angle)
    cos, sin = np.cos(np.radians(down)), np.sin(np.radians(down))
    y, z = points[:, 1] * cos - z * sin, points[:, 1] * sin + z * cos
    shrink = 800 / (800 + z)
    return (scale * np.column_stack([300 + x * shrink, 200 + y * shrink])).astype(np.float32)


@pytest.mark.parametrize("degrees", [-40, -25, 25, 40])
def test_a_head_that_turns_has_parallax(degrees: float) -> None:
    to, back = (Move.LEFT, Move.RIGHT) if degrees > 0 else (Move.RIGHT, Move.LEFT)
    assert moved(head(0), head(degrees)) == to and moved(head(degrees), head(0, scale=1.3)) == back


@pytest.mark.parametrize("degrees", [-25, -15, 15, 25])
def test_a_head_that_nods_has_it_too(degrees: float) -> None:
    to = Move.DOWN if degrees > 0 else Move.UP
    assert moved(head(0), head(0, down=degrees)) == moved(head(0), head(0.3 * degrees, down=degrees, scale=1.2)) == to


@pytest.mark.parametrize("degrees", [-60, -30, 30, 60])
def test_a_picture_moves_as_a_plane_however_it_is_turned(degrees: float) -> None:
    assert parallax(head(0, 0), head(degrees, 0)) < 1e-3 and parallax(head(0, 0), head(0, 0, down=degrees)) < 1e-3
    assert (
        moved(head(-degrees, 0), head(degrees, 0)) is moved(head(0, 0, down=-degrees), head(0, 0, down=degrees)) is None
    )


def test_a_head_that_stands_still_or_comes_nearer_has_not_moved() -> None:
    assert moved(head(0), head(3, down=3)) is None and moved(head(0), head(0, scale=1.5)) is None


def test_yaw_and_pitch_have_their_side_s_sign() -> None:
    assert yaw(head(-25)) < -0.2 < yaw(head(0)) < 0.2 < yaw(head(25))
    assert pitch(head(0, down=-20)) < pitch(head(0)) - 0.1 and pitch(head(0, down=20)) > pitch(head(0)) + 0.1


def test_of_a_turn_and_a_nod_at_once_the_one_that_is_asked_for_counts() -> None:
    both = head(25, down=15)
    assert moved(head(0), both) is Move.DOWN and moved(head(0), both, among=TURNS) is Move.LEFT
    assert Challenge([TURNS]).see(head(0), both) is True
    assert Challenge([frozenset({Move.LEFT})], chosen=True).see(head(0), both) is False


def test_a_glance_aside_is_no_other_move() -> None:
    assert moved(head(0), head(17)) is Move.LEFT and moved(head(0), head(17), CLEARLY) is None
    challenge = Challenge([frozenset({Move.DOWN})], chosen=True)
    assert challenge.see(head(0), head(17)) is None
    assert challenge.see(head(0), head(40)) is False
    assert challenge.see(head(0), head(0, down=25)) is True


def test_a_challenge_by_chance_is_a_turn_and_a_nod_in_any_order() -> None:
    rng = np.random.default_rng(1)
    asked = set()
    for _ in range(200):
        challenge = Challenge.of("random", lambda moves: moves[int(rng.integers(len(moves)))])
        first = challenge.asked
        poses = {"left": (30, 0), "right": (-30, 0), "up": (0, -25), "down": (0, 25)}
        assert challenge.see(head(0), head(poses[first][0], down=poses[first][1])) is None
        second = challenge.asked
        assert (first in TURNS) != (second in TURNS)
        assert challenge.see(head(0), head(poses[first][0], down=poses[first][1])) is None  # still there
        assert challenge.see(head(0), head(poses[second][0], down=poses[second][1])) is True and not challenge.asked
        asked.add((first, second))
    assert len(asked) == 8


def test_points_that_all_lie_in_one_place_are_no_head() -> None:
    nowhere = np.zeros((468, 2), np.float32)
    assert moved(nowhere, nowhere) is None


def test_a_folder_without_a_face_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoFaces, match="--data"):
        evaluate_liveness(tmp_path)


@pytest.mark.skipif(not all(map(is_built, default_set())), reason="no models")
@pytest.mark.skipif(not (PORTRAITS / "resident.png").exists(), reason="the demo's portraits are not here: make venv")
def test_the_portraits_as_heads_pass_and_as_pictures_do_not() -> None:
    figures = evaluate_liveness(PORTRAITS, 1, challenges=("turn",))["figures"]
    assert figures["presentations"] >= 2 and figures["bpcer"] <= 0.5
    apcer = figures["apcer"]
    assert apcer["print"] == apcer["print_bent"] == apcer["screen_still"] == 0
    assert apcer["screen_video"] > 0  # said in the docs: a film of a head is a head
