"""A head that turns and a picture that is turned: on points in space, and through the real nets on portraits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.build import is_built
from models.cards import cards, home
from models.evaluate_liveness import NoFaces, evaluate_liveness
from models.face_geometry import Points
from models.face_liveness import parallax, turned, yaw

PORTRAITS = home() / "downloads" / "pictures"


def head(degrees: float, depth: float = 1.0, scale: float = 1.0) -> Points:
    """(468, 2) points of half a ball 160 px wide with a nose, turned to the side; `depth` 0 is a picture of it."""
    rng = np.random.default_rng(3)
    points = rng.uniform(-80, 80, (468, 3))
    points[:, 2] = -np.sqrt(np.maximum(0, 90**2 - (points[:, :2] ** 2).sum(1)))
    places = {1: (0, 10, -115), 33: (-45, -30, -65), 133: (-20, -30, -75), 263: (45, -30, -65), 362: (20, -30, -75)}
    for index, place in places.items():
        points[index] = place
    points[:, 2] *= depth
    angle = np.radians(degrees)
    x = points[:, 0] * np.cos(angle) + points[:, 2] * np.sin(angle)
    z = -points[:, 0] * np.sin(angle) + points[:, 2] * np.cos(angle)
    shrink = 800 / (800 + z)
    return (scale * np.column_stack([300 + x * shrink, 200 + points[:, 1] * shrink])).astype(np.float32)


@pytest.mark.parametrize("degrees", [-40, -25, 25, 40])
def test_a_head_that_turns_has_parallax(degrees: float) -> None:
    assert turned(head(0), head(degrees)) and turned(head(degrees), head(0, scale=1.3))


@pytest.mark.parametrize("degrees", [-60, -30, 30, 60])
def test_a_picture_moves_as_a_plane_however_it_is_turned(degrees: float) -> None:
    assert parallax(head(0, 0), head(degrees, 0)) < 1e-3 and not turned(head(-degrees, 0), head(degrees, 0))


def test_a_head_that_stands_still_or_comes_nearer_has_not_turned() -> None:
    assert not turned(head(0), head(3)) and not turned(head(0), head(0, scale=1.5))


def test_yaw_has_the_side_s_sign() -> None:
    assert yaw(head(-25)) > 0.25 > yaw(head(0)) > -0.25 > yaw(head(25))


def test_points_that_all_lie_in_one_place_are_no_head() -> None:
    nowhere = np.zeros((468, 2), np.float32)
    assert not turned(nowhere, nowhere)


def test_a_folder_without_a_face_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoFaces, match="--data"):
        evaluate_liveness(tmp_path)


@pytest.mark.skipif(not all(is_built(card) for card in cards() if card.name.startswith("face_")), reason="no models")
@pytest.mark.skipif(not (PORTRAITS / "resident.png").exists(), reason="the demo's portraits are not here: make venv")
def test_the_portraits_as_heads_pass_and_as_pictures_do_not() -> None:
    figures = evaluate_liveness(PORTRAITS)["figures"]
    assert figures["presentations"] >= 2 and figures["bpcer"] <= 0.5
    apcer = figures["apcer"]
    assert apcer["print"] == apcer["print_bent"] == apcer["screen_still"] == 0
    assert apcer["screen_video"] > 0  # said in the docs: a film of a head is a head
