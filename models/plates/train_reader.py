"""Trains the reader: column labels first, CTC after; resumes from its checkpoint; logs a curve.

    python -m models.plates.train_reader --out RUN --minutes 30 --fonts FONT[:FACE] … [--crops truth.csv]
"""

import argparse
import csv
import time
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
from models.plates.split import is_training_crop, read_truth

BATCH = 64
REAL_PER_BATCH = 8
PEAK_RATE = 2e-3
MAX_SYMBOLS = 8
Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


class RealCrops:
    """Real crops of the training half, slightly warped and recoloured at every draw."""

    def __init__(self, table: Path) -> None:
        self._rows = [row for row in read_truth(table) if is_training_crop(row.path)]
        self._pictures = [cv2.cvtColor(cv2.imread(str(row.path)), cv2.COLOR_BGR2RGB) for row in self._rows]

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[int], int]:
        """The same four things as `ReaderSampler.sample`, without column labels."""
        index = int(rng.integers(len(self._rows)))
        row, picture = self._rows[index], self._pictures[index]
        height, width = picture.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        corners += (rng.normal(0, 1, (4, 2)) * [0.012 * width, 0.035 * height]).astype(np.float32)
        target = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]]) * np.float32([STRIP_WIDTH_PX, STRIP_HEIGHT_PX])
        matrix = cv2.getPerspectiveTransform(corners, target.astype(np.float32))
        size = (STRIP_WIDTH_PX, STRIP_HEIGHT_PX)
        out = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        light = np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.05, 3))
        out = out * light + rng.normal(0, 5)
        if rng.random() < 0.3:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.2))
        spoilt = np.clip(out + rng.normal(0, rng.uniform(0, 5), out.shape), 0, 255).astype(np.uint8)
        labels = np.full(COLUMNS, UNLABELLED, np.int64)
        return spoilt, labels, alphabet.encode(row.text), alphabet.COLOURS.index(row.colour)


class Batches(IterableDataset[Batch]):
    """Endless batches; the spoiling grows from 0.3 to 1 over the first `ramp` batches."""

    def __init__(self, fonts: list[tuple[Path, int]], crops: Path | None, seed: int, ramp: int) -> None:
        self._fonts, self._crops, self._seed, self._ramp = fonts, crops, seed, ramp

    def __iter__(self):  # type: ignore[no-untyped-def]
        worker = get_worker_info()
        seed = self._seed + (worker.id if worker else 0) * 7919
        sampler = ReaderSampler(PlatePainter(self._fonts), seed)
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
    return pictures, labels, torch.from_numpy(texts), lengths, torch.tensor([row[3] for row in rows])


def scaled(pictures: Tensor) -> Tensor:
    """uint8 0…255 → about -1…1, the int8 input's own range."""
    return (pictures.float() - 128.0) / 128.0


def losses(output: Tensor, batch: Batch, column_weight: float) -> Tensor:
    """Column cross-entropy, CTC and colour, weighted."""
    _, labels, texts, lengths, colours = batch
    symbols, colour = output[:, : alphabet.BLANK + 1], output[:, alphabet.BLANK + 1 :].mean(2)
    total = 0.1 * functional.cross_entropy(colour, colours)
    if column_weight > 0:
        total = total + column_weight * functional.cross_entropy(symbols, labels, ignore_index=UNLABELLED)
    if column_weight < 1:
        log_probs = functional.log_softmax(symbols, 1).permute(2, 0, 1)
        columns = torch.full_like(lengths, COLUMNS)
        ctc = functional.ctc_loss(log_probs, texts, columns, lengths, alphabet.BLANK, zero_infinity=True)
        total = total + (1 - column_weight) * 0.5 * ctc
    return total


def train(args: argparse.Namespace) -> None:
    """Runs until `--minutes` of the whole schedule are used, writing `reader.pt` and `curve.csv`."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = reader_net().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    print(f"{multiply_adds(net.cpu(), STRIP_HEIGHT_PX, STRIP_WIDTH_PX) / 1e6:.1f} M multiply-adds", flush=True)
    net.to(device).train()
    averaged = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=1e-3)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint, spent, step = args.out / "checkpoint.pt", 0.0, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        spent, step = state["spent"], state["step"]
    data = Batches(args.fonts, args.crops, args.seed + step, 0 if step else args.ramp)
    started, saved, running = time.monotonic() - spent, time.monotonic(), 0.0
    for batch in DataLoader(data, batch_size=None, num_workers=args.workers):
        spent = time.monotonic() - started
        progress = spent / (args.minutes * 60)
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * min(1.0, step / 200) * max(0.01, 0.5 + 0.5 * float(np.cos(np.pi * progress)))
        column_weight = 1.0 if progress < 0.2 else max(0.1, 1.0 - (progress - 0.2) * 6)
        batch = tuple(part.to(device) for part in batch)
        pictures = scaled(batch[0]).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16):
            output = net(pictures)
        loss = losses(output.float().squeeze(2), batch, column_weight)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        averaged.update_parameters(net)
        step += 1
        running += (float(loss.detach()) - running) * (0.02 if step > 50 else 0.2)
        if step % 100 == 0:
            with (args.out / "curve.csv").open("a", newline="") as lines:
                csv.writer(lines).writerow([step, round(spent), round(column_weight, 3), round(running, 4)])
        if time.monotonic() - saved > 60:
            _save(checkpoint, net, averaged, optimiser, spent, step)
            saved = time.monotonic()
    _save(checkpoint, net, averaged, optimiser, spent, step)


def _save(path: Path, net, averaged, optimiser, spent: float, step: int) -> None:  # type: ignore[no-untyped-def]
    state = {
        "net": net.state_dict(),
        "averaged": averaged.state_dict(),
        "optimiser": optimiser.state_dict(),
        "spent": spent,
        "step": step,
    }
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def font_argument(words: str) -> tuple[Path, int]:
    """`FILE` or `FILE:FACE` of a font collection."""
    path, _, face = words.partition(":")
    return Path(path), int(face or 0)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--fonts", type=font_argument, nargs="+", required=True)
    parser.add_argument("--crops", type=Path, help="truth table; only its training half is read")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ramp", type=int, default=2000, help="batches until full spoiling")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
