"""`menshen plates IMAGE`: the plain function that the command line calls; films: `tools/passages.py`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.body_colour import body_chances, told
from models.plate import PlatePipeline, PlateRead
from models.vehicle import vehicle_class
from tools.frames import read_picture, write_png

_GREEN_BGR = (60, 200, 60)


def plates(source: Path, plot: Path | None = None) -> list[dict[str, Any]]:
    """One row for the picture if it has plates: stage times, plates. OSError names the file and the next step."""
    pipeline = PlatePipeline()
    rgb = read_picture(source)
    reads = pipeline.read_frame(rgb, still=True)
    if plot is not None:
        write_png(plot, drawn(rgb, reads))
    if not reads:
        return []
    stages = {stage: round(spent, 2) for stage, spent in pipeline.stage_ms.items()}
    return [{"frame": 0, "stage_ms": stages, "plates": [plain(read) | _body(read, rgb) for read in reads]}]


def drawn(rgb: np.ndarray, reads: list[PlateRead]) -> np.ndarray:
    """The picture, BGR, with each plate's outline and the strip of what was read under it."""
    out = np.ascontiguousarray(rgb[..., ::-1])
    for read in reads:
        outline = np.round(read.corners).astype(np.int32)
        cv2.polylines(out, [outline], True, _GREEN_BGR, 2, cv2.LINE_AA)
        corner = (int(outline[:, 0].min()), int(outline[:, 1].max()) + 22)
        words = f"{read.text[1:]} {read.confidence:.2f}"  # OpenCV's letters have no Chinese
        cv2.putText(out, words, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.7, _GREEN_BGR, 2, cv2.LINE_AA)
    return out


def plain(read: PlateRead) -> dict[str, Any]:
    """For JSON."""
    row = asdict(read)
    del row["distribution"]
    row["corners"] = [[round(float(x), 1), round(float(y), 1)] for x, y in read.corners]
    row["posteriors"] = [round(value, 4) for value in read.posteriors]
    return row | {"vehicle_class": vehicle_class(read.plate_type)}


def _body(read: PlateRead, rgb: np.ndarray) -> dict[str, Any]:
    paint = told([(body_chances(rgb, read.corners, read.colour), 1.0)])
    return {"body_colour": paint.name, "body_confidence": round(paint.confidence, 3)}
