"""Trains the reader: column labels first, CTC after; resumes from its checkpoint; logs a curve.

python -m models.plates.train_reader --out RUN --minutes 30 --fonts FONT[:FACE] … [--crops truth.csv]
"""

import argparse
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from models.plates import alphabet
from models.plates.geometry import STRIP_HEIGHT_PX, STRIP_WIDTH_PX
from models.plates.nets import multiply_adds, reader_net
from models.plates.samples import COLUMNS, UNLABELLED, PlatePainter, ReaderSampler
from models.plates.split import is_training_crop
from models.plates.training import Run, add_run_arguments, scaled
from models.plates.truth import read_truth
from models.plates.warm_start import start_from

BATCH = 64
REAL_PER_BATCH = 8
MAX_SYMBOLS = 8
Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


class RealCrops:
    """Real crops of the training half, slightly warped and recoloured at every draw."""

    def __init__(self, table: Path) -> None:
        self._rows = [row for row in read_truth(table) if is_training_crop(row.path)]
        self._pictures = [np.array(cv2.imread(str(row.path), cv2.IMREAD_COLOR))[..., ::-1] for row in self._rows]
        # the crops lean to one province: without this the net would guess it
        often = Counter(row.text[0] for row in self._rows)
        weights = np.array([often[row.text[0]] ** -0.6 for row in self._rows])
        self._shares = weights / weights.sum()

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[int], int]:
        """The same four things as `ReaderSampler.sample`, without column labels."""
        index = int(rng.choice(len(self._rows), p=self._shares))
        row, picture = self._rows[index], self._pictures[index]
        height, width = picture.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        corners += (rng.normal(0, 1, (4, 2)) * [0.012 * width, 0.035 * height]).astype(np.float32)
        unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
        target = unit * np.array([STRIP_WIDTH_PX, STRIP_HEIGHT_PX], np.float32)
        matrix = cv2.getPerspectiveTransform(corners, target)
        size = (STRIP_WIDTH_PX, STRIP_HEIGHT_PX)
        out = cv2.warpPerspective(
            np.ascontiguousarray(picture), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        light = np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.05, 3))
        out = out * light + rng.normal(0, 5)
        if rng.random() < 0.3:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.2))
        spoilt = np.clip(out + rng.normal(0, rng.uniform(0, 5), out.shape), 0, 255).astype(np.uint8)
        labels = np.full(COLUMNS, UNLABELLED, np.int64)
        return (spoilt, labels, alphabet.encode(row.text), alphabet.COLOURS.index(row.colour))


class Batches(IterableDataset[Batch]):
    """Endless batches; the spoiling grows from 0.3 to 1 over the first `ramp` batches."""

    def __init__(
        self,
        fonts: list[tuple[Path, int]],
        crops: Path | None,
        seed: int,
        ramp: int,
        without: Collection[str] = (),
    ) -> None:
        self._fonts, self._crops, self._seed, self._ramp, self._without = fonts, crops, seed, ramp, without

    def __iter__(self):  # type: ignore[no-untyped-def]
        worker = get_worker_info()
        seed = self._seed + (worker.id if worker else 0) * 7919
        sampler = ReaderSampler(PlatePainter(self._fonts, self._without), seed, self._without)
        rng = np.random.default_rng(seed + 1)
        real = RealCrops(self._crops) if self._crops else None
        number = 0
        while True:
            strength = 0.3 + 0.7 * min(1.0, number / max(self._ramp, 1))
            from_real = REAL_PER_BATCH if real and number > self._ramp // 2 else 0
            rows = [sampler.sample(strength) for _ in range(BATCH - from_real)]
            rows += [real.sample(rng) for _ in range(from_real)] if real else []
            yield _collate(rows)
            number += 1 if worker is None else worker.num_workers


def _collate(rows: list[tuple[np.ndarray, np.ndarray, list[int], int]]) -> Batch:
    pictures = torch.from_numpy(np.stack([row[0] for row in rows])).permute(0, 3, 1, 2)
    texts = np.zeros((len(rows), MAX_SYMBOLS), np.int64)
    for index, row in enumerate(rows):
        texts[index, : len(row[2])] = row[2]
    lengths = torch.tensor([len(row[2]) for row in rows])
    labels = torch.from_numpy(np.stack([row[1] for row in rows]))
    return (pictures, labels, torch.from_numpy(texts), lengths, torch.tensor([row[3] for row in rows]))


def losses(output: Tensor, batch: Batch, column_weight: float) -> Tensor:
    """Column cross-entropy, CTC and colour, weighted."""
    _, labels, texts, lengths, colours = batch
    symbols, colour = (output[:, : alphabet.BLANK + 1], output[:, alphabet.BLANK + 1 :].mean(2))
    total = 0.1 * functional.cross_entropy(colour, colours)
    if column_weight > 0:
        total = total + column_weight * functional.cross_entropy(symbols, labels, ignore_index=UNLABELLED)
    if column_weight < 1:
        log_probs = functional.log_softmax(symbols, 1).permute(2, 0, 1)
        columns = torch.full_like(lengths, COLUMNS)
        ctc = functional.ctc_loss(log_probs, texts, columns, lengths, alphabet.BLANK, zero_infinity=True)
        total = total + (1 - column_weight) * 0.5 * ctc
    return total


def loss_of(outputs: list[Tensor], batch: Batch, progress: float) -> Tensor:
    """Columns alone at first, then more and more CTC."""
    return losses(outputs[0].squeeze(2), batch, 1.0 if progress < 0.2 else max(0.1, 1.0 - (progress - 0.2) * 6))


def later_loss(outputs: list[Tensor], batch: Batch, progress: float) -> Tensor:
    """What the first schedule ended with, for a net that reads already."""
    return losses(outputs[0].squeeze(2), batch, 0.1)


def train(args: argparse.Namespace) -> None:
    """Runs until `--minutes` of the whole schedule are used, writing `checkpoint.pt` and `curve.csv`."""
    net = reader_net()
    print(f"{multiply_adds(net, STRIP_HEIGHT_PX, STRIP_WIDTH_PX) / 1e6:.1f} M multiply-adds", flush=True)
    if args.start:
        start_from(net, args.start, scaled(next(iter(Batches(args.fonts, None, args.seed, 0)))[0]))
    run = Run(net, args.out, args.minutes, args.rate, args.seed, args.threads)
    data = Batches(args.fonts, args.crops, args.seed + run.step, 0 if run.step or args.start else args.ramp)
    finetuning = args.start or (run.step > 0 and args.finetune)

    run.fit(DataLoader(data, batch_size=None, num_workers=args.workers), later_loss if finetuning else loss_of)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_run_arguments(parser)
    parser.add_argument("--crops", type=Path, help="truth table; only its training half is read")
    parser.add_argument("--ramp", type=int, default=2000, help="batches until full spoiling")
    parser.add_argument("--finetune", action="store_true", help="resumed with a new schedule: CTC from the start")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
