"""The reader's float weights behind the interface of `runtime.Model`, to see what int8 costs; needs PyTorch."""

from pathlib import Path

import numpy as np
import torch

from models.cards import load_card
from models.plates.geometry import STRIP_HEIGHT_PX, STRIP_WIDTH_PX
from models.plates.nets import reader_net


class FloatReader:
    """The reader of a training run's checkpoint."""

    def __init__(self, run: Path) -> None:
        self.card = load_card("plate_reader")
        self._net = reader_net()
        state = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
        self._net.load_state_dict(state["net"])
        self._net.eval()

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """(1, 32, 128, 3) float32 → ((1, 1, 32, classes),)."""
        with torch.no_grad():
            outputs = self._net(torch.from_numpy(inputs[0]).permute(0, 3, 1, 2))
        return tuple(output.permute(0, 2, 3, 1).numpy() for output in outputs)

    def warm(self) -> None:
        """One run on zeros."""
        self.run(np.zeros((1, STRIP_HEIGHT_PX, STRIP_WIDTH_PX, 3), np.float32))
