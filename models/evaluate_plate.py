"""Measures the plate pipeline against a truth table: `evaluate_plate(table)`.

Rows of kind `crop` go to the reader alone, rows of kind `scene` through the whole pipeline, where the surest plate
found counts; an empty text means that every plate found is false. Pictures that the reader was trained on are left out.
See `plates/truth.py` for the table.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np

from models.body_colour import body_chances, told
from models.picture_file import PictureError
from models.pictures import decode
from models.plate import PlatePipeline, PlateRead
from models.plates import peers as other_readers
from models.plates.alphabet import UNKNOWN_PROVINCE
from models.plates.geometry import rectify
from models.plates.grammar import GRAMMAR, Reading
from models.plates.reliability import expected_error, reliability, reliability_plot
from models.plates.split import seen_in_training
from models.plates.truth import Truth, TruthError, read_truth

IOU_FOR_RECALL = 0.7
IOU_OF_A_FIND = 0.3
"""Below this a find lies elsewhere, and its corners say nothing about corner error."""
_PLATE_PX = (188, 48)
"""The size at which other readers are handed a plate that ours found."""
_Row = TypeVar("_Row")
_Sure = TypeVar("_Sure", Reading, PlateRead, Reading | PlateRead)
Reads = Sequence[Reading | PlateRead]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for one picture with a plate, and its processor time; `read` is empty where none was found."""

    truth: Truth
    read: str
    confidence: float
    cpu_ms: float

    @property
    def whole(self) -> bool:
        """Every character right."""
        return self.read == self.truth.text

    @property
    def group(self) -> str:
        """Colour and number of characters, what a type can be told by."""
        return f"{self.truth.colour or 'unknown'}_{len(self.truth.text)}"


@dataclass(frozen=True, slots=True)
class Located:
    """How a plate whose corners are known was found: the best overlap (IoU), and the mean error of its four corners in
    px and as a share of the plate's width, NaN where what was found lies elsewhere.
    """

    truth: Truth
    overlap: float
    error_px: float
    error_share: float


@dataclass(slots=True)
class Tally:
    """Everything that one pass over the table gathers."""

    outcomes: list[Outcome] = field(default_factory=list)
    located: list[Located] = field(default_factory=list)
    empty_pictures: int = 0
    false_plates: int = 0
    left_out: int = 0
    guessed_kinds: int = 0
    texts_no_plate_has: int = 0
    bodies: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """(colour told, those that are right)."""
    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    float_outcomes: list[Outcome] = field(default_factory=list)
    peers: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))


def evaluate_plate(
    data: Path,
    plot: Path | None = None,
    threads: int = 1,
    peers: dict[str, other_readers.Peer | None] | None = None,
    float_run: Path | None = None,
    corners: Path | None = None,
) -> dict[str, Any]:
    """Figures under the names of the acceptance.

    `plot` is where the reliability diagram goes, `peers` who reads the same pictures too (`peers.available`),
    `float_run` the training run of the reader whose float weights are compared with the int8 file (needs PyTorch),
    `corners` a file of corners for the table's pictures.
    """
    pipeline = PlatePipeline(threads)
    float_pipeline = _float_pipeline(threads, float_run) if float_run else None
    tally = Tally()
    present = {name: peer for name, peer in (peers or {}).items() if peer is not None}
    if plot is not None and not plot.parent.is_dir():
        raise TruthError(f"{plot}: there is no such folder. Next step: another --plot FILE")
    for truth, rgb in _pictures(data, corners, tally):
        reads, cpu_ms = _timed(_read, pipeline, truth, rgb)
        plate = _note(pipeline, truth, rgb, reads, tally)
        if not truth.text:
            continue
        tally.outcomes.append(_outcome(truth, reads, cpu_ms))
        if float_pipeline is not None:
            tally.float_outcomes.append(_outcome(truth, *_timed(_read, float_pipeline, truth, rgb)))
        for name, peer in present.items():
            text, cpu_ms = _timed(peer.read, rgb, plate)
            tally.peers[name].append(Outcome(truth, text, 0.0, cpu_ms))
    sure = pipeline.sure_confidence
    rows = reliability(
        [outcome.confidence for outcome in tally.outcomes], [outcome.whole for outcome in tally.outcomes]
    )
    if plot is not None:
        cv2.imwrite(str(plot), reliability_plot(rows, sure))
    figures = {**_figures(tally.outcomes, sure), **_found_figures(tally), "reliability": rows}
    figures["expected_calibration_error"] = expected_error(rows)
    figures["by_type"] = _grouped(tally.outcomes, lambda outcome: outcome.group, lambda rows: _figures(rows, sure))
    figures["by_folder"] = _grouped(tally.outcomes, _folder, lambda rows: _figures(rows, sure))
    for folder, located in _grouped(tally.located, _folder, _corner_figures).items():
        figures["by_folder"][folder] |= located
    if float_pipeline is not None:
        whole = _share(outcome.whole for outcome in tally.float_outcomes)
        figures["whole_plate_float"] = whole
        if whole is not None:
            figures["int8_minus_float_pp"] = 100 * (figures["whole_plate"] - whole)
    if tally.bodies:
        figures["body_colour"] = _body_figures(tally.bodies)
    return {"name": "plate", "figures": figures, "peers": _peer_figures(tally, peers or {})}


def _pictures(data: Path, corners: Path | None, tally: Tally) -> Iterator[tuple[Truth, np.ndarray]]:
    seen = seen_in_training()
    for truth in read_truth(data, corners):
        if seen(truth.path):
            tally.left_out += 1
            continue
        try:
            rgb = decode(truth.path.read_bytes())
        except PictureError as error:
            raise TruthError(f"{truth.path}: {error}") from error
        tally.guessed_kinds += not truth.kind
        tally.texts_no_plate_has += not truth.can_be
        yield replace(truth, kind=truth.kind_of(rgb.shape[1], rgb.shape[0])), rgb


def _read(pipeline: PlatePipeline, truth: Truth, rgb: np.ndarray) -> Reads:
    return [pipeline.read(rgb)] if truth.kind == "crop" else pipeline.read_frame(rgb, still=True)


def _timed(work: Callable[..., _Row], *given: Any) -> tuple[_Row, float]:
    """What it gives, and the ms of processor time, of all threads: a busy machine changes little of that."""
    started = time.process_time()
    return work(*given), (time.process_time() - started) * 1e3


def _note(pipeline: PlatePipeline, truth: Truth, rgb: np.ndarray, reads: Reads, tally: Tally) -> np.ndarray | None:
    """The plate alone as other readers get it."""
    if truth.kind == "crop":
        return rgb
    plates = [read for read in reads if isinstance(read, PlateRead)]
    for stage, spent_ms in pipeline.stage_ms.items():
        tally.stages[stage].append(spent_ms)
    if not truth.text:
        tally.empty_pictures += 1
        tally.false_plates += len(plates)
        return None
    if truth.corners:
        tally.located.append(_located(truth, plates))
    surest = _surest(plates)
    if surest is None:
        return None
    if truth.body_colours:
        paint = told([(body_chances(rgb, surest.corners, surest.colour), 1.0)])
        tally.bodies.append((paint.name, truth.body_colours))
    return rectify(rgb, surest.corners, *_PLATE_PX)


def _located(truth: Truth, plates: Sequence[PlateRead]) -> Located:
    corners = np.array(truth.corners, np.float32).reshape(4, 2)
    overlaps = [overlap(plate.corners, corners) for plate in plates]
    best = max(overlaps, default=0.0)
    if best < IOU_OF_A_FIND:
        return Located(truth, best, math.nan, math.nan)
    found = plates[int(np.argmax(overlaps))].corners
    error_px = float(np.linalg.norm(found - corners, axis=1).mean())
    return Located(truth, best, error_px, error_px / float(np.linalg.norm(corners[1] - corners[0])))


def _surest(reads: Sequence[_Sure]) -> _Sure | None:
    return max(reads, key=lambda read: read.confidence, default=None)


def _float_pipeline(threads: int, run: Path) -> PlatePipeline:
    from models.plates.float_reader import FloatReader

    return PlatePipeline(threads, reader=FloatReader(run))


def _outcome(truth: Truth, reads: Reads, cpu_ms: float) -> Outcome:
    read = _surest(reads)
    return Outcome(truth, read.text if read else "", read.confidence if read else 0.0, cpu_ms)


def _folder(outcome: Outcome | Located) -> str:
    return outcome.truth.path.parent.name


def _grouped(
    outcomes: list[_Row], key: Callable[[_Row], str], figures: Callable[[list[_Row]], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[_Row]] = defaultdict(list)
    for outcome in outcomes:
        groups[key(outcome)].append(outcome)
    return {name: figures(group) for name, group in sorted(groups.items())}


def _figures(outcomes: list[Outcome], sure: float) -> dict[str, Any]:
    confident = [outcome for outcome in outcomes if outcome.confidence >= sure and UNKNOWN_PROVINCE not in outcome.read]
    sure_share = len(confident) / len(outcomes) if outcomes else None
    return {
        **_accuracy(outcomes),
        "found": _share(bool(outcome.read) for outcome in outcomes),
        "sure_share": sure_share,
        "rejected_share": None if sure_share is None else 1 - sure_share,
        "whole_plate_sure": _share(outcome.whole for outcome in confident),
        "impossible": _impossible(outcomes),
    }


def _accuracy(outcomes: list[Outcome]) -> dict[str, Any]:
    characters = sum(len(outcome.truth.text) for outcome in outcomes)
    wrong = sum(edit_distance(outcome.read, outcome.truth.text) for outcome in outcomes)
    return {
        "count": len(outcomes),
        "whole_plate": _share(outcome.whole for outcome in outcomes),
        "without_province": _share(outcome.read[1:] == outcome.truth.text[1:] for outcome in outcomes),
        "characters": 1 - wrong / characters if characters else None,
        "cpu_ms_median": round(float(np.median([outcome.cpu_ms for outcome in outcomes])), 2) if outcomes else None,
    }


def _impossible(outcomes: list[Outcome]) -> int:
    return sum(bool(outcome.read) and not GRAMMAR.accepts(outcome.read) for outcome in outcomes)


def _found_figures(tally: Tally) -> dict[str, Any]:
    """What concerns finding; None where the table has no corners or no pictures without a plate."""
    return {
        **_corner_figures(tally.located),
        "false_plates_per_1000": 1000 * tally.false_plates / tally.empty_pictures if tally.empty_pictures else None,
        "empty_pictures": tally.empty_pictures,
        "left_out_as_trained_on": tally.left_out,
        "kinds_told_by_size": tally.guessed_kinds,
        "texts_no_plate_has": tally.texts_no_plate_has,
        "stage_ms_median": {stage: round(float(np.median(spent)), 3) for stage, spent in tally.stages.items()},
    }


def _corner_figures(located: list[Located]) -> dict[str, Any]:
    """Recall, and the corners' error of what was found: median px; median, mean and 90 % share of the plate's width."""
    errors = np.array([(row.error_px, row.error_share) for row in located if not math.isnan(row.error_px)])
    px, share = errors.reshape(-1, 2).T
    return {
        "detect_recall_iou07": _share(row.overlap >= IOU_FOR_RECALL for row in located),
        "corner_error_px": float(np.median(px)) if len(px) else None,
        "corner_error_share_of_width": float(np.median(share)) if len(share) else None,
        "corner_error_share_mean": float(share.mean()) if len(share) else None,
        "corner_error_share_p90": float(np.percentile(share, 90)) if len(share) else None,
        "pictures_with_corners": len(located),
    }


def _body_figures(bodies: list[tuple[str, tuple[str, ...]]]) -> dict[str, Any]:
    """Of single pictures: how often a colour is told, and how often that one is right."""
    return {
        "count": len(bodies),
        "told_share": _share(bool(name) for name, _ in bodies),
        "right": _share(name in right for name, right in bodies if name),
    }


def _peer_figures(tally: Tally, peers: dict[str, other_readers.Peer | None]) -> dict[str, Any]:
    """Accuracy and time on the same pictures, MB of models; None for a peer that cannot be had here."""
    figures: dict[str, Any] = {}
    for name, peer in peers.items():
        if peer is None:
            figures[name] = None
            continue
        outcomes = tally.peers[name]
        figures[name] = {
            **_accuracy(outcomes),
            "impossible": _impossible(outcomes),
            "by_folder": _grouped(outcomes, _folder, _accuracy),
            "mb": round(peer.megabytes, 2),
        }
    return figures


def _share(values: Iterable[bool]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def edit_distance(one: str, other: str) -> int:
    """Fewest insertions, deletions and changes that turn one text into the other."""
    row = list(range(len(other) + 1))
    for index, symbol in enumerate(one):
        before, row[0] = row[0], index + 1
        for place, wanted in enumerate(other):
            change = before + (symbol != wanted)
            before = row[place + 1]
            row[place + 1] = min(change, row[place] + 1, before + 1)
    return row[-1]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """What two convex quadrilaterals share of what they cover together (IoU)."""
    shared = float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])
    return shared / (cv2.contourArea(one) + cv2.contourArea(other) - shared)
