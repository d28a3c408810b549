"""LPRNet as LPRNet_Pytorch builds it (Apache-2.0), so that its published weights can be measured beside ours."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

CHARACTERS = "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新0123456789ABCDEFGHJKLMNPQRSTUVWXYZIO-"
"""Its outputs; the last is the blank. It can say I and O, which no plate has."""
_KEPT = (2, 6, 13, 22)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        quarter = outputs // 4
        self.block = nn.Sequential(
            nn.Conv2d(inputs, quarter, 1),
            nn.ReLU(),
            nn.Conv2d(quarter, quarter, (3, 1), padding=(1, 0)),
            nn.ReLU(),
            nn.Conv2d(quarter, quarter, (1, 3), padding=(0, 1)),
            nn.ReLU(),
            nn.Conv2d(quarter, outputs, 1),
        )

    def forward(self, value: Tensor) -> Tensor:
        out: Tensor = self.block(value)
        return out


class LPRNet(nn.Module):
    """(N, 3, 24, 94) BGR in -1…1 → (N, 68, 18) logits."""

    def __init__(self) -> None:
        super().__init__()
        classes = len(CHARACTERS)
        self.backbone = nn.Sequential(
            *(nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool3d((1, 3, 3), (1, 1, 1))),
            *(_Block(64, 128), nn.BatchNorm2d(128), nn.ReLU(), nn.MaxPool3d((1, 3, 3), (2, 1, 2))),
            *(_Block(64, 256), nn.BatchNorm2d(256), nn.ReLU()),
            *(_Block(256, 256), nn.BatchNorm2d(256), nn.ReLU(), nn.MaxPool3d((1, 3, 3), (4, 1, 2)), nn.Dropout()),
            *(nn.Conv2d(64, 256, (1, 4)), nn.BatchNorm2d(256), nn.ReLU(), nn.Dropout()),
            *(nn.Conv2d(256, classes, (13, 1)), nn.BatchNorm2d(classes), nn.ReLU()),
        )
        self.container = nn.Sequential(nn.Conv2d(448 + classes, classes, 1))

    def forward(self, picture: Tensor) -> Tensor:
        """Logits per column."""
        kept, value = [], picture
        for index, layer in enumerate(self.backbone):
            value = layer(value)
            if index in _KEPT:
                kept.append(value)
        pooled = [functional.avg_pool2d(part, 5, 5) for part in kept[:2]]
        pooled += [functional.avg_pool2d(kept[2], (4, 10), (4, 2)), kept[3]]
        scaled = [part / part.pow(2).mean() for part in pooled]
        out: Tensor = self.container(torch.cat(scaled, 1)).mean(2)
        return out


def lprnet(weights: Mapping[str, Tensor]) -> LPRNet:
    """The net with the published weights, ready to run."""
    net = LPRNet()
    net.load_state_dict(weights)
    net.eval()
    return net
