"""Folders of people as they come: deep, mixed, broken; and what their figures and limits are made of."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models import verification as v
from models.calibrate_face import limits
from models.evaluate_face import _open_set, _without_card
from models.face_decision import Rule
from models.face_people import DataError, People, Pipeline, embed_files, find_pictures, groups_of, pairs_of
from models.tests.test_pictures import cmyk_jpeg

RULE = Rule(0.9, 0.05, 0.3, 0.0, 500, 1.0)


def crowd(people: int, pictures: int, noise: float = 0.5, seed: int = 4) -> tuple[v.Vectors, v.Persons]:
    """Vectors of length 1 in 32 dimensions around one centre a person."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 1, 32))
    rows = (centres + noise * rng.normal(size=(people, pictures, 32))).reshape(-1, 32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), np.repeat(np.arange(people), pictures)


def lay(file: Path, content: bytes = b"x") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_a_person_is_a_folder_with_pictures_however_deep(tmp_path: Path) -> None:
    for name in (
        "lfw/Ann Lee/Ann Lee_0001.JPG",
        "lfw/Ann Lee/Ann Lee_0002.bmp",
        "lfw/Bo/Bo_0001.Png",
        "lfw/Bo/notes.txt",
        "a/001/1.jpg",
        "b/001/1.jpg",
        "lost.jpg",
    ):
        lay(tmp_path / name)
    files, persons, names = find_pictures(tmp_path)
    assert names == ("a/001", "b/001", "Ann Lee", "Bo")
    assert [file.name for file in files] == ["1.jpg", "1.jpg", "Ann Lee_0001.JPG", "Ann Lee_0002.bmp", "Bo_0001.Png"]
    assert persons.tolist() == [0, 1, 2, 2, 3]
    lay(tmp_path / "lfw" / "pairs.txt", b"1\t1\nAnn Lee\t1\t2\nAnn Lee\t2\tBo\t1\n")
    people = People(names, files, persons, np.zeros((5, 2), np.float32))
    assert pairs_of(tmp_path, people) == [v.Pair(2, 3, True, 0), v.Pair(3, 4, False, 0)]
    assert pairs_of(tmp_path / "a", people) is None


def test_groups_are_named_beside_the_folder_or_by_the_caller(tmp_path: Path) -> None:
    lay(tmp_path / "lfw_dev_north.txt", b"Ann Lee\r\n\nBo\nnobody\n")
    lay(tmp_path / "lfw_dev_readme.txt", b"Bo\n\xff and others\n")
    other = lay(tmp_path / "south.txt", b"Cy\n")
    found = groups_of(tmp_path / "lfw_dev", [other], ["Ann Lee", "Bo", "Cy"])
    assert found == {"north": {"Ann Lee", "Bo"}, "south": {"Cy"}}


def test_every_kind_of_picture_is_read_and_what_is_none_counts_as_missed(tmp_path: Path) -> None:
    red = np.full((40, 40, 3), (20, 30, 220), np.uint8)
    coded = {suffix: cv2.imencode(suffix, red)[1].tobytes() for suffix in (".jpg", ".png", ".bmp")}
    files = [lay(tmp_path / f"red{suffix}", content) for suffix, content in coded.items()]
    grey = cv2.imencode(".jpg", red[:, :, 0])[1].tobytes()
    files += [lay(tmp_path / "grey.jpg", grey), lay(tmp_path / "cmyk.jpg", cmyk_jpeg(red[:, :, ::-1]))]
    files += [
        lay(tmp_path / "empty.jpg", b""),
        lay(tmp_path / "torn.jpg", grey[: len(grey) // 2]),
        tmp_path / "gone.jpg",
    ]
    pipeline = Pipeline(lambda rgb: rgb.reshape(-1, 3).mean(axis=0).astype(np.float32), 1.0)
    told: list[tuple[int, int]] = []
    seen = embed_files(files, {"": pipeline}, lambda done, count: told.append((done, count)))[""]
    assert np.isnan(seen[:, 0]).tolist() == [False] * 5 + [True] * 3
    for row in seen[:3]:
        np.testing.assert_allclose(row, (220, 30, 20), atol=3)
    assert np.ptp(seen[3]) < 1 < np.ptp(seen[4])
    assert told[-1] == (8, 8)


def test_a_passage_is_surer_than_a_picture_and_never_one_alone() -> None:
    vectors, persons = crowd(60, 6, noise=1.0)
    single, _ = v.enrolled_scores(vectors, persons, 1)
    several, _ = v.enrolled_scores(vectors, persons, 1, v.PASSAGE)
    assert (len(single), len(several)) == (300, 120)  # of five further pictures a passage of three and one of two
    assert several.mean() < single.mean() - 0.05
    assert len(v.enrolled_scores(vectors, persons, 5, v.PASSAGE)[0]) == 0
    vectors[1::6] = np.nan  # one of the first three further pictures has no face
    assert np.isfinite(v.enrolled_scores(vectors, persons, 1, v.PASSAGE)[0]).all()


def test_galleries_grow_with_people_of_one_picture_and_the_fixed_distance_does_not_hold() -> None:
    vectors, persons = crowd(500, 2)
    vectors, persons = np.concatenate([vectors, crowd(320, 1, seed=8)[0]]), np.append(persons, np.arange(500, 820))
    grown = _open_set(vectors, persons, 1, RULE)["galleries"]
    assert list(grown) == ["50", "100", "200", "500"]
    assert grown["500"]["strangers"] == 320
    assert grown["500"]["fpir_fixed_distance"] > 3 * 0.003


def test_limits_name_one_stranger_in_300_and_are_lower_where_a_groups_strangers_are_nearer() -> None:
    vectors, persons = crowd(440, 3)
    names = tuple(map(str, range(440)))
    plain = limits(People(names, (), persons, vectors), {})
    rule = Rule(**plain["thresholds"])
    named = [v.open_set(vectors, persons, 100, 3, rule, seed).stranger_known.mean() for seed in range(10)]
    assert 0.001 < np.mean(named) < 0.008
    alike, group = vectors.copy(), persons < 60
    alike[group] += 0.5 * vectors[0]
    alike[group] /= np.linalg.norm(alike[group], axis=1, keepdims=True)
    strict = limits(People(names, (), persons, alike), {"alike": set(names[:60])})
    assert strict["groups_nearer_by"]["alike"] > 0.02
    assert strict["thresholds"]["score"] < plain["thresholds"]["score"] - 0.02
    assert strict["thresholds"]["distance"] < plain["thresholds"]["distance"] - 0.02


def test_people_for_one_size_of_gallery_give_limits_that_do_not_change_with_it() -> None:
    vectors, persons = crowd(360, 3)
    found = limits(People(tuple(map(str, range(360))), (), persons, vectors), {})
    assert list(found["score_by_people"]) == ["20"] and found["thresholds"]["score_a_doubling"] == 0
    assert found["thresholds"]["score"] == found["score_by_people"]["20"]


def test_too_few_people_give_no_limits() -> None:
    vectors, persons = crowd(100, 3)
    with pytest.raises(DataError, match="too few people"):
        limits(People(tuple(map(str, range(100))), (), persons, vectors), {})


def test_a_peers_distances_are_not_judged_by_our_card() -> None:
    report = {"eer": 0.1, "far_at_card": 0.2, "groups": {"north": {"eer": 0.3, "fpir_at_card": 0.4}}}
    assert _without_card(report) == {"eer": 0.1, "groups": {"north": {"eer": 0.3}}}
