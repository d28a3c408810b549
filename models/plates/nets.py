"""The nets, in PyTorch, for training: convolutions, batch norm and ReLU only, so that export is a list of layers."""

import torch
from torch import Tensor, nn

from models.plates.alphabet import CLASSES

Size = int | tuple[int, int]


class ConvBlock(nn.Module):
    """Convolution, batch norm, optional addition of a skip, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Size = 3, stride: Size = 1, padding: Size | None = None
    ) -> None:
        super().__init__()
        if padding is None:
            padding = kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, value: Tensor, skip: Tensor | None = None) -> Tensor:
        """The activation after the optional skip addition."""
        out: Tensor = self.norm(self.conv(value))
        return torch.relu(out if skip is None else out + skip)


class Sequence(nn.Module):
    """Blocks in order, then 1 × 1 heads; `skips[i]` names the block (by index) whose output is added in block i."""

    def __init__(self, blocks: list[ConvBlock], heads: list[nn.Conv2d], skips: dict[int, int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.heads = nn.ModuleList(heads)
        self.skips = skips

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Picture (N, 3, H, W) scaled to -1…1 → one output per head."""
        outputs: list[Tensor] = []
        value = picture
        for index, block in enumerate(self.blocks):
            value = block(value, outputs[self.skips[index]] if index in self.skips else None)
            outputs.append(value)
        return [head(value) for head in self.heads]


def reader_net() -> Sequence:
    """(N, 3, 32, 128) → (N, CLASSES, 1, 32): symbols, blank and colours per column; 55 M MAC."""
    blocks = [
        ConvBlock(3, 16, 3, 2),
        ConvBlock(16, 32),
        ConvBlock(32, 48, 3, (2, 1)),
        ConvBlock(48, 48),
        ConvBlock(48, 96, 3, (2, 2)),
        ConvBlock(96, 96),
        ConvBlock(96, 96),
        ConvBlock(96, 128, (4, 1), 1, (0, 0)),
        ConvBlock(128, 128, (1, 7)),
    ]
    return Sequence(blocks, [nn.Conv2d(128, CLASSES, 1)], {6: 4, 8: 7})


def detector_net() -> Sequence:
    """(N, 3, H, W) → per 16 px cell: (plate, rows) logits and 8 corner offsets; 149 M MAC at 480 × 288."""
    blocks = [
        ConvBlock(3, 12, 3, 2),
        ConvBlock(12, 24, 3, 2),
        ConvBlock(24, 40, 3, 2),
        ConvBlock(40, 40),
        ConvBlock(40, 48, 3, 2),
        ConvBlock(48, 48, (3, 5)),
        ConvBlock(48, 48, (3, 5)),
        ConvBlock(48, 48, (3, 5)),
    ]
    return Sequence(blocks, [nn.Conv2d(48, 2, 1), nn.Conv2d(48, 8, 1)], {3: 2, 5: 4, 7: 5})


def corner_net() -> Sequence:
    """(N, 3, 64, 128) → (plate, rows) logits and 8 corner positions of the plate in the middle; 29 M MAC."""
    blocks = [
        ConvBlock(3, 16, 3, 2),
        ConvBlock(16, 32, 3, 2),
        ConvBlock(32, 32),
        ConvBlock(32, 64, 3, 2),
        ConvBlock(64, 64),
        ConvBlock(64, 64),
        ConvBlock(64, 96, 3, 2),
        ConvBlock(96, 96),
        ConvBlock(96, 160, (4, 8), 1, (0, 0)),
    ]
    return Sequence(blocks, [nn.Conv2d(160, 2, 1), nn.Conv2d(160, 8, 1)], {2: 1, 5: 3, 7: 6})


def multiply_adds(net: Sequence, height: int, width: int) -> int:
    """Multiply-adds of one forward pass at this input size."""
    total = 0
    value = torch.zeros(1, 3, height, width)
    net.eval()

    def count(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += output[0].numel() * module.weight[0].numel()

    hooks = [module.register_forward_hook(count) for module in net.modules()]  # type: ignore[arg-type]
    net(value)
    for hook in hooks:
        hook.remove()
    return total
