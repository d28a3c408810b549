"""Boxes, crops and chips to the pixel, on drawn pictures; no model is run."""

from __future__ import annotations

import itertools
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models import face_geometry as geometry
from models.face_geometry import ALIGNMENTS, FAR_PX, NEAR_PX, Alignment, Face, View

RNG = np.random.default_rng(8)
SIZES = [(720, 1280), (1080, 1920), (480, 640), (250, 250), (1280, 720), (96, 64)]


def grey(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 60, np.uint8)


def dotted(height: int, width: int, points: Any, radius: float) -> NDArray[np.uint8]:
    """White discs at `points` (x, y), sub-pixel."""
    ys, xs = np.mgrid[0:height, 0:width]
    light = np.zeros((height, width))
    for x, y in points:
        light = np.maximum(light, np.clip(radius + 0.5 - np.hypot(xs - x, ys - y), 0, 1))
    return (light[..., None] * (255, 255, 255)).astype(np.uint8)


def centre_of_light(picture: NDArray[np.uint8], near: Any, reach: int = 8) -> NDArray[Any]:
    """Centre of mass of what is light around `near`."""
    x, y = (round(float(v)) for v in near)
    y0, x0 = max(0, y - reach), max(0, x - reach)
    part = picture[y0 : y + reach + 1, x0 : x + reach + 1].mean(axis=2)
    ys, xs = np.mgrid[0 : part.shape[0], 0 : part.shape[1]]
    return np.array([(xs * part).sum() / part.sum() + x0, (ys * part).sum() / part.sum() + y0])


DLIB = ALIGNMENTS["dlib"]
CHIP_POINTS = DLIB.points


def mesh_of(points: Any, alignment: Alignment = DLIB) -> NDArray[np.float32]:
    mesh = np.zeros((468, 2), np.float32)
    for indices, point in zip(alignment.mesh, points, strict=True):
        sideways = np.linspace(-4, 4, len(indices))[:, None] * (1, 0) if len(indices) > 1 else 0
        mesh[list(indices)] = point + sideways
    return mesh


def moved(points: NDArray[Any], scale: float, degrees: float, shift: tuple[float, float]) -> NDArray[Any]:
    turn = np.array([[np.cos(a := np.radians(degrees)), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return points @ (scale * turn).T + shift


@pytest.mark.parametrize("degrees", [-30, 0, 17])
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.9, 3.4, 6.0])
@pytest.mark.parametrize("alignment", ALIGNMENTS.values(), ids=ALIGNMENTS)
def test_chip_points_lie_on_the_template_within_a_pixel(alignment: Alignment, scale: float, degrees: float) -> None:
    points = moved(alignment.points, scale, degrees, (400 + 10 * scale, 150.3))
    picture = dotted(1300, 1400, points, 2.5 * max(1.0, scale))
    chip = geometry.chip(picture, mesh_of(points, alignment), alignment)
    assert chip.shape == (alignment.side, alignment.side, 3)
    for wanted in alignment.points:
        assert np.hypot(*(centre_of_light(chip, wanted) - wanted)) < 0.5


def test_chip_of_a_near_face_is_not_aliased() -> None:
    points = moved(CHIP_POINTS, 6, 0, (100, 100))
    picture = np.zeros((1100, 1100, 3), np.uint8)
    picture[:, ::2] = 254  # finer than a chip can hold: it must become an even grey
    chip = geometry.chip(picture, mesh_of(points), DLIB)
    assert abs(chip.mean() - 127) < 2
    assert chip.std() < 12


def test_chip_that_leaves_the_picture_is_black_there() -> None:
    points = moved(CHIP_POINTS, 4, 0, (-250, -150))
    chip = geometry.chip(grey(300, 300), mesh_of(points), DLIB)
    assert chip[:30, :30].max() == 0
    assert chip[100, 100].tolist() == [60, 60, 60]


def test_chip_keeps_red_red() -> None:
    picture = np.zeros((150, 150, 3), np.uint8)
    picture[..., 0] = 200
    assert geometry.chip(picture, mesh_of(CHIP_POINTS), DLIB)[75, 75].tolist() == [200, 0, 0]


def test_similarity_is_the_inverse_of_a_similarity_without_mirroring() -> None:
    source = moved(CHIP_POINTS, 2.2, 40, (10, -7)).astype(np.float32)
    matrix = geometry.similarity(source, CHIP_POINTS)
    np.testing.assert_allclose(source @ matrix[:, :2].T + matrix[:, 2], CHIP_POINTS, atol=1e-3)
    flipped = CHIP_POINTS * np.array([-1, 1], np.float32)
    assert np.linalg.det(geometry.similarity(flipped, CHIP_POINTS)[:, :2]) > 0


def test_mesh_crop_and_back_agree_within_a_pixel() -> None:
    eyes = np.array([[300.0, 200.0], [360.0, 230.0]])
    keypoints = np.concatenate([eyes, np.zeros((4, 2))]).astype(np.float32)
    face = Face((270.0, 160.0, 400.0, 290.0), 0.9, keypoints)
    transform = geometry.mesh_transform(face)
    inputs = geometry.mesh_input(dotted(500, 600, eyes, 3), transform)
    assert inputs.shape == (1, 192, 192, 3)
    assert 0.0 <= inputs.min() <= inputs.max() <= 1.0
    there = eyes @ transform[:, :2].T + transform[:, 2]
    assert abs(there[0, 1] - there[1, 1]) < 0.01  # upright by the eyes
    crop = (inputs[0] * 255).astype(np.uint8)
    for point, wanted in zip(there, eyes, strict=True):
        seen = centre_of_light(crop, point)
        (home,) = geometry.back(np.array([seen], np.float32), transform)
        assert np.hypot(*(home - wanted)) < 0.5


@pytest.mark.parametrize("size", SIZES)
def test_views_cover_the_picture(size: tuple[int, int]) -> None:
    height, width = size
    whole, squares = geometry.views(grey(height, width))
    assert whole.pixels.shape == (NEAR_PX, NEAR_PX, 3)
    assert whole.side == pytest.approx(max(size), rel=0.01)
    assert min(view.x for view in squares) == 0
    assert max(view.x + view.side for view in squares) == pytest.approx(width, rel=0.01)
    assert max(view.y + view.side for view in squares) == pytest.approx(height, rel=0.01)
    for view in squares:
        assert view.pixels.shape == (FAR_PX, FAR_PX, 3)
    for first, second in itertools.pairwise(squares):
        assert max(second.x - first.x, second.y - first.y) <= 0.79 * first.side


@pytest.mark.parametrize("size", SIZES[:5])
def test_what_a_view_sees_comes_back_to_its_place(size: tuple[int, int]) -> None:
    height, width = size
    point = np.array([width * 0.7, height * 0.4])
    whole, squares = geometry.views(dotted(height, width, [point], min(size) / 40))
    for view in [whole, *squares]:
        there = (point - (view.x, view.y)) / view.side * view.pixels.shape[0]
        if ((there > 8) & (there < view.pixels.shape[0] - 8)).all():
            seen = centre_of_light(view.pixels, there)
            assert np.hypot(*(seen - there)) < 1.0


@pytest.mark.parametrize(
    ("input_px", "index", "centre"),
    [(NEAR_PX, 0, (4, 4)), (NEAR_PX, 895, (120, 120)), (NEAR_PX, 33, (4, 12)), (FAR_PX, 49, (6, 6))],
)
def test_decode_puts_a_box_where_its_anchor_is(input_px: int, index: int, centre: tuple[float, float]) -> None:
    view = View(100.0, 50.0, 2.0 * input_px, np.zeros((input_px, input_px, 3), np.uint8))
    count = 896 if input_px == NEAR_PX else 2304
    regressors, logits = np.zeros((count, 16), np.float32), np.full(count, -20.0, np.float32)
    logits[index] = 3.0
    regressors[index, :4] = (5, -3, 40, 20)
    regressors[index, 4:6] = (-10, -10)
    (face,) = geometry.decode(regressors, logits, view, 0.5)
    x, y = centre[0] + 5, centre[1] - 3
    wanted = (100 + 2 * (x - 20), 50 + 2 * (y - 10), 100 + 2 * (x + 20), 50 + 2 * (y + 10))
    assert face.box == pytest.approx(wanted, abs=0.01)
    assert face.keypoints[0] == pytest.approx((100 + 2 * (centre[0] - 10), 50 + 2 * (centre[1] - 10)), abs=0.01)
    assert face.score == pytest.approx(1 / (1 + np.exp(-3.0)))


def face_at(x: float, y: float, side: float, score: float = 0.9) -> Face:
    return Face((x, y, x + side, y + side), score, np.full((6, 2), x + side / 2, np.float32))


def view_at(x: float, y: float, side: float) -> View:
    return View(x, y, side, np.zeros((FAR_PX, FAR_PX, 3), np.uint8))


def test_blend_averages_one_face_and_keeps_two() -> None:
    found = geometry.blend([face_at(0, 0, 100, 0.8), face_at(10, 0, 100, 0.8), face_at(300, 0, 50, 0.9)])
    assert [face.box[0] for face in found] == [300.0, pytest.approx(5.0)]
    twins = [face_at(0, 0, 100), face_at(0, 0, 100)]
    assert len(geometry.blend(twins)) == 1


def test_join_prefers_the_whole_face_to_the_cut_one() -> None:
    left, right = view_at(0, 0, 720), view_at(560, 0, 720)
    cut = face_at(640, 300, 78, 0.95)  # ends at the left square's edge
    whole = face_at(642, 280, 120, 0.70)
    (kept,) = geometry.join([(left, [cut]), (right, [whole])], 1280, 720)
    assert kept is whole


def test_join_keeps_a_face_at_the_pictures_own_edge() -> None:
    right = view_at(560, 0, 720)
    at_edge, other = face_at(1200, 300, 80, 0.7), face_at(700, 300, 80, 0.9)
    assert geometry.join([(right, [at_edge, other])], 1280, 720) == [other, at_edge]


def test_two_people_side_by_side_are_two() -> None:
    view = view_at(0, 0, 720)
    assert len(geometry.join([(view, [face_at(100, 100, 100), face_at(180, 100, 100)])], 720, 720)) == 2


def test_opencv_reads_blue_first() -> None:
    """Why every reader of files turns the channels round before it calls the pipeline."""
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    _, png = cv2.imencode(".png", red[..., ::-1])
    read = cv2.imdecode(png, cv2.IMREAD_COLOR)
    assert read is not None
    assert read[0, 0].tolist() == [0, 0, 255]
    assert read[..., ::-1][0, 0].tolist() == [255, 0, 0]
