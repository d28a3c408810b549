"""`menshen plates FILM`, `menshen faces FILM`, as at the keyboard: drawn films, ended early, damaged, on their side."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from controller.vision import film as films
from controller.vision.capture import Frame
from models.cards import home
from tools.cameras.scenes import DoorScene, GateScene, Picture, filmed
from tools.cli import app

FPS = 8
UPRIGHT = np.array([1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30], ">u4").tobytes()  # ISO 14496-12, tkhd
ON_ITS_SIDE = np.array([0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30], ">i4").tobytes()


def write(file: Path, pictures: list[Picture]) -> Path:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "8", "preset": "ultrafast"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return file


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cars, one after the other, eight and ten frames; 1.5 s between."""
    return write(tmp_path_factory.mktemp("films") / "gate.mp4", list(gate_pictures()))


def gate_pictures() -> Iterator[Picture]:
    scene = GateScene()
    for number in range(30):
        if number == 0:
            scene.show("皖A12345", "blue", -1.0)
        elif number == 8:
            scene.clear()
        elif number == 20:
            scene.show("苏EF30178", "green", number / FPS - 1.0)
        yield filmed(scene.draw(number / FPS), number)


def told(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == code, done.output
    return dict(json.loads(done.stdout))


def test_each_car_of_a_film_is_one_passage_with_its_frames(gate: Path, tmp_path: Path) -> None:
    report = told("plates", str(gate), "--plot", str(tmp_path / "seen.png"))
    assert (report["source"], report["stopped"], report["seconds"]) == ("gate.mp4", False, pytest.approx(29 / FPS))
    first, second = report["passages"]
    assert (first["text"], first["sure"], first["direction"]) == ("皖A12345", True, "in")
    assert (first["from_s"], first["to_s"], len(first["frames"])) == (0.0, 7 / FPS, 8)
    assert first["decided_s"] == 2 / FPS and first["body_colour"] == "red" and first["vehicle_class"] == "small"
    assert {frame["text"] for frame in first["frames"]} == {"皖A12345"} and len(first["posteriors"]) == 7
    assert (second["text"], second["plate_type"], second["from_s"]) == ("苏EF30178", "green_small", 20 / FPS)
    sheet = cv2.imread(str(tmp_path / "seen.png"))
    assert sheet is not None and sheet.shape == (360, 1280, 3)
    done = CliRunner().invoke(app, ["plates", str(gate)])
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and lines[0].startswith("0:00.0–0:00.9  in   皖A12345") and "sure" in lines[0]


def test_ctrl_c_keeps_what_was_found_until_then(gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    see = films.PlateFilm.see

    def interrupted(film: films.PlateFilm, frame: Frame) -> Any:
        if frame.seq == 6:
            signal.raise_signal(signal.SIGINT)
        return see(film, frame)

    monkeypatch.setattr(films.PlateFilm, "see", interrupted)
    before = signal.getsignal(signal.SIGINT)
    report = told("plates", str(gate), code=130)
    assert report["stopped"] and report["seconds"] == pytest.approx(6 / FPS)
    assert [(one["text"], len(one["frames"])) for one in report["passages"]] == [("皖A12345", 7)]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_plot_that_cannot_be_written_is_said_before_the_film_is_watched(
    gate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films.PlateFilm, "see", lambda film, frame: pytest.fail("watched"))
    done = CliRunner().invoke(app, ["plates", str(gate), "--plot", str(tmp_path / "nowhere" / "seen.png")])
    assert done.exit_code == 2 and "another --plot FILE" in " ".join(done.stderr.split())


def test_a_film_that_is_not_there_leaves_the_plot_of_before(tmp_path: Path) -> None:
    before, new = tmp_path / "seen.png", tmp_path / "new.png"
    before.write_bytes(b"a plot")
    for plot in (before, new):
        done = CliRunner().invoke(app, ["plates", str(tmp_path / "gone.mp4"), "--plot", str(plot)])
        assert done.exit_code == 2 and "gone.mp4 cannot be read" in " ".join(done.stderr.split())
    assert before.read_bytes() == b"a plot" and not new.exists()


def test_a_film_that_is_damaged_in_the_middle_is_seen_before_and_after(gate: Path, tmp_path: Path) -> None:
    content = bytearray(gate.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 600] = b"\x55" * 600
    (tmp_path / "damaged.mp4").write_bytes(content)
    report = told("plates", str(tmp_path / "damaged.mp4"))
    assert [one["text"] for one in report["passages"]] == ["皖A12345", "苏EF30178"]


def test_a_film_from_a_phone_held_upright_is_turned(gate: Path, tmp_path: Path) -> None:
    turned = [np.ascontiguousarray(np.rot90(picture)) for picture in list(gate_pictures())[:8]]
    file = write(tmp_path / "phone.mp4", turned)
    content = file.read_bytes()
    place = content.index(UPRIGHT, content.index(b"tkhd"))
    file.write_bytes(content[:place] + ON_ITS_SIDE + content[place + len(UPRIGHT) :])
    assert [one["text"] for one in told("plates", str(file))["passages"]] == ["皖A12345"]


def test_a_film_without_a_plate_says_so_and_its_plot_is_the_first_frame(tmp_path: Path) -> None:
    file = write(tmp_path / "empty.mp4", [filmed(GateScene().draw(0.0), number) for number in range(3)])
    done = CliRunner().invoke(app, ["plates", str(file), "--plot", str(tmp_path / "seen.png")])
    assert done.exit_code == 0 and done.stdout == "no plate\n"
    sheet = cv2.imread(str(tmp_path / "seen.png"))
    assert sheet is not None and sheet.shape == (360, 640, 3) and sheet.mean() > 50


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody at the door, who is a picture: the head does not turn."""
    portrait = home() / "downloads" / "pictures" / "resident.png"
    scene = DoorScene()
    scene.show(portrait, (120, 0, 380, 290), -1.2)
    pictures = [filmed(scene.draw(number / FPS), number) for number in range(12)]
    return write(tmp_path_factory.mktemp("films") / "door.mp4", pictures)


def faces(door: Path, tmp_path: Path, known: str) -> list[str]:
    """The words of the command with this picture as the only one enrolled, as "li"."""
    picture = home() / "downloads" / "pictures" / known
    (tmp_path / f"li{picture.suffix}").write_bytes(picture.read_bytes())
    return ["faces", str(door), "--gallery", str(tmp_path), "--liveness", "turn"]


def test_who_is_enrolled_is_named_once_and_a_picture_held_up_is_not_live(door: Path, tmp_path: Path) -> None:
    (passage,) = told(*faces(door, tmp_path, "resident.png"))["passages"]
    assert (passage["person"], passage["live"], passage["decided"]) == ("li", False, True)
    assert len(passage["frames"]) == 12 and passage["frames"][0]["person"] == "li" and passage["distance"] < 0.5


def test_a_stranger_is_told_as_one(door: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*faces(door, tmp_path, "stranger.jpg"), "--plot", str(tmp_path / "seen.png")])
    assert done.exit_code == 0 and done.stdout.startswith("0:00.0–0:01.4  stranger  distance")
    assert len(done.stdout.splitlines()) == 1 and "live" not in done.stdout
    sheet = cv2.imread(str(tmp_path / "seen.png"))
    assert sheet is not None and sheet.shape == (360, 640, 3)
