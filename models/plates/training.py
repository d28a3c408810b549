"""One training run: a schedule in minutes, bfloat16, checkpoints to resume from, a curve as CSV."""

import argparse
import csv
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor

from models.plates.glyphs import font_argument
from models.plates.nets import Sequence

WARM_UP_STEPS = 200
SAVE_EVERY_S = 60.0
LossOf = Callable[[list[Tensor], Any, float], Tensor]


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """What every training command takes."""
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of checkpoint.pt and curve.csv; resumed if there"
    )
    parser.add_argument("--start", type=Path, help="a committed .tflite of this net to begin from; not if resumed")
    parser.add_argument(
        "--minutes", type=float, default=30, help="length of the whole schedule, resumed parts included"
    )
    parser.add_argument("--fonts", type=font_argument, nargs="+", required=True, help="FILE or FILE:FACE, Chinese")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0, help="processes that draw samples; 0: this one")


def scaled(pictures: Tensor) -> Tensor:
    """uint8 0…255 → -1…1, what the nets take."""
    return (pictures.float() - 128.0) / 128.0


class Run:
    """Trains a net until its minutes are used; a run whose folder has a checkpoint goes on from it."""

    def __init__(self, net: Sequence, out: Path, minutes: float, rate: float, seed: int, threads: int) -> None:
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        cv2.setNumThreads(1)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._net = net.to(self._device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
        self._out, self._minutes, self._rate = out, minutes, rate
        self._spent_s, self.step, self._loss = 0.0, 0, 0.0
        out.mkdir(parents=True, exist_ok=True)
        if self._checkpoint.exists():
            self._resume()

    @property
    def _checkpoint(self) -> Path:
        return self._out / "checkpoint.pt"

    def fit(self, batches: Iterable[Any], loss_of: LossOf, steps: int | None = None) -> None:
        """A batch is a tuple of tensors whose first is (N, 3, H, W) uint8; `loss_of(outputs, batch, progress 0…1)`.

        `steps` is the length of the schedule instead of the minutes: runs to compare are equal on a busy machine too.
        """
        started, saved = time.monotonic() - self._spent_s, time.monotonic()
        for batch in batches:
            self._spent_s = time.monotonic() - started
            progress = self.step / steps if steps else self._spent_s / (self._minutes * 60)
            if progress >= 1:
                break
            moved = tuple(part.to(self._device) for part in batch)
            self._learn(moved, progress, loss_of)
            if self.step % 100 == 0:
                self._log(progress)
            if time.monotonic() - saved > SAVE_EVERY_S:
                self._save()
                saved = time.monotonic()
        self._save()

    def _learn(self, batch: tuple[Tensor, ...], progress: float, loss_of: LossOf) -> None:
        shape = max(0.01, 0.5 + 0.5 * math.cos(math.pi * progress))
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * min(1.0, (self.step + 1) / WARM_UP_STEPS) * shape
        pictures = scaled(batch[0]).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device, torch.bfloat16):
            outputs = self._net(pictures)
        loss = loss_of([output.float() for output in outputs], batch, progress)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._net.parameters(), 5.0)
        self._optimiser.step()
        self.step += 1
        self._loss += (float(loss.detach()) - self._loss) * (0.02 if self.step > 50 else 0.2)

    def _log(self, progress: float) -> None:
        with (self._out / "curve.csv").open("a", newline="") as lines:
            csv.writer(lines).writerow([self.step, round(self._spent_s), round(progress, 4), round(self._loss, 4)])

    def _save(self) -> None:
        state = {
            "net": self._net.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "spent_s": self._spent_s,
            "step": self.step,
        }
        fresh = self._checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._checkpoint)

    def _resume(self) -> None:
        state = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        self._net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._spent_s, self.step = state["spent_s"], state["step"]
