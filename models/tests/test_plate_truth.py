"""Truth tables as people write them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.evaluate_plate import evaluate_plate
from models.plates.render import plate_image
from models.plates.truth import TruthError, read_truth


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Where a table goes; beside it a crop and a larger picture without a plate."""
    cv2.imwrite(str(tmp_path / "crop.png"), plate_image("京B67890", "blue", 140)[..., ::-1])
    (tmp_path / "deep").mkdir()
    cv2.imwrite(str(tmp_path / "deep" / "street.png"), np.full((480, 640, 3), 90, np.uint8))
    return tmp_path / "truth.csv"


def test_a_table_from_a_spreadsheet_is_read(table: Path) -> None:
    rows = ["path;Text ;KIND;corners", "crop.png;京b·67890;;", "deep\\street.png;;Scene;", ";;;", ""]
    table.write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    crop, street = read_truth(table)
    assert (crop.text, crop.kind, crop.kind_of(140, 45), crop.kind_of(640, 480)) == ("京B67890", "", "crop", "scene")
    assert street.path == table.parent / "deep" / "street.png" and (street.text, street.kind) == ("", "scene")
    figures = evaluate_plate(table)["figures"]
    assert (figures["whole_plate"], figures["kinds_told_by_size"], figures["false_plates_per_1000"]) == (1.0, 1, 0.0)


def test_only_path_and_text_are_needed_and_a_short_row_is_an_empty_one(table: Path) -> None:
    table.write_text("text,path\n京B67890,crop.png\n,deep/street.png\nOO1,crop.png\n", encoding="utf-8")
    first, second, third = read_truth(table)
    assert (first.text, second.text, third.can_be, second.can_be) == ("京B67890", "", False, True)
    assert evaluate_plate(table)["figures"]["texts_no_plate_has"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column path and no column text"),
        ("file,text\na.png,x\n", "no column path"),
        ("path,text\n", "has no rows"),
        ("path,text,kind\ncrop.png,京B67890,photo\n", "line 2: kind is crop, scene or empty, not photo"),
        ("path,text,corners\ncrop.png,京B67890,1 2 3\n", "line 2: corners are eight numbers"),
        ("path,text,corners\ncrop.png,京B67890,a b\n", "line 2: corners are eight numbers"),
        ("path,text,body_colour\n\ncrop.png,京B67890,pink\n", "line 3: body_colour is one of"),
        ("path,text\n,京B67890\n", "line 2: path is empty"),
        ("path,text\ngone.png,x\ncrop.png,y\n", r"1 of 2 pictures are not there \(.*gone.png\)"),
        ('path,text\n"crop.png,x\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_next_step(table: Path, text: str, words: str) -> None:
    table.write_text(text, encoding="utf-8")
    with pytest.raises(TruthError, match=words):
        read_truth(table)


@pytest.mark.parametrize(
    "cell",
    [
        "20 14 90 10 94 32 24 36",
        "94&32_24&36_20&14_90&10",
        "[[20, 14], [24, 36], [94, 32], [90, 10]]",
    ],
    ids=["clockwise from top left", "as CCPD writes them", "the other way round"],
)
def test_corners_may_begin_anywhere_and_go_round_either_way(table: Path, cell: str) -> None:
    table.write_text(f"path\ttext\tcorners\ncrop.png\t京B67890\t{cell}\n", encoding="utf-8")
    assert read_truth(table)[0].corners == (20, 14, 90, 10, 94, 32, 24, 36)


def test_corners_of_a_file_of_their_own_are_joined_by_path(table: Path) -> None:
    table.write_text("path,text,corners\ncrop.png,京B67890,0 0 1 0 1 1 0 1\ndeep/street.png,,\n", encoding="utf-8")
    corners = table.parent / "corners.csv"
    corners.write_text("path,corners\ndeep\\street.png,10 10 90 10 90 40 10 40.5\n", encoding="utf-8")
    crop, street = read_truth(table, corners)
    assert (crop.corners, street.corners) == ((0, 0, 1, 0, 1, 1, 0, 1), (10, 10, 90, 10, 90, 40, 10, 40.5))
    for text, words in (
        ("path\ncrop.png\n", "corners.csv: no column corners .* begin it with path,corners"),
        ("path,corners\ncrop.png,\n", "corners.csv, line 2: corners are eight numbers"),
        ("path,corners\ncrop.png,1 2 3 4 5 6 7 nan\n", "corners.csv, line 2: corners are eight numbers"),
        ("path,corners\nlane/crop.png,0 0 1 0 1 1 0 1\n", r"line 2: lane/crop.png is not in .*truth.csv. Next step"),
    ):
        corners.write_text(text, encoding="utf-8")
        with pytest.raises(TruthError, match=words):
            read_truth(table, corners)


def test_what_is_no_table_and_no_picture_is_said(table: Path) -> None:
    for path, words in (
        (table, "cannot be read"),
        (table.parent, "cannot be read"),
        (table.parent / "crop.png", "UTF"),
    ):
        with pytest.raises(TruthError, match=words):
            read_truth(path)
    table.write_text("path,text\ntruth.csv,京B67890\n", encoding="utf-8")
    with pytest.raises(TruthError, match=r"truth.csv: this is no picture"):
        evaluate_plate(table)
    with pytest.raises(TruthError, match="another --plot FILE"):
        evaluate_plate(table, table.parent / "nowhere" / "plot.png")


def test_body_colours_are_measured_where_the_table_has_them(table: Path) -> None:
    from models.tests.test_body_colour import BODIES, front

    picture = cv2.resize(front(BODIES["red"]), (1200, 840))
    drawn = cv2.resize(plate_image("京B67890", "blue", 440), (240, 76))
    picture[600:676, 480:720] = drawn
    cv2.imwrite(str(table.parent / "car.png"), picture[..., ::-1])
    table.write_text("path,text,kind,body_colour\ncar.png,京B67890,scene,brown|red\n", encoding="utf-8")
    assert evaluate_plate(table)["figures"]["body_colour"] == {"count": 1, "told_share": 1.0, "right": 1.0}
