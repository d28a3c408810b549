"""Other projects' rules, as their papers and sources say."""

import numpy as np
import pytest

from tools.bench_watchlist import Seen, convoys, list_figures
from tools.plate_rules import FrameRead, frigate_event, jaro_winkler


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("MARTHA", "MARHTA", 0.9611),
        ("DWAYNE", "DUANE", 0.84),
        ("DIXON", "DICKSONX", 0.8133),
        ("A", "B", 0),
    ],
)
def test_jaro_winkler_is_the_textbook_s(one: str, other: str, likeness: float) -> None:
    assert jaro_winkler(one, other) == pytest.approx(likeness, abs=1e-4)


def test_frigate_event_is_the_best_member_of_the_biggest_cluster() -> None:
    reads = [FrameRead("皖A12345", 0.9), FrameRead("皖A12346", 0.95), FrameRead("京B67890", 0.99)]
    assert frigate_event(reads).text == "皖A12346"


def test_convoys_are_never_merged_and_likeness_would_merge_them() -> None:
    merges, splits, alike = convoys(np.random.default_rng(1), 60)
    assert (merges, splits) == (0, 0) and alike > 50


def test_list_figures_count_strangers_and_flips() -> None:
    sure, doubtful = (0.99,) * 7, (*(0.99,) * 6, 0.5)
    strangers = [Seen("皖A77777", "皖A77777", 0.99, sure), Seen("皖A88888", "皖A12345", 0.99, sure)]
    flipped = [Seen("皖A12345", "皖A1234S", 0.5, doubtful), Seen("皖A12345", "皖AWWWWW", 0.99, sure)]
    figures, peers = list_figures(["皖A12345"], strangers, flipped)
    assert (figures["false_sure"], figures["false_person"], figures["recall_one_flip"]) == (0.5, 0.0, 0.5)
    assert peers["edit_distance_1"] == {"false_sure": 0.5, "recall_one_flip": 0.5}
