"""What each part of drawing is worth: short, equal runs from scratch, each without one part, read against real crops.

python -m models.ablate_plate --data truth.csv --out runs/ablation --fonts FONT[:FACE] … [--steps 1000]

The runs see drawn plates only, so all real crops of the table measure them. Runs that are there are not made again.
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from models.evaluate_plate import edit_distance
from models.plate import decoded
from models.plates.float_reader import FloatReader
from models.plates.geometry import strip
from models.plates.glyphs import font_argument
from models.plates.nets import reader_net
from models.plates.samples import PARTS
from models.plates.train_reader import Batches, loss_of
from models.plates.training import Run
from models.plates.truth import Truth, read_truth

FULL_SEEDS = (1, 2)
"""The whole renderer is trained twice: what differs between the two is chance."""
RAMP_SHARE = 0.4
RATE = 3e-3
MARGIN = 0.04
COLUMNS = ("without", "seed", "crops", "whole_plate", "characters", "province")


def train(run_folder: Path, args: argparse.Namespace, without: tuple[str, ...], seed: int) -> None:
    """One run of `args.steps` batches, resumed if it was broken off."""
    run = Run(reader_net(), run_folder, 0.0, RATE, seed, threads=1)
    if run.step < args.steps:
        ramp = round(RAMP_SHARE * args.steps)
        run.fit(Batches(args.fonts, None, seed + run.step, 0 if run.step else ramp, without), loss_of, args.steps)


def measure(run_folder: Path, crops: list[Truth]) -> dict[str, float]:
    """Shares of the crops' plates, characters and provinces that are read right, each crop looked at once."""
    strips = []
    for truth in crops:
        bgr = cv2.imread(str(truth.path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise FileNotFoundError(f"{truth.path} is not a picture. Next step: look at the table's paths")
        height, width = bgr.shape[:2]
        edge = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        strips.append(strip(np.ascontiguousarray(bgr[..., ::-1]), edge, 1, MARGIN))
    (outputs,) = FloatReader(run_folder).run((np.stack(strips).astype(np.float32) - 128) / 128)
    reads = [decoded(output.reshape(-1, output.shape[-1])).text for output in outputs]
    wrong = sum(edit_distance(read, truth.text) for read, truth in zip(reads, crops, strict=True))
    pairs = list(zip(reads, (truth.text for truth in crops), strict=True))
    return {
        "crops": len(crops),
        "whole_plate": round(sum(read == text for read, text in pairs) / len(pairs), 4),
        "characters": round(1 - wrong / sum(len(text) for _, text in pairs), 4),
        "province": round(sum(read[0] == text[0] for read, text in pairs) / len(pairs), 4),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="truth table; its rows of kind crop measure")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and of ablation.csv")
    parser.add_argument("--fonts", type=font_argument, nargs="+", required=True, help="FILE or FILE:FACE, Chinese")
    parser.add_argument("--steps", type=int, default=1000, help="batches of 64 plates, the same for every run")
    args = parser.parse_args()
    crops = [row for row in read_truth(args.data) if row.kind == "crop" and row.text]
    if not crops:
        parser.error(f"{args.data} has no crops with a text")
    plan: list[tuple[tuple[str, ...], int]] = [((), FULL_SEEDS[0]), *(((part,), FULL_SEEDS[0]) for part in PARTS)]
    plan += [((), seed) for seed in FULL_SEEDS[1:]]
    rows = []
    for without, seed in plan:
        name = without[0] if without else "nothing"
        folder = args.out / f"without_{name}_{seed}"
        train(folder, args, without, seed)
        rows.append({"without": name, "seed": seed, **measure(folder, crops)})
        print(rows[-1], flush=True)
        with (args.out / "ablation.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
