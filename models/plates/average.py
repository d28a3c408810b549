"""The mean of runs that began at the same weights: often better than any of them, at the cost of one.

python -m models.plates.average --net reader --out runs/mean --runs runs/one runs/other

Layers are averaged with their batch norms folded in. Source: Wortsman et al., Model soups, ICML 2022.
"""

import argparse
from pathlib import Path

import torch

from models.plates.export import NETS, folded
from models.plates.nets import ConvBlock, Sequence
from models.plates.warm_start import unfold


def mean_of(nets: list[Sequence], mean: Sequence) -> None:
    """Sets the layers of `mean` to the mean of the others' layers."""
    with torch.no_grad():
        for index, block in enumerate(mean.blocks):
            assert isinstance(block, ConvBlock)
            parts = [folded(net.blocks[index]) for net in nets]
            weights = torch.stack([torch.from_numpy(weights.transpose(0, 3, 1, 2)) for weights, _ in parts])
            block.conv.weight.copy_(weights.mean(0))
            unfold(block, torch.stack([torch.from_numpy(bias) for _, bias in parts]).mean(0))
        for index, head in enumerate(mean.heads):
            for name, parameter in head.named_parameters():
                own = [dict(net.heads[index].named_parameters())[name] for net in nets]
                parameter.copy_(torch.stack(own).mean(0))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=tuple(NETS), required=True)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="folders with a checkpoint.pt each")
    parser.add_argument("--out", type=Path, required=True, help="folder of the mean's checkpoint.pt, for export")
    args = parser.parse_args()
    make = NETS[args.net][1]
    nets = []
    for run in args.runs:
        nets.append(make().eval())
        nets[-1].load_state_dict(torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)["net"])
    mean = make()
    mean_of(nets, mean)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"net": mean.state_dict()}, args.out / "checkpoint.pt")


if __name__ == "__main__":
    main()
