"""Vehicles across two lines: drawn ones, and recordings with known counts where the development data is present."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
from av import VideoFrame

from controller.vision.capture import Frame
from controller.vision.flow_task import FlowTask
from controller.vision.foreground import HEIGHT, WIDTH, Foreground, band
from controller.vision.tests.recordings import recording
from tools import bench_flow

BLANK = VideoFrame(16, 16, "yuv420p")


def road(cars: list[tuple[float, float]], light: float = 1.0) -> np.ndarray:
    """Cars at (x, y) of their middles, shares of the picture; `light` is the camera's exposure."""
    picture = np.full((216, 384, 3), 110, np.uint8)
    cv2.line(picture, (192, 0), (192, 215), (200, 200, 200), 3)
    for x, y in cars:
        middle = round(x * 384), round(y * 216)
        cv2.rectangle(picture, (middle[0] - 40, middle[1] - 45), (middle[0] + 40, middle[1] + 45), (200, 30, 30), -1)
    return np.asarray(np.clip(picture * light, 0, 255), np.uint8)


def count(pictures: list[np.ndarray], edges: tuple[float, ...]) -> Counter[str]:
    task, found = FlowTask("road", edges), Counter[str]()
    for step, picture in enumerate(pictures):
        frame = Frame("road", step, step / 10, 1000.0 + step / 10, BLANK)
        found.update(seen.direction for seen in task.see(frame, picture))
    return found


def test_two_cars_that_meet_are_counted_in_their_lanes() -> None:
    pictures = [road([])] * 10
    for step in range(50):
        y = -0.4 + step * 0.036
        pictures.append(road([(0.25, y), (0.75, 1 - y)]))
    assert count([*pictures, *[road([])] * 10], (0.5,)) == {"in": 1, "out": 1}


def test_a_camera_that_changes_its_exposure_sees_no_car() -> None:
    pictures = [road([])] * 10 + [road([], light) for light in (0.9, 0.7, 0.6, 0.6, 0.7, 1.0, 1.2)] + [road([])] * 10
    assert count(pictures, ()) == {}


def test_foreground_keeps_who_stands_still_for_a_minute() -> None:
    foreground = Foreground()
    foreground.mask(road([]))
    masks = [foreground.mask(road([(0.3, 0.5)])) for _ in range(600)]
    assert masks[-1].shape == (HEIGHT, WIDTH)
    assert band(masks[-1], (0.4, 0.6), (0.25, 0.35)) > 0.95 > 0.02 > band(masks[-1], (0.0, 1.0), (0.6, 1.0))


def test_foreground_is_not_misled_by_dark_vans_over_most_of_the_picture() -> None:
    foreground, empty = Foreground(), road([])
    for _ in range(3):
        for front in [*range(0, 200, 20), *[200] * 40]:
            picture = empty.copy()
            picture[20 : 20 + front, 20:364] = (55, 60, 70)
            covered = foreground.mask(picture)
        assert band(covered, (0.2, 0.8), (0.2, 0.8)) > 0.95 and band(covered, (0.0, 0.05), (0.0, 1.0)) < 0.05
        for _ in range(5):
            foreground.mask(empty)


def test_scripted_vehicles() -> None:
    assert bench_flow.scripted_vehicles(12, 3) <= 0.1


def test_recorded_cars_two_up_and_two_down() -> None:
    assert bench_flow.recorded_vehicles(recording("car-detection.mp4")) == 0
