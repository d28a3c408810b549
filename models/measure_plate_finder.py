"""Prints how many drawn plates are found, how exactly, and what is found where none stands.

python -m models.measure_plate_finder --fonts FONT[:FACE] … --photos FOLDER … [--pictures 1000]
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.evaluate_plate import IOU_FOR_RECALL, overlap
from models.plate import PlatePipeline
from models.plates.glyphs import font_argument
from models.plates.scenes import SceneSampler
from models.plates.train_finder import sampler_for

_SEED = 20_261  # not a training seed
HEIGHT_PX, WIDTH_PX = 288, 480
WIDTHS_PX = (22, 35, 50, 80, 110, 150)
"""The edges of the classes of plate widths."""


def find(pipeline: PlatePipeline, sampler: SceneSampler, pictures: int) -> tuple[np.ndarray, int, int]:
    """(plates, 3) width in px, best overlap and corner error in px; pictures without a plate; what is read in those."""
    rows: list[tuple[float, float, float]] = []
    empty = false = 0
    for _ in range(pictures):
        rgb, standing = sampler.wide(HEIGHT_PX, WIDTH_PX)
        if not standing:
            empty, false = empty + 1, false + len(pipeline.read_frame(rgb))
            continue
        found = pipeline.detect(rgb)
        for plate in standing:
            overlaps = [overlap(other.corners, plate.corners) for other in found] or [0.0]
            best = int(np.argmax(overlaps))
            error = np.linalg.norm(found[best].corners - plate.corners, axis=1).mean() if found else np.nan
            rows.append((float(np.linalg.norm(plate.corners[1] - plate.corners[0])), overlaps[best], float(error)))
    return np.array(rows).reshape(-1, 3), empty, false


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=font_argument, nargs="+", required=True)
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of pictures without plates")
    parser.add_argument("--pictures", type=int, default=1_000)
    args = parser.parse_args()
    rows, empty, false = find(PlatePipeline(), sampler_for(args.fonts, args.photos, _SEED), args.pictures)
    for low, high in pairwise(WIDTHS_PX):
        part = rows[(rows[:, 0] >= low) & (rows[:, 0] < high)]
        good = part[:, 1] >= IOU_FOR_RECALL
        print(
            f"{low}-{high} px: {len(part)} plates, recall at IoU {IOU_FOR_RECALL} {good.mean():.4f},",
            f"corner error of those {np.median(part[good, 2]):.2f} px",
        )
    print(
        f"all: recall {(rows[:, 1] >= IOU_FOR_RECALL).mean():.4f}; {false} plates read in {empty} pictures without one"
    )


if __name__ == "__main__":
    main()
