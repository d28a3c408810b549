"""Counts what the reader takes for what on drawn plates as spoilt as in training; prints what it reads of each type.

python -m models.measure_plate_confusion --fonts FONT[:FACE] … [--plates 30000] [--each 1000]
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
from models.plates.texts import random_plate

_SEED = 20_260  # not a training seed
TYPES = (("blue", 1), ("yellow", 1), ("yellow", 2), ("green", 1), ("yellow_green", 1), ("white", 1), ("black", 1))
"""Colour and rows."""


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


def read_by_type(pipeline: PlatePipeline, sampler: ReaderSampler, each: int) -> dict[str, dict[str, float]]:
    """Shares of the drawn plates of each type that are read whole, that are called sure, and of those read whole."""
    rng = np.random.default_rng(_SEED)
    figures = {}
    for colour, rows in TYPES:
        whole, sure = np.zeros(each, bool), np.zeros(each, bool)
        for place in range(each):
            text, found = random_plate(rng)
            while found != colour:
                text, found = random_plate(rng)
            reading = pipeline.read(np.ascontiguousarray(sampler.of(text, colour, rows, 1.0)[0]))
            whole[place], sure[place] = reading.text == text, reading.confidence >= pipeline.sure_confidence
        name = f"{colour} in two rows" if rows == 2 else colour
        right = float(whole[sure].mean()) if sure.any() else 0.0
        figures[name] = {"whole_plate": whole.mean(), "sure_share": sure.mean(), "whole_plate_sure": right}
    return figures


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fonts", type=font_argument, nargs="+", required=True)
    parser.add_argument("--plates", type=int, default=30_000)
    parser.add_argument("--each", type=int, default=1_000, help="plates of each type")
    args = parser.parse_args()
    sampler = ReaderSampler(PlatePainter(args.fonts), _SEED + 1)
    for name, figures in read_by_type(PlatePipeline(), sampler, args.each).items():
        print(name, *(f"{figure} {value:.4f}" for figure, value in figures.items()))
    counts = count_confusions(PlatePipeline(), ReaderSampler(PlatePainter(args.fonts), _SEED), args.plates)
    with CONFUSION_TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["truth", "read", "count"])
        writer.writerows((truth, read, count) for (truth, read), count in sorted(counts.items()))


if __name__ == "__main__":
    main()
