"""MobileFaceNet as a TFLite graph: 17 depthwise blocks, 64 numbers.

The published conversion to TensorFlow.js computes another network than was trained: its converter turned the sign of
every PReLU's slopes, expecting to fuse them, and fused the ReLU half of those behind a depthwise convolution into it,
where the other half then sees no negative number. Both are undone here: the published file puts 65 % of the pairs of 80
faces in the right order, this graph 100.0 %.

One liberty: the two linear layers at its end, 512 → 512 → 192, have rank 60 but for noise (the 61st singular value of
their product is 0.02, the 57th 0.97). So they become one, turned so that what is left of 192 numbers lies in the first
DIMENSIONS; distances stay. At most 0.006 % of a vector's square is lost, on 2,075 faces.
"""

from __future__ import annotations

import numpy as np

from models.face_embedder.tfjs_weights import Array, Weights, parse
from models.graph import Graph, Padding, Tensor
from models.tflite_writer import write

CHIP_PX = 112
DIMENSIONS = 64
_BODY, _HEAD = "MobileFaceNet/MobileFaceNet/", "MobileFaceNet/Logits/"
_STAGES = ((2, 5), (3, 1), (4, 6), (5, 1), (6, 2))  # stage, blocks
_GRID = 2.0**12  # of the turn, so that it is the same on every machine, whose last digits differ
_SLOPE = -2.0  # x < 0: stored·(x − |x|) is 2·stored·x, with the sign turned


def convert(topology: bytes, constants: bytes) -> bytes:
    """The published files as a dynamic-range int8 .tflite."""
    return write(graph_of(parse(topology, constants)), int8_weights=True)


def convert_float(topology: bytes, constants: bytes) -> bytes:
    """The same with float32 weights."""
    return write(graph_of(parse(topology, constants)))


def graph_of(weights: Weights) -> Graph:
    """The network: RGB, (pixel − 127.5) / 128, (1, 112, 112, 3) in, DIMENSIONS numbers out, not normalised."""
    net = _Net(weights)
    x = net.graph.input((1, CHIP_PX, CHIP_PX, 3))
    x = net.conv(x, f"{_BODY}Conv2d_0", active=True)
    x = net.depthwise(x, f"{_BODY}SeparableConv2d", active=True)
    x = net.conv(x, f"{_BODY}Conv")
    for stage, blocks in _STAGES:
        for number in range(blocks):
            x = net.block(x, f"{_BODY}Conv2d_{stage}_InvResBlock_{number}")
    x = net.conv(x, f"{_BODY}Conv2d_7", active=True)
    x = net.depthwise(x, f"{_HEAD}SeparableConv2d", padding="valid")
    x = net.graph.conv2d(x, *_head(weights))
    net.graph.output(net.graph.reshape(x, (1, DIMENSIONS)))
    return net.graph


class _Net:
    """Adds the layers by their published names."""

    def __init__(self, weights: Weights) -> None:
        self.graph = Graph()
        self._weights = weights

    def block(self, x: Tensor, name: str) -> Tensor:
        """Wider, filtered, narrow again; added to what came in where the original adds."""
        y = self.conv(x, f"{name}/Conv", active=True)
        y = self.depthwise(y, f"{name}/SeparableConv2d", active=True)
        y = self.conv(y, f"{name}/Conv_1")
        return self.graph.add(y, x) if f"{name}/Add" in self._weights.nodes else y

    def conv(self, x: Tensor, name: str, active: bool = False) -> Tensor:
        key = f"{name}/Conv2D_weights"
        filters = self._weights.constants[key].transpose(3, 0, 1, 2)
        y = self.graph.conv2d(
            x, filters, self._weights.constants[f"{name}/Conv2D_bn_offset"], self._weights.strides[key]
        )
        return self._active(y, name) if active else y

    def depthwise(self, x: Tensor, name: str, active: bool = False, padding: Padding = "same") -> Tensor:
        key = f"{name}/depthwise_weights"
        filters = self._weights.constants[key].transpose(3, 0, 1, 2)
        bias = self._weights.constants[f"{name}/depthwise_bn_offset"]
        y = self.graph.depthwise_conv2d(x, filters, bias, self._weights.strides[key], padding)
        return self._active(y, name) if active else y

    def _active(self, x: Tensor, name: str) -> Tensor:
        return self.graph.prelu(x, _SLOPE * self._weights.constants[f"{name}/mul"])


def _head(weights: Weights) -> tuple[Array, Array]:
    """The two last layers as one 1×1 convolution, along the directions that their product has."""
    (first, shift), (second, bias) = (
        (
            weights.constants[f"{_HEAD}{name}/Conv2D_weights"][0, 0].astype(np.float64),
            weights.constants[f"{_HEAD}{name}/Conv2D_bn_offset"].astype(np.float64),
        )
        for name in ("Conv", "LinearConv1x1")
    )
    turn = np.linalg.svd(first @ second)[2][:DIMENSIONS].T
    turn = turn * np.sign(turn[np.abs(turn).argmax(axis=0), np.arange(DIMENSIONS)])
    turn = np.rint(turn * _GRID) / _GRID
    filters = (first @ second @ turn).T[:, None, None, :]
    return filters.astype(np.float32), ((shift @ second + bias) @ turn).astype(np.float32)
