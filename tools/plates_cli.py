"""`menshen plates IMAGE|VIDEO`: the plain function that the command line calls."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.body_colour import body_chances, told
from models.plate import PlatePipeline, PlateRead
from models.vehicle import vehicle_class
from tools.frames import PICTURES, frames, write_png

_GREEN_BGR = (60, 200, 60)


def plates(source: Path, plot: Path | None = None, threads: int = 1) -> list[dict[str, Any]]:
    """One row a picture or video frame that has plates: frame number, stage times, plates.

    The first of these is plotted; the first frame as it is where there are none.
    """
    pipeline = PlatePipeline(threads)
    still = source.suffix.lower() in PICTURES
    rows: list[dict[str, Any]] = []
    for number, rgb in frames(source):
        reads = pipeline.read_frame(rgb, still)
        if plot is not None and (number == 0 or (reads and not rows)):
            write_png(plot, drawn(rgb, reads))
        if not reads:
            continue
        stages = {stage: round(spent, 2) for stage, spent in pipeline.stage_ms.items()}
        rows.append({"frame": number, "stage_ms": stages, "plates": [_plain(read, rgb) for read in reads]})
    return rows


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


def _plain(read: PlateRead, rgb: np.ndarray) -> dict[str, Any]:
    row = asdict(read)
    paint = told([(body_chances(rgb, read.corners, read.colour), 1.0)])
    row |= {"body_colour": paint.name, "body_confidence": round(paint.confidence, 3)}
    row["vehicle_class"] = vehicle_class(read.plate_type)
    del row["distribution"]
    row["corners"] = [[round(float(x), 1), round(float(y), 1)] for x, y in read.corners]
    row["posteriors"] = [round(value, 4) for value in read.posteriors]
    return row
