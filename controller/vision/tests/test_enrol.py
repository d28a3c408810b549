"""Pictures for the gallery, through the real pipeline: taken, or refused in words that help."""

import json
import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from controller.vision.enrol import NoTemplate, template
from models.face import FacePipeline, distance
from models.face_quality import sunglasses
from tools.setup import system
from tools.setup.places import ROOT


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return FacePipeline(1)


@pytest.fixture(scope="module", params=["resident", "stranger"])
def portrait(request: pytest.FixtureRequest) -> NDArray[np.uint8]:
    bgr = np.asarray(cv2.imread(str(system.demo_pictures()[request.param])), np.uint8)
    return np.ascontiguousarray(bgr[:, :, ::-1])


def test_a_portrait_is_taken_also_without_its_colours(pipeline: FacePipeline, portrait: NDArray[np.uint8]) -> None:
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    assert distance(template(pipeline, portrait), template(pipeline, grey)) < 0.4


def test_dark_glasses_have_to_come_off(pipeline: FacePipeline, portrait: NDArray[np.uint8]) -> None:
    eyes = np.array(pipeline.detect(portrait)[0].keypoints[:2], np.float32)
    width = float(np.hypot(*(eyes[0] - eyes[1])))
    worn = portrait.copy()
    for x, y in eyes:
        cv2.ellipse(worn, (int(x), int(y)), (int(0.42 * width), int(0.3 * width)), 0, 0, 360, (15, 15, 18), -1)
    with pytest.raises(NoTemplate, match="take off dark glasses"):
        template(pipeline, worn)


def test_ten_faces_and_none_are_refused(pipeline: FacePipeline, portrait: NDArray[np.uint8]) -> None:
    small = np.asarray(cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    with pytest.raises(NoTemplate, match="more than one face"):
        template(pipeline, np.tile(small, (2, 5, 1)).astype(np.uint8))
    with pytest.raises(NoTemplate, match="no face found"):
        template(pipeline, np.full((400, 400, 3), 127, np.uint8))


def test_eyes_at_the_edge_of_a_picture_are_no_error() -> None:
    assert not sunglasses(np.full((50, 50, 3), 127, np.uint8), np.array([[20, 0], [40, 0], [30, 90]], np.float32))


def test_every_reason_has_its_words_in_both_languages() -> None:
    words = json.loads((ROOT / "controller/console/static/words.json").read_text(encoding="utf-8"))
    source = "".join(
        (ROOT / path).read_text(encoding="utf-8")
        for path in (
            "controller/vision/enrol.py",
            "models/pictures.py",
            "models/picture_file.py",
            "models/face_quality.py",
        )
    )
    said = re.findall(r'(?:NoTemplate\(|PictureError\(|Quality\(0\.0, )"([^"]+)"', source)
    assert len(said) >= 12
    for reason in said:
        found = words[f"why.{re.split('[:;]', reason)[0]}"]
        assert found["zh"] and found["en"]
