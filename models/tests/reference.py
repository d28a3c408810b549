"""The converter's operations in plain NumPy, from their definitions: what LiteRT's results are held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.graph import Graph, Op, steps

Array = NDArray[Any]


def run(graph: Graph, *inputs: Array) -> dict[str, Array]:
    """Every tensor's value by name, in float64."""
    values: dict[str, Array] = {
        tensor.name: np.asarray(value, np.float64) for tensor, value in zip(graph.inputs, inputs, strict=True)
    }
    for op in graph.ops:
        values[op.output.name] = _OPS[op.kind](op, *(values[tensor.name] for tensor in op.inputs))
    return values


def _activated(op: Op, y: Array) -> Array:
    kind = op.options.get("activation", "none")
    return y if kind == "none" else np.clip(y, 0, 6 if kind == "relu6" else None)


def _windows(op: Op, x: Array, height: int, width: int, fill: float = 0.0) -> Array:
    """(n, rows, columns, channels, height, width), padded as TFLite's SAME does: the odd pixel at the bottom, right."""
    down, across = steps(op.options["stride"])
    if op.options["padding"] == "same":
        amounts = []
        for size, window, stride in zip(x.shape[1:3], (height, width), (down, across), strict=True):
            total = max((-(-size // stride) - 1) * stride + window - size, 0)
            amounts.append((total // 2, total - total // 2))
        x = np.pad(x, ((0, 0), *amounts, (0, 0)), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(x, (height, width), (1, 2))[:, ::down, ::across]


def _conv(op: Op, x: Array) -> Array:
    assert op.weights is not None and op.bias is not None
    windows = _windows(op, x, op.weights.shape[1], op.weights.shape[2])
    return _activated(op, np.einsum("nrcihw,ohwi->nrco", windows, op.weights.astype(np.float64)) + op.bias)


def _depthwise(op: Op, x: Array) -> Array:
    assert op.weights is not None and op.bias is not None
    windows = _windows(op, x, op.weights.shape[1], op.weights.shape[2])
    return _activated(op, np.einsum("nrcihw,hwi->nrci", windows, op.weights[0].astype(np.float64)) + op.bias)


def _dense(op: Op, x: Array) -> Array:
    assert op.weights is not None and op.bias is not None
    return _activated(op, x @ op.weights.astype(np.float64).T + op.bias)


def _max_pool(op: Op, x: Array) -> Array:
    size = op.options["size"]
    largest: Array = _windows(op, x, size, size, -np.inf).max(axis=(4, 5))
    return largest


def _softmax(_: Op, x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _places(op: Op, x: Array, axis: int) -> Array:
    """Half-pixel centres: where along the input each output sample lies."""
    ratio = x.shape[axis] / op.output.shape[axis]
    places: Array = (np.arange(op.output.shape[axis]) + 0.5) * ratio - 0.5
    return places


def _nearest(op: Op, x: Array) -> Array:
    rows, columns = (np.floor(_places(op, x, axis) + 0.5).astype(int) for axis in (1, 2))
    return x[:, rows][:, :, columns]


def _bilinear(op: Op, x: Array) -> Array:
    for axis in (1, 2):
        place = np.clip(_places(op, x, axis), 0, x.shape[axis] - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, x.shape[axis] - 1)
        part = (place - low).reshape([-1 if n == axis else 1 for n in range(4)])
        x = x.take(low, axis) * (1 - part) + x.take(high, axis) * part
    return x


def _prelu(op: Op, x: Array) -> Array:
    assert op.weights is not None
    return np.where(x > 0, x, x * op.weights)


_OPS: Mapping[str, Any] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "MAX_POOL_2D": _max_pool,
    "ADD": lambda op, a, b: _activated(op, a + b),
    "MUL": lambda op, a, b: _activated(op, a * b),
    "PAD": lambda op, x: np.pad(x, op.options["amounts"]),
    "MEAN": lambda op, x: x.mean(axis=op.options["axes"], keepdims=op.options["keep_dims"]),
    "RESHAPE": lambda op, x: x.reshape(op.output.shape),
    "TRANSPOSE": lambda op, x: x.transpose(op.options["order"]),
    "CONCATENATION": lambda op, *parts: np.concatenate(parts, op.options["axis"]),
    "RESIZE_NEAREST_NEIGHBOR": _nearest,
    "RESIZE_BILINEAR": _bilinear,
    "RELU": lambda op, x: np.maximum(x, 0),
    "RELU6": lambda op, x: np.clip(x, 0, 6),
    "LEAKY_RELU": lambda op, x: np.where(x > 0, x, x * op.options["alpha"]),
    "PRELU": _prelu,
    "LOGISTIC": lambda op, x: 1 / (1 + np.exp(-x)),
    "SOFTMAX": _softmax,
}
