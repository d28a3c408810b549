"""Passages: cars that follow, tracks that break, a car that takes over another's track."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis.strategies import DataObject, data, integers, lists, sampled_from

from controller.vision.passage import AGAIN_S, PATIENCE, REPEAT_S, Decided, Passages
from controller.vision.vote import SURE, Read, Verdict, contradict, weight

STEP_S = 0.125
Placed = tuple[str, float]  # text and y
REST = ("blue", "blue", 1.0)  # type, colour, weight of a read


def read(text: str, posterior: float = 0.97) -> Read:
    return Read(text, tuple({symbol: posterior} for symbol in text), "blue", "blue", 1.0)


def sure(step: int) -> float:
    return 0.97


def told(frames: list[list[Placed]], posteriors: Callable[[int], float]) -> list[tuple[float, Decided]]:
    """When what was told; `posteriors` of the step's reads."""
    passages, found = Passages(), []
    for step, placed in enumerate(frames):
        boxes = [(100.0, y, 190.0, y + 30.0) for _, y in placed]
        reads = [read(text, posteriors(step)) for text, _ in placed]
        found += [(step * STEP_S, passage) for passage in passages.see(boxes, reads, step * STEP_S)[1]]
    return found


def drive(frames: list[list[Placed]], posterior: float = 0.97) -> list[Decided]:
    return [passage for _, passage in told(frames, lambda step: posterior) if not passage.again]


def texts(found: list[Decided]) -> list[str]:
    return [passage.verdict.text for passage in found if not passage.again]


def test_a_car_that_stays_is_told_again_under_its_number() -> None:
    gone: list[list[Placed]] = [[] for _ in range(12)]  # its track breaks and another one goes on
    stays = told([[("京B67890", 300.0)]] * 4 + [[("皖A12345", 50.0)]] * 40 + gone + [[("皖A12345", 52.0)]] * 40, sure)
    ours = [(at_s, passage) for at_s, passage in stays if passage.verdict.text == "皖A12345"]
    assert [passage.again for _, passage in ours] == [False] + [True] * (len(ours) - 1)
    assert {passage.number for _, passage in ours} == {2}
    pauses_s = [later - earlier for (earlier, _), (later, _) in pairwise(ours)]
    assert len(pauses_s) == 5 and all(REPEAT_S <= pause_s < 2 * REPEAT_S for pause_s in pauses_s)


def test_a_plate_doubtful_from_far_and_read_surely_later_is_told_again_at_once() -> None:
    comes = told([[("皖A12345", 4.0 * step)] for step in range(40)], lambda step: 0.75 if step < 10 else 0.995)
    (_, first), (later_s, later), *others = comes
    assert first.verdict.confidence < SURE <= later.verdict.confidence and later.again and not first.again
    assert later_s < PATIENCE * STEP_S + REPEAT_S and later.number == first.number == 1
    assert all(passage.verdict == later.verdict for _, passage in others)


def test_a_convoy_of_like_plates_is_two_passages() -> None:
    frames: list[list[Placed]] = []
    for step in range(40):
        cars = [("皖A12345", 20.0 * step), ("皖A12346", 20.0 * (step - 8))]
        frames.append([(text, y) for text, y in cars if 0 <= y < 400])
    assert texts(drive(frames)) == ["皖A12345", "皖A12346"]


def test_a_car_that_appears_where_another_left_is_another_passage_when_its_plate_says_so() -> None:
    gone: list[list[Placed]] = [[] for _ in range(12)]
    assert texts(drive([[("皖A12345", 50.0)]] * 6 + gone + [[("皖A12346", 50.0)]] * 6)) == ["皖A12345", "皖A12346"]


def test_a_track_broken_for_a_moment_goes_on_even_if_it_is_then_read_doubtfully_as_another_plate() -> None:
    passages, found = Passages(), []
    for step in range(36):
        if 8 <= step < 24:
            boxes, reads = [], []
        else:
            text, posterior = ("皖A12345", 0.97) if step < 8 else ("皖A12346", 0.45)
            boxes, reads = [(100.0, 50.0, 190.0, 80.0)], [read(text, posterior)]
        found += passages.see(boxes, reads, step * STEP_S)[1]
    assert texts(found) == ["皖A12345"]


def test_the_same_doubtful_read_elsewhere_is_another_car() -> None:
    passages, found = Passages(), []
    for step in range(36):
        y = 50.0 if step < 8 else 300.0
        text, posterior = ("皖A12345", 0.97) if step < 8 else ("皖A12346", 0.45)
        here = not 8 <= step < 24
        boxes = [(100.0, y, 190.0, y + 30.0)] if here else []
        found += passages.see(boxes, [read(text, posterior)] if here else [], step * STEP_S)[1]
    assert texts(found) == ["皖A12345", "?A12346"]  # such a province is not guessed


def test_a_car_that_backs_and_comes_again_is_one_passage() -> None:
    there = [[("皖A12345", 20.0 * step)] for step in range(10)]
    gone: list[list[Placed]] = [[] for _ in range(round((AGAIN_S - 1) / STEP_S))]
    assert texts(drive(there + there[::-1] + gone + there)) == ["皖A12345"]


def test_a_car_that_hides_and_comes_out_elsewhere_is_one_passage_until_it_was_away_for_long() -> None:
    for away, count in ((1.5, 1), (AGAIN_S + 1.5, 2)):  # its track ends 1.2 s after it was seen
        gone: list[list[Placed]] = [[] for _ in range(round(away / STEP_S))]
        assert len(drive([[("皖A12345", 50.0)]] * 6 + gone + [[("皖A12345", 350.0)]] * 6)) == count


def test_a_track_taken_over_by_the_next_car_is_two_passages() -> None:
    assert texts(drive([[("皖A12345", 50.0)]] * 5 + [[("京B67890", 52.0)]] * 5)) == ["皖A12345", "京B67890"]


def test_one_wrong_but_sure_read_takes_nothing_over() -> None:
    frames = [[("皖A12345", 50.0)]] * 5 + [[("京B67890", 52.0)]] * 2 + [[("皖A12345", 50.0)]] * 8
    assert texts(drive(frames)) == ["皖A12345"]


def test_a_doubtful_plate_is_decided_once_after_a_while() -> None:
    found = drive([[("皖A12345", 50.0)]] * (PATIENCE + 10), posterior=0.6)
    assert texts(found) == ["皖A12345"] and found[0].verdict.confidence < 0.7


def test_contradict_needs_both_to_be_rather_sure() -> None:
    def verdict(text: str, posterior: float) -> Verdict:
        return Verdict(text, (posterior,) * len(text), posterior, "blue", "blue")

    assert contradict(verdict("皖A12345", 0.9), verdict("皖A12346", 0.9))
    assert not contradict(verdict("皖A12345", 0.9), verdict("皖A12346", 0.5))
    assert not contradict(verdict("皖A12345", 0.9), verdict("?A12345", 0.9))
    assert contradict(verdict("皖A12345", 0.9), verdict("皖AD12345", 0.9))


def test_weight_grows_with_height_and_sharpness_up_to_what_the_reader_can_use() -> None:
    near = weight(1.0, 40.0, 300.0, 1.0)
    assert weight(1.0, 20.0, 300.0, 1.0) < weight(1.0, 30.0, 300.0, 1.0) < near == weight(1.0, 90.0, 900.0, 1.0)
    assert weight(1.0, 40.0, 30.0, 1.0) < weight(1.0, 40.0, 200.0, 1.0) < near
    assert weight(1.0, 40.0, 300.0, 0.7) < near


@settings(max_examples=60, deadline=None)
@given(data())
def test_one_car_that_stops_backs_hides_and_is_misread_is_one_passage(draw: DataObject) -> None:
    moves = draw.draw(lists(sampled_from([20.0, 20.0, 0.0, -20.0]), min_size=12, max_size=40))
    hidden = draw.draw(integers(0, round((AGAIN_S - 1) / STEP_S)))
    at = draw.draw(integers(4, len(moves) - 1))
    passages, found, y = Passages(), [], 100.0
    for step, move in enumerate([*moves[:at], *[0.0] * hidden, *moves[at:]]):
        y = min(max(y + move, 0.0), 400.0)
        misread = step > 3 and draw.draw(integers(0, 3)) == 0
        text = "皖A1234" + draw.draw(sampled_from("68S")) if misread else "皖A12345"
        chances = (*({symbol: 0.97} for symbol in text[:-1]), {text[-1]: 0.6 if misread else 0.97})
        one = Read(text, chances, *REST)
        here = not at <= step < at + hidden
        found += passages.see([(100.0, y, 190.0, y + 30.0)] if here else [], [one] if here else [], step * STEP_S)[1]
    assert texts(found) == ["皖A12345"]


@settings(max_examples=60, deadline=None)
@given(integers(0, 6), sampled_from("0123456789ABCDEFGH"), integers(-6, 20), sampled_from([12.0, 20.0, 28.0]))
def test_two_cars_are_two_passages_however_alike_and_however_close(
    position: int, symbol: str, behind: int, speed: float
) -> None:
    first = "皖A12345"
    symbol = {"0": "沪", "1": "京"}.get(symbol, "苏") if position == 0 else symbol
    second = first[:position] + symbol + first[position + 1 :]
    assume(second != first and not (position == 1 and symbol.isdigit()))
    frames: list[list[Placed]] = []
    for step in range(60):
        cars = [(first, speed * step), (second, speed * step - 8 * 20.0 - 10.0 * behind)]
        frames.append([(text, y) for text, y in cars if 0 <= y < 400])
    assert sorted(texts(drive(frames))) == sorted([first, second])
