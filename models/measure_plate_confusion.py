"""Counts what the reader takes for what, on drawn plates as spoilt as in training.

python -m models.measure_plate_confusion --fonts FONT[:FACE] … [--plates 30000]
"""

import argparse
import csv
from collections import Counter

import numpy as np

from models.plate import PlatePipeline
from models.plates.alphabet import SYMBOLS
from models.plates.glyphs import font_argument
from models.plates.likelihood import CONFUSION_TABLE
from models.plates.samples import PlatePainter, ReaderSampler

_SEED = 20_260  # not a training seed


def count_confusions(pipeline: PlatePipeline, sampler: ReaderSampler, plates: int) -> Counter[tuple[str, str]]:
    """(truth, read) characters of plates read with the right number of them; unknown provinces left out."""
    counts: Counter[tuple[str, str]] = Counter()
    for _ in range(plates):
        picture, _, symbols, _ = sampler.sample(1.0)
        read = pipeline.read(np.ascontiguousarray(picture)).text
        truth = "".join(SYMBOLS[symbol] for symbol in symbols)
        if len(read) == len(truth):
            counts.update(pair for pair in zip(truth, read, strict=True) if pair[1] in SYMBOLS)
    return counts


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fonts", type=font_argument, nargs="+", required=True)
    parser.add_argument("--plates", type=int, default=30_000)
    args = parser.parse_args()
    counts = count_confusions(PlatePipeline(), ReaderSampler(PlatePainter(args.fonts), _SEED), args.plates)
    with CONFUSION_TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["truth", "read", "count"])
        writer.writerows((truth, read, count) for (truth, read), count in sorted(counts.items()))


if __name__ == "__main__":
    main()
