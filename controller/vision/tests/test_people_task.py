"""People who are drawn, tracked and counted; recordings with known counts where they are at hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from av import VideoFrame

from controller.flow.lines import PathCounter
from controller.vision.capture import Frame
from controller.vision.people_task import PeopleTask
from controller.vision.people_track import PeopleTracker
from controller.vision.sighting import FlowCount, Presence
from controller.vision.stature import Stature
from controller.vision.tests.recordings import recording
from tools import bench_flow, traffic
from tools.cameras.scenes import PlazaScene, filmed

BLANK = VideoFrame(16, 16, "yuv420p")


def watch(task: PeopleTask, pictures: list[np.ndarray], fps: float = traffic.FPS) -> list[FlowCount | Presence]:
    frames = [Frame("square", step, step / fps, 1000 + step / fps, BLANK) for step in range(len(pictures))]
    return [seen for frame, picture in zip(frames, pictures, strict=True) for seen in task.see(frame, picture)]


def walk(corners: list[tuple[float, float, float]], clothes: int = 60) -> traffic.Mover:
    return traffic.Mover(tuple(corners), (traffic.tall(corners[0][2]), 0), ((clothes, 40, 30), (30, 30, clothes)), ())


def draw(*movers: traffic.Mover) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [picture for _, picture in traffic.frames(list(movers), traffic.square(rng), rng)]


def counted(seen: list[FlowCount | Presence]) -> Counter[str]:
    return Counter(count.direction for count in seen if isinstance(count, FlowCount))


def test_two_who_meet_on_the_line_are_counted_in_both_directions() -> None:
    first = walk([(2, -30, 160), (12, 510, 160)], 20)
    second = walk([(2, 510, 165), (12, -30, 165)], 110)
    seen = watch(PeopleTask("square"), draw(first, second))
    assert counted(seen) == {"in": 1, "out": 1}
    assert all(count.what == "person" for count in seen if isinstance(count, FlowCount))


def test_who_waits_on_the_line_hidden_by_others_is_counted_on_going_on() -> None:
    waiting = walk([(2, -30, 160), (9, 240, 160), (22, 241, 160), (29, 510, 160)], 20)
    before = walk([(5, 510, 168), (12, 242, 168), (18, 241, 168), (25, -30, 168)], 110)
    passing = walk([(10, 510, 164), (20, -30, 164)], 70)
    assert counted(watch(PeopleTask("square"), draw(waiting, before, passing))) == {"in": 1, "out": 2}


def test_who_turns_on_the_line_is_not_counted() -> None:
    assert (
        counted(watch(PeopleTask("square"), draw(walk([(2, -30, 170), (8, 240, 170), (11, 240, 170), (17, -30, 170)]))))
        == {}
    )


def test_who_passes_beside_the_end_of_the_line_is_not_counted() -> None:
    pictures = draw(walk([(2, -30, 220), (10, 510, 220)]))
    assert counted(watch(PeopleTask("square", (0.5, 0.6, 0.5, 0.0)), pictures)) == {}
    assert counted(watch(PeopleTask("square", (0.5, 1.0, 0.5, 0.6)), pictures)) == {"in": 1}


def test_visits_of_a_zone_and_how_many_are_there_now() -> None:
    first = walk([(2, -30, 160), (6, 230, 160), (14, 231, 160), (18, -30, 160)])
    second = walk([(4, 510, 210), (9, 260, 210), (12, 261, 210), (17, 510, 210)])
    seen = watch(PeopleTask("square", zone=(0.3, 0.0, 0.7, 1.0)), draw(first, second))
    visits = [count for count in seen if isinstance(count, FlowCount)]
    assert [visit.direction for visit in visits] == ["visit", "visit"]
    assert 4 < visits[0].spent_s < 8 and 8 < visits[1].spent_s < 12
    assert [now.people for now in seen if isinstance(now, Presence)] == [0, 1, 2, 1, 0]


def test_who_stood_in_the_first_picture_leaves_no_ghost() -> None:
    pictures = draw(walk([(2, -30, 160), (6, 200, 160), (7, 200, 160), (12, 510, 160)]))[40:]
    task = PeopleTask("square")
    assert counted(watch(task, pictures)) == {"in": 1}
    assert task._tracker.people == []


def test_stature_is_learnt_from_those_who_walk_alone() -> None:
    stature = Stature(288)
    for step in range(200):
        foot = 100 + step % 180
        tall = 20 + 0.25 * foot
        stature.learn((50, round(foot - tall), round(0.35 * tall), round(tall)), round(0.2 * tall * tall), 384)
        stature.learn((90, round(foot - tall), round(0.9 * tall), round(tall)), round(0.6 * tall * tall), 384)  # a pair
    assert stature.known and stature.of(120) == pytest.approx(50, abs=3) and stature.of(260) == pytest.approx(85, abs=3)


def test_nobody_is_seen_before_anybody_was_measured() -> None:
    tracker = PeopleTracker()
    mask = np.zeros((216, 384), np.bool_)
    mask[0:216, 100:300] = True  # a lorry, or a light that was switched on
    assert tracker.update(mask, np.zeros((216, 384, 3), np.float32), 1.0) == []


def test_path_counts_only_from_beyond_one_edge_to_beyond_the_other() -> None:
    path = PathCounter()
    places = [-1.0, -0.1, 0.1, -0.2, 0.1, 0.2, 0.05, 0.3, -0.1, -0.3]
    assert [crossing.direction for at_s, place in enumerate(places) if (crossing := path.see(place, at_s))] == [
        "in",
        "out",
    ]


def test_people_of_the_plaza_are_counted() -> None:
    scene, seconds = PlazaScene(), 20
    pictures = [filmed(scene.draw(1000.0 + step / 8), step) for step in range(8 * seconds)]
    passages = sum(
        ((1000 + step / 8) / (14.0 + 5 * lane) + lane * 0.37) % 1.4
        < 0.5
        <= ((1000.125 + step / 8) / (14.0 + 5 * lane) + lane * 0.37) % 1.4
        < 1
        for lane in range(3)
        for step in range(8 * seconds - 8)
    )
    found = counted(watch(PeopleTask("plaza"), pictures))
    assert passages >= 2 and abs(found["in"] - passages) <= 1 and not found["out"]


def test_scripted_people() -> None:
    movers = traffic.people(np.random.default_rng(1), 7)
    assert sum(len(mover.counts) for mover in movers) >= 6
    assert bench_flow.scripted_people(movers, 1) <= 0.05


def test_recorded_people_across_two_lines() -> None:
    assert bench_flow.recorded_people(recording("vtest.avi"), every=2) <= 0.05


def test_recorded_people_visit_six_times() -> None:
    assert bench_flow.recorded_visits(recording("one-by-one-person-detection.mp4")) == 0
