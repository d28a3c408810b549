"""Reading the sets of pictures, without a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.evaluate_face import evaluate_face
from models.face_peers import available
from models.face_people import DataError, read_pairs
from models.face_plots import det_plot, growth_plot
from models.verification import Pair

ROWS = {(name, number): 10 * row + number for row, name in enumerate(["a_b", "c", "d"]) for number in range(1, 4)}


def pairs_file(folder: Path, text: str) -> Path:
    file = folder / "pairs.txt"
    file.write_text(text, encoding="utf-8")
    return file


def test_lfws_pairs_are_read_fold_by_fold(tmp_path: Path) -> None:
    file = pairs_file(tmp_path, "2\t1\na_b\t1\t3\na_b\t1\tc\t2\nd\t2\t1\nc\t1\td\t3\n")
    assert read_pairs(file, ROWS) == [
        Pair(1, 3, True, 0),
        Pair(1, 12, False, 0),
        Pair(22, 21, True, 1),
        Pair(11, 23, False, 1),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2 1\na_b 1 3\n",
        "1 1\nnobody 1 2\nc 1 d 1\n",
        "1 1\nc 1 9\nc 1 d 1\n",
        "one pair\nc 1 2\n",
        "1 1\nc x 2\nc 1 d 1",
    ],
)
def test_pairs_that_do_not_fit_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="pairs"):
        read_pairs(pairs_file(tmp_path, text), ROWS)


def test_folder_without_people_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a folder for each person"):
        evaluate_face(tmp_path / "nowhere")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "only.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="two pictures"):
        evaluate_face(tmp_path)


def test_plot_has_a_line_for_each_pipeline() -> None:
    rng = np.random.default_rng(1)
    curve = rng.normal(0.3, 0.05, 500), rng.normal(0.6, 0.05, 5000)
    one, two = det_plot({"a": curve}), det_plot({"a": curve, "b": (curve[0] + 0.1, curve[1])})
    assert one.shape == two.shape and (one != two).any()


def test_plot_of_growing_galleries_shows_what_exceeds_the_budget() -> None:
    row = {"fpir_at_card": 0.003, "fpir_fixed_distance": 0.003}
    flat = growth_plot({"100": row, "1000": row}, 0.003)
    rising = growth_plot({"100": row, "1000": {**row, "fpir_fixed_distance": 0.02}}, 0.003)
    assert (flat != rising).any()


def test_absent_peers_are_none(tmp_path: Path) -> None:
    assert available(None)["yunet_sface"] is None and available(tmp_path)["yunet_sface"] is None
