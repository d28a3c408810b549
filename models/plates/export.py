"""From a training run's weights to the committed full-int8 .tflite.

python -m models.plates.export --net reader --run RUN --fonts FONT[:FACE] … [--photos FOLDER …]
"""

import argparse
import hashlib
import re
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.cards import FOLDER
from models.graph import Activation, Graph, Tensor, fold_affine
from models.plates.geometry import STRIP_HEIGHT_PX, STRIP_WIDTH_PX
from models.plates.glyphs import font_argument
from models.plates.nets import ConvBlock, Sequence, corner_net, detector_net, reader_net
from models.plates.samples import PlatePainter, ReaderSampler
from models.plates.scenes import CLOSE_HEIGHT_PX, CLOSE_WIDTH_PX
from models.plates.split import write_seen
from models.plates.train_finder import sampler_for
from models.quantise import calibrate
from models.tflite_writer import write

CALIBRATION_SAMPLES = 1000
DETECTOR_HEIGHT_PX, DETECTOR_WIDTH_PX = 288, 480
NETS = {
    "reader": ("plate_reader", reader_net, STRIP_HEIGHT_PX, STRIP_WIDTH_PX),
    "wide": ("plate_detector", detector_net, DETECTOR_HEIGHT_PX, DETECTOR_WIDTH_PX),
    "close": ("plate_corners", corner_net, CLOSE_HEIGHT_PX, CLOSE_WIDTH_PX),
}


def graph_of(net: Sequence, height: int, width: int) -> Graph:
    """The net with its batch norms folded, as our converter's graph."""
    graph = Graph()
    value = graph.input((1, height, width, 3))
    outputs: list[Tensor] = []
    for index, block in enumerate(net.blocks):
        assert isinstance(block, ConvBlock)
        weights, bias = folded(block)
        skip = net.skips.get(index)
        down, across = block.conv.stride
        up, left = (int(edge) for edge in block.conv.padding)
        same = (down, across) == (1, 1) and (up, left) != (0, 0)
        if not same and (up, left) != (0, 0):
            value = graph.pad(value, ((0, 0), (up, up), (left, left), (0, 0)))
        activation: Activation = "relu" if skip is None else "none"
        value = graph.conv2d(value, weights, bias, (down, across), "same" if same else "valid", activation)
        if skip is not None:
            value = graph.add(value, outputs[skip], "relu")
        outputs.append(value)
    for head in net.heads:
        assert isinstance(head, nn.Conv2d) and head.bias is not None
        weights = head.weight.detach().numpy().transpose(0, 2, 3, 1)
        graph.output(graph.conv2d(value, weights, head.bias.detach().numpy()))
    return graph


def folded(block: ConvBlock) -> tuple[np.ndarray, np.ndarray]:
    """(out, height, width, in) weights and (out,) bias of the convolution and its batch norm as one."""
    norm = block.norm
    assert norm.running_var is not None and norm.running_mean is not None
    gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy()
    shift = norm.bias.detach().numpy() - norm.running_mean.numpy() * gain
    weights = block.conv.weight.detach().numpy().transpose(0, 2, 3, 1)
    return fold_affine(weights, np.zeros(len(gain), np.float32), gain, shift)


def samples_for(net: str, args: argparse.Namespace) -> list[np.ndarray]:
    """Calibration pictures of the net's own training distribution, (1, H, W, 3) float32 in -1…1."""
    if net == "reader":
        reader = ReaderSampler(PlatePainter(args.fonts), seed=12345)
        pictures = [reader.sample(1.0)[0] for _ in range(CALIBRATION_SAMPLES)]
    else:
        sampler = sampler_for(args.fonts, args.photos, seed=12345)
        if net == "wide":
            size = (DETECTOR_HEIGHT_PX, DETECTOR_WIDTH_PX)
            pictures = [sampler.wide(*size)[0] for _ in range(CALIBRATION_SAMPLES)]
        else:
            pictures = [sampler.close().picture for _ in range(CALIBRATION_SAMPLES)]
    return [(picture[None].astype(np.float32) - 128) / 128 for picture in pictures]


def export(args: argparse.Namespace) -> None:
    """Writes the .tflite beside its card and puts its digest on the card."""
    name, make, height, width = NETS[args.net]
    net = make()
    net.load_state_dict(torch.load(args.run / "checkpoint.pt", map_location="cpu", weights_only=True)["net"])
    graph = graph_of(net.eval(), height, width)
    content = write(graph, ranges=calibrate(graph, samples_for(args.net, args)))
    digest = hashlib.sha256(content).hexdigest()
    (FOLDER / name / f"{name}.tflite").write_bytes(content)
    card = FOLDER / name / "card.toml"
    card.write_text(re.sub(r'sha256 = "[0-9a-f]*"', f'sha256 = "{digest}"', card.read_text("utf-8")), "utf-8")
    if args.crops is not None:
        write_seen(args.crops)
    print(f"{name}: {len(content)} bytes, sha256 {digest}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--net", choices=tuple(NETS), required=True)
    parser.add_argument("--run", type=Path, required=True, help="the training run's folder")
    parser.add_argument("--fonts", type=font_argument, nargs="+", required=True)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--crops", type=Path, help="the truth table that the reader was trained with")
    export(parser.parse_args())


if __name__ == "__main__":
    main()
