"""Measures the plate pipeline against a truth table: `evaluate_plate(table)`.

Rows of kind `crop` go to the reader alone, rows of kind `scene` through the whole pipeline, where the surest plate
found counts; an empty text means that every plate found is false. Pictures that the reader was trained on are left out.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.plate import PlatePipeline, PlateRead
from models.plates.alphabet import UNKNOWN_PROVINCE
from models.plates.grammar import GRAMMAR, Reading
from models.plates.split import Truth, read_truth, seen_in_training

IOU_FOR_RECALL = 0.7


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for one picture with a plate; `read` is empty where none was found."""

    truth: Truth
    read: str
    confidence: float

    @property
    def whole(self) -> bool:
        """Every character right."""
        return self.read == self.truth.text

    @property
    def group(self) -> str:
        """Colour and number of characters, what a type can be told by."""
        return f"{self.truth.colour or 'unknown'}_{len(self.truth.text)}"


def evaluate_plate(data: Path, plot: Path | None = None, threads: int = 1) -> dict[str, Any]:
    """Figures under the names of the acceptance; `plot` is where the reliability diagram goes."""
    pipeline = PlatePipeline(threads)
    outcomes: list[Outcome] = []
    overlaps: list[float] = []
    empty_pictures = false_plates = left_out = 0
    seen = seen_in_training()
    boxes = _corners_by_path(data)
    stages: dict[str, list[float]] = defaultdict(list)
    for truth in read_truth(data):
        if seen(truth.path):
            left_out += 1
            continue
        bgr = cv2.imread(str(truth.path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise FileNotFoundError(f"{truth.path} is not a picture. Next step: look at the table's paths")
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        if truth.kind == "crop":
            outcomes.append(_outcome(truth, pipeline.read(rgb)))
            continue
        plates = pipeline.read_frame(rgb)
        for stage, spent_ms in pipeline.stage_ms.items():
            stages[stage].append(spent_ms)
        if not truth.text:
            empty_pictures += 1
            false_plates += len(plates)
            continue
        surest = max(plates, key=lambda plate: plate.confidence, default=None)
        outcomes.append(_outcome(truth, surest))
        if truth.path in boxes:
            overlaps.append(max((_iou(plate.corners, boxes[truth.path]) for plate in plates), default=0.0))
    if plot is not None:
        cv2.imwrite(str(plot), reliability_plot(outcomes))
    figures = _figures(outcomes, pipeline.sure_confidence)
    figures["by_type"] = _grouped(outcomes, pipeline.sure_confidence, lambda outcome: outcome.group)
    figures["by_folder"] = _grouped(outcomes, pipeline.sure_confidence, lambda outcome: outcome.truth.path.parent.name)
    figures["detect_recall_iou07"] = float(np.mean(np.array(overlaps) >= IOU_FOR_RECALL)) if overlaps else None
    figures["false_plates_per_1000"] = 1000 * false_plates / empty_pictures if empty_pictures else None
    figures["empty_pictures"] = empty_pictures
    figures["left_out_as_trained_on"] = left_out
    figures["stage_ms_median"] = {stage: round(float(np.median(spent)), 3) for stage, spent in stages.items()}
    return {"name": "plate", "figures": figures, "peers": {}}


def _outcome(truth: Truth, read: Reading | PlateRead | None) -> Outcome:
    return Outcome(truth, read.text if read else "", read.confidence if read else 0.0)


def _grouped(outcomes: list[Outcome], sure: float, key: Any) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[key(outcome)].append(outcome)
    return {name: _figures(group, sure) for name, group in sorted(groups.items())}


def _figures(outcomes: list[Outcome], sure: float) -> dict[str, Any]:
    confident = [outcome for outcome in outcomes if outcome.confidence >= sure and UNKNOWN_PROVINCE not in outcome.read]
    characters = sum(len(outcome.truth.text) for outcome in outcomes)
    wrong = sum(edit_distance(outcome.read, outcome.truth.text) for outcome in outcomes)
    return {
        "count": len(outcomes),
        "whole_plate": _share(outcome.whole for outcome in outcomes),
        "without_province": _share(outcome.read[1:] == outcome.truth.text[1:] for outcome in outcomes),
        "characters": 1 - wrong / characters if characters else None,
        "found": _share(bool(outcome.read) for outcome in outcomes),
        "sure_share": len(confident) / len(outcomes) if outcomes else None,
        "whole_plate_sure": _share(outcome.whole for outcome in confident),
        "impossible": sum(bool(outcome.read) and not GRAMMAR.accepts(outcome.read) for outcome in outcomes),
    }


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


def _corners_by_path(data: Path) -> dict[Path, np.ndarray]:
    """The optional column `corners`: eight numbers, x y clockwise from top left."""
    with data.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("corners")]
    return {data.parent / row["path"]: np.array(row["corners"].split(), np.float32).reshape(4, 2) for row in rows}


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    shared = float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])
    return shared / (cv2.contourArea(one) + cv2.contourArea(other) - shared)


def reliability_plot(outcomes: list[Outcome], edge_px: int = 400) -> np.ndarray:
    """Share of whole plates (up) against confidence in ten bins (right), BGR; dot area grows with the bin's count."""
    canvas = np.full((edge_px + 60, edge_px + 60, 3), 255, np.uint8)

    def point(x: float, y: float) -> tuple[int, int]:
        return round(30 + x * edge_px), round(30 + (1 - y) * edge_px)

    cv2.rectangle(canvas, point(0, 1), point(1, 0), (0, 0, 0), 1)
    cv2.line(canvas, point(0, 0), point(1, 1), (190, 190, 190), 1, cv2.LINE_AA)
    confidences = np.array([outcome.confidence for outcome in outcomes])
    right = np.array([outcome.whole for outcome in outcomes], float)
    bins = np.minimum((confidences * 10).astype(int), 9)
    for number in range(10):
        inside = bins == number
        if inside.any():
            centre = point(float(confidences[inside].mean()), float(right[inside].mean()))
            radius = round(3 + 14 * float(np.sqrt(inside.mean())))
            cv2.circle(canvas, centre, radius, (180, 90, 20), -1, cv2.LINE_AA)
    cv2.putText(canvas, f"confidence, n = {len(outcomes)}", (30, edge_px + 52), 0, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas
