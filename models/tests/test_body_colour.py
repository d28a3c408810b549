"""Drawn fronts of vehicles: body, grille, lamps and a plate, in white, warm and one-coloured light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.body_colour import SURE, UNKNOWN, body_chances, told
from models.plates.grammar import kinds
from models.vehicle import CLASSES, vehicle_class

BODIES = {
    "black": (26, 25, 24),
    "white": (236, 236, 234),
    "grey": (104, 106, 108),
    "red": (170, 20, 30),
    "blue": (25, 70, 165),
    "yellow": (225, 190, 60),
    "green": (20, 110, 50),
    "brown": (110, 66, 34),
}
PLATES = {
    "blue": ((20, 80, 190), (245, 245, 245)),
    "yellow": ((238, 205, 60), (20, 20, 20)),
    "white": ((238, 238, 236), (20, 20, 20)),
}
CORNERS = np.array([[240, 300], [360, 300], [360, 338], [240, 338]], np.float32)


def front(body: tuple[int, int, int], plate: str = "blue") -> np.ndarray:
    picture = np.full((420, 600, 3), (70, 72, 70), np.uint8)
    cv2.rectangle(picture, (110, 110), (490, 370), body, -1)
    for y in range(215, 265, 8):
        cv2.rectangle(picture, (220, y), (380, y + 3), (15, 15, 15), -1)
        cv2.rectangle(picture, (220, y + 4), (380, y + 6), (200, 200, 205), -1)
    for x in (150, 450):
        cv2.circle(picture, (x, 240), 22, (225, 225, 215), -1)
        cv2.circle(picture, (x, 240), 9, (60, 60, 60), -1)
    ground, letters = PLATES[plate]
    cv2.rectangle(picture, (240, 300), (360, 338), ground, -1)
    cv2.putText(picture, "A12345", (246, 330), cv2.FONT_HERSHEY_SIMPLEX, 0.95, letters, 4, cv2.LINE_AA)
    if plate == "white":
        cv2.putText(picture, "J", (341, 330), cv2.FONT_HERSHEY_SIMPLEX, 0.95, (210, 30, 30), 4, cv2.LINE_AA)
    noise = np.random.default_rng(3).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def lit(picture: np.ndarray, red: float, green: float, blue: float) -> np.ndarray:
    return np.clip((picture / 255) ** 2.2 * (red, green, blue), 0, 1) ** (1 / 2.2) * 255


@pytest.mark.parametrize("plate", ["blue", "yellow"])
@pytest.mark.parametrize("body", BODIES)
def test_body_colour_by_day(body: str, plate: str) -> None:
    picture = front(BODIES[body], plate)
    assert told([(body_chances(picture, CORNERS, plate), 1.0)]).name == body


@pytest.mark.parametrize("body", ["black", "white", "grey", "red", "blue"])
def test_body_colour_under_a_lamp_as_yellow_as_sodium(body: str) -> None:
    lamp = lit(front(BODIES[body]), 1.0, 0.65, 0.4).astype(np.uint8)
    assert told([(body_chances(lamp, CORNERS, "blue"), 1.0)]).name == body


def test_body_colour_is_unknown_in_infra_red_in_sodium_light_and_off_the_picture() -> None:
    picture = front(BODIES["red"])
    for plate in PLATES:
        grey = np.repeat(front(BODIES["red"], plate).mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
        assert body_chances(grey, CORNERS, plate) == {}
    assert body_chances(lit(picture, 1.0, 0.6, 0.02).astype(np.uint8), CORNERS, "blue") == {}
    assert body_chances(picture, CORNERS, "green") == {}  # the plate does not look like that in this light
    assert body_chances(picture[290:345, 235:365].copy(), CORNERS - (235, 290), "blue") == {}
    assert body_chances(np.zeros((8, 8, 3), np.uint8), CORNERS, "blue") == {}


def test_body_colour_upside_down_and_turned_is_looked_for_beside_the_plate() -> None:
    picture = front(BODIES["blue"])
    turned = np.ascontiguousarray(picture[::-1, ::-1])
    corners = np.array([600, 420], np.float32) - CORNERS
    assert told([(body_chances(turned, corners, "blue"), 1.0)]).name == "blue"


def test_told_weighs_frames_and_says_nothing_when_they_disagree() -> None:
    red, blue = {"red": 0.9, "blue": 0.1}, {"blue": 0.9, "red": 0.1}
    assert told([(red, 3.0), (blue, 1.0), ({}, 9.0)]).name == "red"
    assert told([(red, 1.0), (blue, 1.0)]) == told([]) == told([({}, 1.0)]) == UNKNOWN
    assert told([(red, 1.0)]).confidence == pytest.approx(0.9) and SURE < 0.9


def test_vehicle_class_of_every_plate_type_is_a_class_or_not_told() -> None:
    classes = {kind.plate_type: vehicle_class(kind.plate_type) for kind in kinds()}
    assert set(classes.values()) <= {*CLASSES, ""} and classes["yellow"] == "large" and classes["embassy"] == ""
    assert classes["trailer"] == "trailer" and classes["learner"] == "learner" and classes["police"] == "police"
