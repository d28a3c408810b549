"""dlib's face ResNet as a TFLite graph: 29 convolutions, 128 numbers, the arithmetic of the original.

Two liberties, both exact: the input normalisation and the affine layers are folded into the convolutions, and the
2×2 average pools on the skip paths are constant depthwise convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from models.face_embedder_dlib.dlib_weights import Array, Conv, Weights, parse
from models.graph import Graph, Tensor, fold_affine
from models.tflite_writer import write

CHIP_PX = 150
_MEAN_RGB = (122.782, 117.001, 104.298)  # dlib's input_rgb_image_sized, as the file states them
_SCALE = 1 / 256


def convert(content: bytes) -> bytes:
    """dlib's file as a dynamic-range int8 .tflite."""
    return write(graph_of(parse(content)), int8_weights=True)


def convert_float(content: bytes) -> bytes:
    """The same with float32 weights."""
    return write(graph_of(parse(content)))


def graph_of(weights: Weights) -> Graph:
    """The network: raw RGB 0–255 (1, 150, 150, 3) in, 128 numbers out, not normalised."""
    convs = iter(weights.convs)
    graph = Graph()
    x = graph.input((1, CHIP_PX, CHIP_PX, 3))
    x = graph.conv2d(x, *_stem(next(convs)), stride=2, padding="valid", activation="relu")
    x = graph.max_pool2d(x, 3, 2)
    for blocks, down in ((3, False), (4, True), (3, True), (3, True), (1, True)):
        for number in range(blocks):
            x = _down(graph, x, convs) if down and number == 0 else _same(graph, x, convs)
    x = graph.mean(x, keep_dims=True)
    dense = weights.dense[:, None, None, :]  # as a 1×1 convolution: int8 with one scale an output
    x = graph.conv2d(x, dense, np.zeros(len(dense), np.float32), padding="valid")
    graph.output(graph.reshape(x, (1, len(dense))))
    return graph


def _stem(conv: Conv) -> tuple[Array, Array]:
    """Takes (pixel - mean) / 256 into the first convolution, which has no padding."""
    weights, bias = fold_affine(conv.weights.astype(np.float64), conv.bias.astype(np.float64), conv.gain, conv.shift)
    weights = weights * _SCALE
    products = weights * np.array(_MEAN_RGB)
    shift = [math.fsum(one.ravel()) for one in products]  # exact: the same bytes on every machine
    return weights, bias - np.array(shift)


def _same(graph: Graph, x: Tensor, convs: Iterator[Conv]) -> Tensor:
    first, second = next(convs), next(convs)
    y = graph.conv2d(x, *_folded(first), padding="same", activation="relu")
    y = graph.conv2d(y, *_folded(second), padding="same")
    return graph.add(y, x, "relu")


def _down(graph: Graph, x: Tensor, convs: Iterator[Conv]) -> Tensor:
    """Half the size: the skip path is a 2×2 mean; the narrower or smaller side is filled with zeros."""
    first, second = next(convs), next(convs)
    y = graph.conv2d(x, *_folded(first), stride=2, padding="valid", activation="relu")
    y = graph.conv2d(y, *_folded(second), padding="same")
    skip = graph.average_pool2d(x, 2, 2)
    wanted = tuple(max(pair) for pair in zip(y.shape, skip.shape, strict=True))
    return graph.add(_filled(graph, y, wanted), _filled(graph, skip, wanted), "relu")


def _filled(graph: Graph, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    if x.shape == shape:
        return x
    return graph.pad(x, [(0, wanted - n) for n, wanted in zip(x.shape, shape, strict=True)])


def _folded(conv: Conv) -> tuple[Array, Array]:
    return fold_affine(conv.weights, conv.bias, conv.gain, conv.shift)
