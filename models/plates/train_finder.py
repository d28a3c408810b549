"""Trains the detector (`--net wide`) or the corner net (`--net close`).

python -m models.plates.train_finder --net wide --out RUN --minutes 15 --fonts FONT[:FACE] … --photos FOLDER …
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from models.plates.backdrop import Backdrop, load_photos
from models.plates.cells import CELL_PX, CORNER_UNIT_PX
from models.plates.glyphs import font_mask
from models.plates.nets import corner_net, detector_net
from models.plates.samples import PlatePainter
from models.plates.scenes import CLOSE_HEIGHT_PX, CLOSE_WIDTH_PX, Close, SceneSampler, Standing
from models.plates.training import Run, add_run_arguments, scaled
from models.plates.warm_start import start_from

WIDE_HEIGHT_PX, WIDE_WIDTH_PX = 160, 256
WIDE_BATCH, CLOSE_BATCH = 16, 64
_SIGN_SYMBOLS = "停车场出口入超市银行美食药店宾馆大小中国人民路号"
_IGNORED, _ABSENT, _PRESENT = -1.0, 0.0, 1.0
Batch = tuple[Tensor, ...]


def sampler_for(fonts: list[tuple[Path, int]], photos: list[Path], seed: int) -> SceneSampler:
    """Scenes of plates drawn with these fonts before these photographs."""
    signs = [font_mask(symbol, *fonts[0]) for symbol in _SIGN_SYMBOLS]
    return SceneSampler(PlatePainter(fonts), Backdrop(load_photos(photos), signs), seed)


class Pictures(IterableDataset[Batch]):
    """Endless batches of pictures and targets for one of the two nets."""

    def __init__(self, args: argparse.Namespace, seed: int) -> None:
        self._args, self._seed = args, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        seed = self._seed + (worker.id if worker else 0) * 7919
        sampler = sampler_for(self._args.fonts, self._args.photos, seed)
        while True:
            if self._args.net == "wide":
                yield wide_batch([sampler.wide(WIDE_HEIGHT_PX, WIDE_WIDTH_PX) for _ in range(WIDE_BATCH)])
            else:
                yield close_batch([sampler.close() for _ in range(CLOSE_BATCH)])


def wide_batch(rows: list[tuple[np.ndarray, list[Standing]]]) -> Batch:
    """Pictures, (N, H', W') presence, (N, H', W') rows, (N, 8, H', W') corner offsets."""
    pictures = torch.from_numpy(np.stack([picture for picture, _ in rows])).permute(0, 3, 1, 2)
    targets = [wide_targets(plates, *picture.shape[:2]) for picture, plates in rows]
    return (pictures, *(torch.from_numpy(np.stack(part)) for part in zip(*targets, strict=True)))


def wide_targets(plates: list[Standing], height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells about a plate's middle are present, the rest of its box is ignored, all others are absent."""
    rows, columns = height // CELL_PX, width // CELL_PX
    present = np.full((rows, columns), _ABSENT, np.float32)
    double = np.zeros((rows, columns), np.float32)
    offsets = np.zeros((8, rows, columns), np.float32)
    ys, xs = np.mgrid[0:rows, 0:columns] * CELL_PX + CELL_PX / 2
    for plate in plates:
        low, high = plate.corners.min(0), plate.corners.max(0)
        middle = plate.corners.mean(0)
        inside = (xs > low[0]) & (xs < high[0]) & (ys > low[1] - 4) & (ys < high[1] + 4)
        reach = np.maximum((high - low) * [0.22, 0.25], CELL_PX * 0.55)
        central = (abs(xs - middle[0]) <= reach[0]) & (abs(ys - middle[1]) <= reach[1])
        present[inside & (present == _ABSENT)] = _IGNORED
        present[central] = _PRESENT
        double[central] = float(plate.rows == 2)
        for corner, (x, y) in enumerate(plate.corners):
            offsets[2 * corner][central] = (x - xs[central]) / CORNER_UNIT_PX
            offsets[2 * corner + 1][central] = (y - ys[central]) / CORNER_UNIT_PX
    return present, double, offsets


def close_batch(rows: list[Close]) -> Batch:
    """Pictures, (N,) presence, (N,) rows, (N, 8) corners from the middle in half widths."""
    pictures = torch.from_numpy(np.stack([row.picture for row in rows])).permute(0, 3, 1, 2)
    present = torch.tensor([float(row.plate is not None) for row in rows])
    double = torch.tensor([float(row.plate is not None and row.plate.rows == 2) for row in rows])
    middle = np.array([CLOSE_WIDTH_PX, CLOSE_HEIGHT_PX], np.float32) / 2
    nothing = np.zeros((4, 2), np.float32)
    corners = [(row.plate.corners - middle) / middle[0] if row.plate else nothing for row in rows]
    return (pictures, present, double, torch.from_numpy(np.stack(corners).reshape(len(rows), 8)))


def wide_loss(outputs: list[Tensor], batch: Batch, progress: float) -> Tensor:
    """Focal loss on presence, cross-entropy on rows, smooth L1 on corners of cells with a plate."""
    _, present, double, offsets = batch
    logits, rows = outputs[0][:, 0], outputs[0][:, 1]
    counted, positive = present >= 0, present == _PRESENT
    truth = present.clamp(min=0)
    probability = torch.sigmoid(logits)
    wrong = torch.where(positive, 1 - probability, probability)
    bce = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    count = positive.sum().clamp(min=1)
    presence = (bce * wrong**2 * counted * torch.where(positive, 1.0, 0.5)).sum() / count
    row_loss = functional.binary_cross_entropy_with_logits(rows, double, reduction="none")
    corner_loss = functional.smooth_l1_loss(outputs[1], offsets, reduction="none", beta=0.05).sum(1)
    # a pixel on a small plate weighs more than one on a large plate
    width = (offsets[:, 2] - offsets[:, 0]).abs().clamp(min=0.5)
    return 4 * presence + ((0.2 * row_loss + corner_loss / width) * positive).sum() / count


def close_loss(outputs: list[Tensor], batch: Batch, progress: float) -> Tensor:
    """Cross-entropy on presence and rows, smooth L1 on the corners of plates."""
    _, present, double, corners = batch
    scores, points = outputs[0].flatten(1), outputs[1].flatten(1)
    count = present.sum().clamp(min=1)
    presence = functional.binary_cross_entropy_with_logits(scores[:, 0], present)
    rows = (functional.binary_cross_entropy_with_logits(scores[:, 1], double, reduction="none") * present).sum() / count
    distance = functional.smooth_l1_loss(points, corners, reduction="none", beta=0.02).sum(1)
    return 0.3 * presence + 0.1 * rows + 4 * (distance * present).sum() / count


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_run_arguments(parser)
    parser.add_argument("--net", choices=("wide", "close"), required=True)
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of pictures without plates")
    args = parser.parse_args()
    wide = args.net == "wide"
    net = detector_net() if wide else corner_net()
    if args.start:
        start_from(net, args.start, scaled(next(iter(Pictures(args, args.seed)))[0]))
    run = Run(net, args.out, args.minutes, args.rate, args.seed, args.threads)
    loader = DataLoader(Pictures(args, args.seed + run.step), batch_size=None, num_workers=args.workers)
    run.fit(loader, wide_loss if wide else close_loss)


if __name__ == "__main__":
    main()
