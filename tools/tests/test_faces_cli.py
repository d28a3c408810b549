"""`menshen faces`, as at the keyboard: on the demo's portraits, and on whatever else a person may hand to it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from models.build import is_built
from models.cards import default_set, home
from models.face import FacePipeline
from models.tests.test_pictures import cmyk_jpeg, turned
from tools.cli import app

PORTRAITS = {name: home() / "downloads" / "pictures" / name for name in ("resident.png", "stranger.jpg")}
pytestmark = [
    pytest.mark.skipif(not all(map(is_built, default_set())), reason="models not built: menshen models build"),
    pytest.mark.skipif(not all(map(Path.exists, PORTRAITS.values())), reason="no portraits here: make venv"),
]


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """One person with a picture of her own, and a picture that is cut off."""
    folder = tmp_path / "people" / "li"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(PORTRAITS["resident.png"].read_bytes())
    (folder / "2.jpg").write_bytes(PORTRAITS["stranger.jpg"].read_bytes()[:4000])
    return folder.parent


def bgr(name: str = "resident.png") -> np.ndarray:
    picture = cv2.imread(str(PORTRAITS[name]), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def seen(
    tmp_path: Path, gallery: Path, picture: np.ndarray | bytes, name: str = "seen.png", plot: Path | None = None
) -> list[dict[str, object]]:
    """The faces of a picture, or of a file of these bytes, as the command tells them."""
    file = tmp_path / name
    if isinstance(picture, bytes):
        file.write_bytes(picture)
    else:
        cv2.imwrite(str(file), picture)
    plotted = [] if plot is None else ["--plot", str(plot)]
    done = CliRunner().invoke(app, ["faces", str(file), "--gallery", str(gallery), "--json", *plotted])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["people"] == 1 and list(report["refused"]) == ["li/2.jpg"] and "cut off" in done.stderr
    return [face for row in report["frames"] for face in row["faces"]]


def test_who_is_enrolled_is_named_and_a_stranger_is_not(tmp_path: Path, gallery: Path) -> None:
    (known,) = seen(tmp_path, gallery, bgr())
    assert known["person"] == "li" and known["why"] == "" and known["distance"] == pytest.approx(0, abs=0.01)
    assert [face["person"] for face in seen(tmp_path, gallery, bgr("stranger.jpg"))] == [None]


def test_grey_large_and_many_are_looked_at(tmp_path: Path, gallery: Path) -> None:
    grey = cv2.cvtColor(bgr(), cv2.COLOR_BGR2GRAY)
    assert [face["person"] for face in seen(tmp_path, gallery, grey, "grey.jpg")] == ["li"]
    large = cv2.resize(bgr(), (6000, round(6000 * bgr().shape[0] / bgr().shape[1])), interpolation=cv2.INTER_CUBIC)
    assert [face["person"] for face in seen(tmp_path, gallery, large, "large.jpg")] == ["li"]
    one = cv2.resize(bgr(), (240, round(240 * bgr().shape[0] / bgr().shape[1])), interpolation=cv2.INTER_AREA)
    ten = np.tile(one, (2, 5, 1))
    assert len(seen(tmp_path, gallery, ten, "ten.png")) == 10


def test_cmyk_and_a_picture_on_its_side_are_looked_at(tmp_path: Path, gallery: Path) -> None:
    cmyk = cmyk_jpeg(np.ascontiguousarray(bgr()[..., ::-1]))
    assert [face["person"] for face in seen(tmp_path, gallery, cmyk, "cmyk.jpg")] == ["li"]
    side = bytes(cv2.imencode(".jpg", cv2.rotate(bgr(), cv2.ROTATE_90_COUNTERCLOCKWISE))[1])
    assert [face["person"] for face in seen(tmp_path, gallery, turned(side, 6), "side.jpg")] == ["li"]


def test_no_face_and_a_face_too_small_are_said(tmp_path: Path, gallery: Path) -> None:
    assert seen(tmp_path, gallery, np.full((300, 400, 3), 90, np.uint8)) == []
    small = np.full((720, 1280, 3), 90, np.uint8)
    tiny = cv2.resize(bgr(), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small[100 : 100 + tiny.shape[0], 100 : 100 + tiny.shape[1]] = tiny
    (face,) = seen(tmp_path, gallery, small)
    assert face["person"] is None and "small" in str(face["why"])


def test_a_picture_in_dark_glasses_is_not_enrolled(tmp_path: Path) -> None:
    worn = bgr()
    for eye in FacePipeline().detect(np.ascontiguousarray(worn[..., ::-1]).astype(np.uint8))[0].keypoints[:2]:
        cv2.circle(worn, (round(float(eye[0])), round(float(eye[1]))), 18, (15, 12, 10), -1)
    (tmp_path / "people").mkdir()
    cv2.imwrite(str(tmp_path / "people" / "li.png"), worn)
    done = CliRunner().invoke(
        app, ["faces", str(PORTRAITS["resident.png"]), "--gallery", str(tmp_path / "people"), "--json"]
    )
    report = json.loads(done.stdout)
    assert report["people"] == 0 and "dark glasses" in report["refused"]["li.png"]
    assert [face["person"] for row in report["frames"] for face in row["faces"]] == [None]


def test_a_plot_is_drawn(tmp_path: Path, gallery: Path) -> None:
    plot = tmp_path / "plot.png"
    done = CliRunner().invoke(
        app, ["faces", str(PORTRAITS["resident.png"]), "--gallery", str(gallery), "--plot", str(plot)]
    )
    assert done.exit_code == 0 and "li" in done.stdout and plot.stat().st_size > 1000
    plot.unlink()
    assert seen(tmp_path, gallery, np.full((300, 400, 3), 90, np.uint8), plot=plot) == [] and plot.exists()
    for where in (tmp_path / "nowhere" / "plot.png", tmp_path):
        done = CliRunner().invoke(
            app, ["faces", str(PORTRAITS["resident.png"]), "--gallery", str(gallery), "--plot", str(where)]
        )
        assert done.exit_code == 2 and "cannot be written" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.jpg", b"", "empty"),
        ("words.jpg", b"no picture", "no picture"),
        ("film.mp4", b"no film", "neither a picture nor a video"),
        ("people", None, "cannot be read"),
        ("nowhere.jpg", None, "cannot be read"),
        ("nowhere.mp4", None, "cannot be read"),
    ],
)
def test_what_is_no_picture_ends_with_words(
    tmp_path: Path, gallery: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = CliRunner().invoke(app, ["faces", str(tmp_path / name), "--gallery", str(gallery)])
    assert done.exit_code == 2 and words in " ".join(done.stderr.split())


def test_a_gallery_without_pictures_is_said(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["faces", str(PORTRAITS["resident.png"]), "--gallery", str(tmp_path / "nowhere")])
    assert done.exit_code == 2 and "is no folder" in " ".join(done.stderr.split())
    done = CliRunner().invoke(app, ["faces", str(PORTRAITS["resident.png"]), "--gallery", str(tmp_path)])
    assert done.exit_code == 2 and "no picture in it" in " ".join(done.stderr.split())
