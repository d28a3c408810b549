"""`menshen bench watchlist`: strangers against a watchlist, convoys, and wrong plates beside Frigate's rule.

Plates are drawn, spoilt and read by the committed reader; nothing is assumed about which errors it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from controller.vision.passage import Passages
from controller.vision.plate_task import chances
from controller.vision.vote import SURE, Read, sharpness, vote, weight
from controller.watchlist.level import Level, plate_level
from models.evaluate_plate import edit_distance
from models.plate import PlatePipeline
from models.plates.alphabet import DIGITS, LETTERS, UNKNOWN_PROVINCE
from models.plates.grammar import Reading
from models.plates.likelihood import measured_confusion
from models.plates.render import degrade, plate_image
from tools.machine import describe
from tools.plate_rules import FRIGATE_LIKENESS, FRIGATE_THRESHOLD, FrameRead, frigate_event, jaro_winkler

LISTED, STRANGERS, FLIPS = 100, 20_000, 5_000
CONVOYS = 10_000
PASSAGES, FRAMES = 1_500, 6
CITY = "皖A"
_FPS = 8.0
_LETTER_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of a plate."""

    truth: str
    text: str
    confidence: float
    posteriors: tuple[float, ...]


def bench_watchlist(progress: Callable[[str], None] = lambda words: None) -> dict[str, object]:
    """`false_sure` and `false_person`: shares of strangers; the others are said in the README of models/plates."""
    rng = np.random.default_rng(7)
    pipeline = PlatePipeline(1)
    plates = sorted(distinct_plates(rng, LISTED + STRANGERS))
    rng.shuffle(plates)
    listed, strangers = plates[:LISTED], plates[LISTED:]
    progress("strangers")
    seen = [_seen(pipeline, text, rng) for text in strangers]
    progress("flips")
    flipped = list(_flips([_seen(pipeline, text, rng) for text in listed * (FLIPS // LISTED)], seen, rng))
    figures, peers = list_figures(listed, seen, flipped)
    progress("convoys")
    merges, splits, joined = convoys(rng, CONVOYS)
    progress("wrong plates beside Frigate's rule")
    events = wrong_events(pipeline, rng, PASSAGES)
    figures |= {"convoy_merges": merges, "convoy_splits": splits, "convoy_pairs": CONVOYS, **events}
    peers["jaro_winkler"]["convoy_merges"] = joined
    return {"name": "bench-watchlist", "figures": figures, "peers": peers, "machine": describe()}


def distinct_plates(rng: np.random.Generator, count: int) -> set[str]:
    """Blue plates of one city."""
    found: set[str] = set()
    while len(found) < count:
        found.add(CITY + "".join(_serial_symbol(rng) for _ in range(5)))
    return found


def _serial_symbol(rng: np.random.Generator) -> str:
    symbols = LETTERS if rng.random() < _LETTER_SHARE else DIGITS
    return symbols[int(rng.integers(len(symbols)))]


def _seen(pipeline: PlatePipeline, text: str, rng: np.random.Generator) -> Seen:
    reading = pipeline.read(filmed(text, rng, int(rng.integers(60, 150))))
    return Seen(text, reading.text, reading.confidence, reading.posteriors)


def filmed(text: str, rng: np.random.Generator, width_px: int) -> np.ndarray:
    """A drawn plate as a camera gives it, (H, W, 3) uint8, its corners a little off."""
    plate = plate_image(text, "blue", width_px)
    height, width = plate.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + (rng.normal(0, 1, (4, 2)) * [0.012 * width, 0.04 * height]).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    warped = cv2.warpPerspective(plate, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return degrade(warped, rng)


def _flips(known: Iterable[Seen], strangers: Sequence[Seen], rng: np.random.Generator) -> Iterable[Seen]:
    """Right reads with one character of the serial taken for another, as the reader did with strangers' plates."""
    confusions = [
        (true, read, posterior)
        for row in strangers
        if len(row.text) == len(row.truth)
        for true, read, posterior in zip(row.truth[2:], row.text[2:], row.posteriors[2:], strict=True)
        if true != read
    ]
    for row in known:
        fitting = [confusion for confusion in confusions if confusion[0] in row.truth[2:]]
        if row.text != row.truth or not fitting:
            continue
        true, read, posterior = fitting[int(rng.integers(len(fitting)))]
        place = row.truth.index(true, 2)
        posteriors = (*row.posteriors[:place], posterior, *row.posteriors[place + 1 :])
        text = row.text[:place] + read + row.text[place + 1 :]
        yield Seen(row.truth, text, min(row.confidence, posterior), posteriors)


def list_figures(
    listed: Sequence[str], strangers: Sequence[Seen], flipped: Sequence[Seen]
) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """(ours, peers): shares of strangers that raise something, and of flipped reads that do."""
    levels = [max_level(row, listed) for row in strangers]
    raised = [plate_level(row.text, row.confidence, row.posteriors, row.truth) for row in flipped]
    figures: dict[str, object] = {
        "false_sure": levels.count(Level.SURE) / len(levels),
        "false_person": levels.count(Level.NEEDS_PERSON) / len(levels),
        "recall_one_flip": sum(level is not Level.NONE for level in raised) / len(raised),
        "sure_one_flip": raised.count(Level.SURE) / len(raised),
        "listed": len(listed),
        "strangers": len(strangers),
        "flips": len(flipped),
        "strangers_read_whole": sum(row.text == row.truth for row in strangers) / len(strangers),
    }
    rules: dict[str, Callable[[str, str], bool]] = {
        "edit_distance_1": lambda read, entry: edit_distance(read, entry) <= 1,
        "jaro_winkler": lambda read, entry: jaro_winkler(read, entry) >= FRIGATE_LIKENESS,
    }
    peers: dict[str, dict[str, object]] = {
        name: {
            "false_sure": sum(any(rule(row.text, entry) for entry in listed) for row in strangers) / len(strangers),
            "recall_one_flip": sum(rule(row.text, row.truth) for row in flipped) / len(flipped),
        }
        for name, rule in rules.items()
    }
    return figures, peers


def max_level(row: Seen, listed: Sequence[str]) -> Level:
    """The highest level against the whole list."""
    levels = {plate_level(row.text, row.confidence, row.posteriors, entry) for entry in listed}
    return next(level for level in Level if level in levels)


def convoys(rng: np.random.Generator, pairs: int) -> tuple[int, int, int]:
    """(pairs that became one passage, cars that became two, pairs that Frigate's likeness takes for one car).

    Two cars with one character between them drive down the picture 0.8 to 2.5 s apart, each read for about two seconds.
    """
    merges = splits = alike = 0
    confusable = _confusable()
    for _ in range(pairs):
        first = next(iter(distinct_plates(rng, 1)))
        place = int(rng.integers(2, 7))
        other = confusable[first[place]][int(rng.integers(3))]
        second = first[:place] + other + first[place + 1 :]
        found = _drive(rng, [(first, 0.0), (second, float(rng.uniform(0.8, 2.5)))], confusable)
        merges += found < 2
        splits += found > 2
        alike += jaro_winkler(first, second) >= FRIGATE_LIKENESS
    return merges, splits, alike


def _confusable() -> dict[str, list[str]]:
    """The three symbols that each is most often taken for."""
    confusion, serial = measured_confusion(), DIGITS + LETTERS
    return {
        symbol: sorted(set(serial) - {symbol}, key=lambda read: -confusion.truth_if_wrong(symbol, read))[:3]
        for symbol in serial
    }


def _drive(rng: np.random.Generator, cars: list[tuple[str, float]], confusable: dict[str, list[str]]) -> int:
    """Passages decided while the cars drive by; a tenth of the frames miss a plate, one read in twelve has an error."""
    passages, found = Passages(), 0
    speed = rng.uniform(120, 220)  # px/s down the picture
    for step in range(round(8 * _FPS)):
        at_s = step / _FPS
        boxes, reads = [], []
        for text, begins_s in cars:
            y = (at_s - begins_s) * speed
            if not 0 <= y < 400 or rng.random() < 0.1:
                continue
            width = 60 + y * 0.2
            x = 300 + rng.normal(0, 1)
            boxes.append((x, 100 + y, x + width, 100 + y + 0.32 * width))
            reads.append(_noisy_read(rng, text, confusable, width))
        found += sum(not passage.again for passage in passages.see(boxes, reads, at_s)[1])
    return found


def _noisy_read(rng: np.random.Generator, text: str, confusable: dict[str, list[str]], width_px: float) -> Read:
    chances = [{symbol: float(rng.uniform(0.93, 1.0))} for symbol in text]
    read = text
    if rng.random() < 1 / 12:
        place = int(rng.integers(2, len(text)))
        wrong, share = confusable[text[place]][int(rng.integers(3))], float(rng.uniform(0.4, 0.95))
        chances[place] = {wrong: share, text[place]: 1 - share}
        read = text[:place] + wrong + text[place + 1 :]
    return Read(read, tuple(chances), "blue", "blue", width_px)


def wrong_events(pipeline: PlatePipeline, rng: np.random.Generator, passages: int) -> dict[str, object]:
    """Wrong plates among as many events of ours as of Frigate's rule, on the same frames of the same passages.

    Half of the cars come near, half are read from afar only. `frigate_coverage` is how many cars Frigate's rule says a
    plate for at its own threshold; ours are taken surest first, down to the same number.
    """
    ours, theirs = [], []
    for number, text in enumerate(sorted(distinct_plates(rng, passages))):
        nearest_px = 80 if number % 2 else 46
        frames = [filmed(text, rng, int(width)) for width in np.linspace(26, nearest_px, FRAMES)]
        readings = [(pipeline.read(frame), frame) for frame in frames]
        verdict = vote([_read(reading, frame) for reading, frame in readings])
        ours.append((verdict.confidence, verdict.text == text, UNKNOWN_PROVINCE in verdict.text))
        event = frigate_event([FrameRead(reading.text, float(np.mean(reading.posteriors))) for reading, _ in readings])
        theirs.append((event.score, event.text == text))
    ours.sort(reverse=True)
    theirs.sort(reverse=True)
    covered = sum(score >= FRIGATE_THRESHOLD for score, _ in theirs)
    sure = [row for row in ours if row[0] >= SURE and not row[2]]
    return {
        "passages": passages,
        "frigate_coverage": covered / passages,
        "wrong_events": sum(not right for _, right, _ in ours[:covered]),
        "wrong_events_frigate_rule": sum(not right for _, right in theirs[:covered]),
        "wrong_events_all_cars": sum(not right for _, right, _ in ours),
        "wrong_events_all_cars_frigate_rule": sum(not right for _, right in theirs),
        "sure_coverage": len(sure) / passages,
        "wrong_events_sure": sum(not row[1] for row in sure),
    }


def _read(reading: Reading, frame: np.ndarray) -> Read:
    worth = weight(1.0, frame.shape[0], sharpness(frame), reading.legibility)
    return Read(reading.text, chances(reading), reading.plate_type, reading.colour, worth, trust=reading.trust)
