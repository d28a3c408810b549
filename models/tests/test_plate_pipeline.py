"""The committed nets read a rendered plate in a drawn scene, and see none where there is none."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.evaluate_plate import edit_distance, evaluate_plate
from models.measure_plate_spoilt import measure, spoilings
from models.plate import PlatePipeline, agreed, windows
from models.plates.geometry import rectify, tilted
from models.plates.peers import Peer, plate_among
from models.plates.reliability import expected_error, reliability, reliability_plot
from models.plates.render import degrade, plate_image
from models.plates.split import is_training_crop


@pytest.fixture(scope="module")
def pipeline() -> PlatePipeline:
    return PlatePipeline()


def car_scene(height: int = 540, width: int = 960, paint: tuple[int, int, int] = (150, 30, 30)) -> np.ndarray:
    """A car from the front on a road, RGB, without a plate."""
    scene = np.full((height, width, 3), 120, np.uint8)
    scene[: height // 2] = (170, 190, 205)
    scale = height / 540

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * scale + (width - 960 * scale) / 2), round(y * scale)

    cv2.rectangle(scene, at(280, 220), at(680, 450), paint, -1)
    cv2.fillConvexPoly(scene, np.array([at(330, 220), at(370, 110), at(590, 110), at(630, 220)]), (60, 70, 80))
    for y in range(270, 330, 12):
        cv2.line(scene, at(390, y), at(570, y), (30, 30, 30), max(1, round(4 * scale)))
    for x in (330, 630):
        cv2.circle(scene, at(x, 290), round(28 * scale), (240, 240, 220), -1, cv2.LINE_AA)
        cv2.rectangle(scene, at(x - 30, 450), at(x + 30, 500), (20, 20, 20), -1)
    return scene


def with_plate(scene: np.ndarray, text: str, colour: str, width_px: int, turn_deg: float = 0.0) -> np.ndarray:
    """The scene with a plate below its middle; corners as drawn are returned by `drawn_corners`."""
    plate = plate_image(text, colour, 440)
    corners = drawn_corners(scene, plate, width_px, turn_deg)
    small = cv2.resize(plate, (width_px * 2, round(width_px * 2 * plate.shape[0] / 440)), interpolation=cv2.INTER_AREA)
    box = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * np.array(small.shape[1::-1], np.float32)
    matrix = cv2.getPerspectiveTransform(box, corners)
    size = (scene.shape[1], scene.shape[0])
    out = cv2.warpPerspective(small, matrix, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full(small.shape[:2], 255, np.uint8), matrix, size) > 127
    return np.where(mask[..., None], out, scene)


def drawn_corners(scene: np.ndarray, plate: np.ndarray, width_px: int, turn_deg: float) -> np.ndarray:
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) / 2
    half *= np.array([width_px, width_px * plate.shape[0] / plate.shape[1]], np.float32)
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    middle = np.array([scene.shape[1] / 2, scene.shape[0] * 0.75], np.float32)
    return np.asarray(half @ np.array([[cos, sin], [-sin, cos]]) + middle, np.float32)


@pytest.mark.parametrize("width_px", [120, 140, 160])
@pytest.mark.parametrize(
    ("text", "colour"),
    [("皖A12345", "blue"), ("京B67890", "blue"), ("沪C5K8M2", "yellow"), ("苏EF30178", "green"), ("浙H7Q9L3", "blue")],
)
def test_read_frame_reads_a_rendered_plate_surely(
    pipeline: PlatePipeline, text: str, colour: str, width_px: int
) -> None:
    (plate,) = pipeline.read_frame(with_plate(car_scene(), text, colour, width_px))
    assert (plate.text, plate.colour, plate.rows) == (text, colour, 1)
    assert plate.confidence >= pipeline.sure_confidence
    assert len(plate.posteriors) == len(text) == len(plate.distribution)


@pytest.mark.parametrize("seed", range(4))
def test_read_frame_reads_a_filmed_plate_in_hd(pipeline: PlatePipeline, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = with_plate(car_scene(720, 1280, (40, 60, 120)), "皖A8H6K9", "blue", 150, turn_deg=4.0)
    reads = pipeline.read_frame(degrade(scene, rng, strength=0.5))
    assert [plate.text for plate in reads] == ["皖A8H6K9"]


def test_corners_lie_on_the_plate_clockwise_from_top_left(pipeline: PlatePipeline) -> None:
    scene = car_scene()
    (plate,) = pipeline.read_frame(with_plate(scene, "皖A12345", "blue", 150, turn_deg=3.0))
    wanted = drawn_corners(scene, plate_image("皖A12345", "blue", 440), 150, 3.0)
    assert plate.corners.dtype == np.float32
    assert np.linalg.norm(plate.corners - wanted, axis=1).max() < 6


@pytest.mark.parametrize("size", [(540, 960), (720, 1280), (288, 480), (1160, 720)])
def test_read_frame_finds_nothing_on_a_car_without_a_plate(pipeline: PlatePipeline, size: tuple[int, int]) -> None:
    assert pipeline.read_frame(car_scene(*size)) == []


@pytest.mark.parametrize("value", [0, 128, 255])
def test_read_frame_finds_nothing_in_a_plain_picture(pipeline: PlatePipeline, value: int) -> None:
    assert pipeline.read_frame(np.full((540, 960, 3), value, np.uint8)) == []


def test_read_frame_drops_what_cannot_be_read(pipeline: PlatePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = with_plate(car_scene(), "皖A12345", "blue", 140)
    (plate,) = pipeline.read_frame(scene)
    reading = pipeline.read(rectify(scene, plate.corners, 140, 45))
    faint = reading.distribution * 0.3
    illegible = replace(reading, distribution=faint, posteriors=tuple(faint.max(1)), confidence=0.3)
    monkeypatch.setattr(PlatePipeline, "_read_strip", lambda _self, _strip: illegible)
    assert pipeline.read_frame(scene) == []


def test_a_still_is_looked_at_in_windows_where_a_plate_is_small(pipeline: PlatePipeline) -> None:
    scene = car_scene(1160, 720)
    small = with_plate(scene, "皖A12345", "blue", 46)
    assert pipeline.read_frame(small) == []  # 11 px wide to the detector
    assert [plate.text for plate in pipeline.read_frame(small, still=True)] == ["皖A12345"]
    assert pipeline.read_frame(scene, still=True) == []


@pytest.mark.parametrize("name", spoilings())
def test_a_plate_is_found_at_night_in_any_light_and_in_motion_and_never_surely_wrong(
    pipeline: PlatePipeline, name: str
) -> None:
    photos = [(with_plate(car_scene(), text, "blue", 160), text) for text in ("皖A8H6K9", "浙H7Q9L3")]
    tally = measure(pipeline, [*photos, (car_scene(), "")], spoilings()[name])
    assert (tally.photos, tally.found, tally.sure_wrong) == (3, 2, 0)
    assert tally.right == 2 or name.startswith(("motion", "0.4"))


@pytest.mark.parametrize("size", [(720, 1160), (1920, 1080), (5000, 300), (3, 2000), (4000, 3000), (1280, 720)])
def test_windows_overlap_and_cover_the_picture(size: tuple[int, int]) -> None:
    covered = np.zeros(size[::-1], np.uint8)
    for x, y, width, height in windows(*size):
        assert x >= 0 and y >= 0 and x + width <= size[0] and y + height <= size[1]
        covered[y : y + height, x : x + width] += 1
    assert covered.min() == 1 and covered.max() > 1


@pytest.mark.parametrize("size", [(480, 288), (250, 250), (640, 480), (1, 1)])
def test_a_picture_hardly_larger_than_a_window_has_none(size: tuple[int, int]) -> None:
    assert windows(*size) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (50, 60)])
def test_read_frame_takes_pictures_of_any_size(pipeline: PlatePipeline, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    assert pipeline.read_frame(noise) == []


def test_agreed_is_as_sure_as_the_readings_agree(pipeline: PlatePipeline) -> None:
    one = pipeline.read(plate_image("皖A12345", "blue", 140))
    other = pipeline.read(plate_image("皖A12346", "blue", 140))
    shorter = pipeline.read(plate_image("皖AD12345", "green", 140))
    assert agreed([one]).posteriors == pytest.approx(one.posteriors, abs=1e-6)
    assert agreed([one, one, one]).confidence == pytest.approx(one.confidence, abs=1e-6)
    for readings in ([one, other], [one, shorter], [other, one, shorter]):
        assert agreed(readings).confidence <= 0.51


@pytest.mark.parametrize("net", ["_detector", "_corners", "_reader"])
def test_every_net_sees_red_first(pipeline: PlatePipeline, monkeypatch: pytest.MonkeyPatch, net: str) -> None:
    model, seen = getattr(pipeline, net), []
    scene = with_plate(car_scene(paint=(250, 0, 0)), "皖A12345", "blue", 140)
    scene[..., 2] //= 2  # red rules the whole picture
    run = model.run

    def noting(value: np.ndarray) -> tuple[np.ndarray, ...]:
        seen.append(value.mean((0, 1, 2)))
        return tuple(run(value))

    monkeypatch.setattr(model, "run", noting)
    pipeline.read(scene) if net == "_reader" else pipeline.detect(scene)
    assert model.card.input.order == "RGB"
    assert all(red > blue for red, _, blue in seen) and seen


@pytest.mark.parametrize("drop", [-1.0, 1.0])
def test_read_rights_the_box_around_a_tilted_plate(pipeline: PlatePipeline, drop: float) -> None:
    plate = plate_image("苏EA3S5R", "blue", 140)
    height, width = plate.shape[:2]
    shift = np.array([[1, 0, 0], [drop * height / width, 1, max(0.0, -drop) * height]], np.float32)
    crop = cv2.warpAffine(plate, shift, (width, round(height * (1 + abs(drop)))), borderMode=cv2.BORDER_REPLICATE)
    assert pipeline.read(cv2.resize(crop, (94, 24), interpolation=cv2.INTER_AREA)).text == "苏EA3S5R"


def test_tilted_corners_go_down_on_the_right() -> None:
    box = np.array([[0, 0], [100, 0], [100, 30], [0, 30]], np.float32)
    assert tilted(box, 0.2).tolist() == [[0, -3], [100, 3], [100, 33], [0, 27]]


def test_read_takes_a_crop_of_any_size(pipeline: PlatePipeline) -> None:
    for width_px in (90, 128, 300):
        assert pipeline.read(plate_image("皖A12345", "blue", width_px)).text == "皖A12345"


@pytest.mark.parametrize(
    ("text", "colour"),
    [("皖A12345", "blue"), ("皖A12345", "yellow"), ("皖AD12345", "green"), ("皖A12345D", "yellow_green")],
)
def test_read_names_the_colour(pipeline: PlatePipeline, text: str, colour: str) -> None:
    reading = pipeline.read(plate_image(text, colour, 140))
    assert (reading.text, reading.colour) == (text, colour)


def test_evaluate_plate_counts_what_is_there(tmp_path) -> None:  # type: ignore[no-untyped-def]
    scenes = {
        "good.png": with_plate(car_scene(), "皖A12345", "blue", 140),
        "empty.png": car_scene(),
        "crop.png": plate_image("京B67890", "blue", 140),
    }
    for name, rgb in scenes.items():
        cv2.imwrite(str(tmp_path / name), rgb[..., ::-1])
    corners = " ".join(
        str(x) for x in drawn_corners(car_scene(), plate_image("皖A12345", "blue", 440), 140, 0.0).ravel()
    )
    rows = ["path,text,colour,kind,corners", f"good.png,皖A12345,blue,scene,{corners}"]
    rows += ["empty.png,,,scene,", "crop.png,京B67891,blue,crop,"]  # the last label is wrong on purpose
    (tmp_path / "truth.csv").write_text("\n".join(rows), encoding="utf-8")
    figures = evaluate_plate(tmp_path / "truth.csv", tmp_path / "plot.png")["figures"]
    assert (figures["count"], figures["whole_plate"], figures["impossible"]) == (2, 0.5, 0)
    assert figures["characters"] == pytest.approx(13 / 14)
    assert (figures["false_plates_per_1000"], figures["detect_recall_iou07"]) == (0.0, 1.0)
    assert figures["corner_error_px"] < 6 and figures["corner_error_share_of_width"] < 6 / 140
    assert (
        figures["corner_error_share_mean"]
        == figures["corner_error_share_p90"]
        == figures["corner_error_share_of_width"]
    )
    folder = figures["by_folder"][tmp_path.name]
    assert (folder["pictures_with_corners"], folder["detect_recall_iou07"]) == (1, 1.0) and folder["cpu_ms_median"] > 0
    assert figures["rejected_share"] == pytest.approx(1 - figures["sure_share"])
    assert sum(row["count"] for row in figures["reliability"]) == 2
    assert (tmp_path / "plot.png").stat().st_size > 0


def test_evaluate_plate_lets_peers_read_the_same_pictures(tmp_path) -> None:  # type: ignore[no-untyped-def]
    scene = with_plate(car_scene(), "皖A12345", "blue", 140)
    cv2.imwrite(str(tmp_path / "scene.png"), scene[..., ::-1])
    cv2.imwrite(str(tmp_path / "empty.png"), car_scene()[..., ::-1])
    table = "path,text,kind\nscene.png,皖A12345,scene\nempty.png,,scene\n"
    (tmp_path / "truth.csv").write_text(table, encoding="utf-8")
    ours = PlatePipeline()
    shown: list[tuple[int, ...]] = []

    def read(rgb: np.ndarray, plate: np.ndarray | None) -> str:
        assert plate is not None
        shown.append(rgb.shape)
        return ours.read(plate).text + "O"

    peers = {"other": Peer(read, 1.234), "missing": None}
    report = evaluate_plate(tmp_path / "truth.csv", peers=peers)["peers"]
    assert report["missing"] is None and shown == [scene.shape]
    other = report["other"]
    assert (other["whole_plate"], other["impossible"], other["mb"]) == (0.0, 1, 1.23)
    assert other["characters"] == pytest.approx(6 / 7) and other["cpu_ms_median"] > 0


def test_plate_among_lines_of_any_text() -> None:
    assert plate_among(["12:30:05", "皖B·AA322", "京A12345"]) == "皖BAA322"
    assert plate_among(["出口", "皖BAA3"]) == "皖BAA3"
    assert plate_among(["12:30:05"]) == plate_among([]) == ""


def test_reliability_bins_hold_what_they_count() -> None:
    rows = reliability([0.95, 0.99, 0.15, 1.0], [True, True, True, False])
    assert [row["count"] for row in rows] == [1, 3]
    assert rows[1]["right"] == pytest.approx(2 / 3, abs=1e-4)
    assert expected_error(rows) == pytest.approx((0.85 + 3 * (0.98 - 2 / 3)) / 4, abs=1e-3)
    assert expected_error(reliability([], [])) is None
    plot = reliability_plot(rows, 0.9)
    assert plot.shape == (460, 460, 3) and (plot != 255).any(2).sum() > 1000


def test_edit_distance_is_the_textbook_s() -> None:
    assert [edit_distance("kitten", "sitting"), edit_distance("", "abc"), edit_distance("ab", "ab")] == [3, 3, 0]


def test_training_half_is_fixed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    names = [tmp_path / "crops_lane" / f"{number}.jpg" for number in range(200)]
    chosen = [is_training_crop(name) for name in names]
    assert 70 < sum(chosen) < 130
    assert chosen == [is_training_crop(name) for name in names]
    assert not any(is_training_crop(tmp_path / "toll_lane" / name.name) for name in names)
