"""A network as a list of operations with NumPy weights: what `tflite_writer.write` turns into a .tflite.

Layouts are TFLite's: pictures NHWC, conv weights (out, height, width, in), depthwise weights (1, height, width,
channels), dense weights (out, in). From PyTorch: conv `w.transpose(0, 2, 3, 1)`, depthwise `w.transpose(1, 2, 3, 0)`.

    g = Graph()
    x = g.input((1, 24, 96, 3))
    x = g.conv2d(x, weights, bias, stride=2, padding=1, activation="relu6")   # padding as in PyTorch, or "same"/"valid"
    x = g.depthwise_conv2d(x, weights, bias, padding="same", activation="relu6")
    g.output(g.fully_connected(g.mean(x), weights, bias))
    write(g)                                  # float32
    write(g, int8_weights=True)               # dynamic range: int8 conv weights, float in and out
    write(g, ranges=calibrate(g, samples))    # full int8, samples: (1, 24, 96, 3) arrays in float space
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelFormatError

Floats = NDArray[np.floating[Any]]
Activation = Literal["none", "relu", "relu6"]
Padding = Literal["same", "valid"] | int
Shape = tuple[int, ...]
Stride = int | tuple[int, int]  # of both axes, or (down, across)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value that flows through the graph."""

    index: int
    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Op:
    """One operation: `kind` is TFLite's builtin name; `weights` and `bias` are float32; `options` are its settings."""

    kind: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    options: Mapping[str, Any]
    weights: Floats | None = None
    bias: Floats | None = None


class Graph:
    """Operations in order of execution. Each method adds one and returns its output; wrong shapes raise at once."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.ops: list[Op] = []

    def input(self, shape: Shape) -> Tensor:
        """A picture or vector that `run` is given."""
        self.inputs.append(self._tensor("input", shape))
        return self.inputs[-1]

    def output(self, *tensors: Tensor) -> None:
        """What `run` returns, in this order."""
        self.outputs.extend(tensors)

    def conv2d(
        self, x: Tensor, weights: Floats, bias: Floats, stride: Stride = 1, padding: Padding = "same",
        activation: Activation = "none",
    ) -> Tensor:  # fmt: skip
        """2-D convolution, weights (out, height, width, in), bias (out,)."""
        count, height, width, depth = weights.shape
        _check(depth == x.shape[3] and bias.shape == (count,), f"conv2d {weights.shape} on {x.shape}")
        x, edge = self._padded(x, (height, width), stride, padding)
        shape = (*_window(x.shape, (height, width), stride, edge), count)
        options = {"stride": stride, "padding": edge, "activation": activation}
        return self._add("CONV_2D", (x,), shape, options, weights, bias)

    def depthwise_conv2d(
        self, x: Tensor, weights: Floats, bias: Floats, stride: int = 1, padding: Padding = "same",
        activation: Activation = "none",
    ) -> Tensor:  # fmt: skip
        """One filter a channel, weights (1, height, width, channels), bias (channels,)."""
        _, height, width, depth = weights.shape
        _check(depth == x.shape[3] and bias.shape == (depth,), f"depthwise_conv2d {weights.shape} on {x.shape}")
        x, edge = self._padded(x, (height, width), stride, padding)
        shape = (*_window(x.shape, (height, width), stride, edge), depth)
        options = {"stride": stride, "padding": edge, "activation": activation}
        return self._add("DEPTHWISE_CONV_2D", (x,), shape, options, weights, bias)

    def average_pool2d(self, x: Tensor, size: int, stride: int) -> Tensor:
        """Mean of `size`×`size` windows inside the picture, as a depthwise convolution: one partition in int8."""
        depth = x.shape[3]
        weights = np.full((1, size, size, depth), 1 / size**2, np.float32)
        return self.depthwise_conv2d(x, weights, np.zeros(depth, np.float32), stride, "valid")

    def max_pool2d(self, x: Tensor, size: int, stride: int, padding: Literal["same", "valid"] = "valid") -> Tensor:
        """Largest of `size`×`size` windows."""
        shape = (*_window(x.shape, (size, size), stride, padding), x.shape[3])
        return self._add("MAX_POOL_2D", (x,), shape, {"size": size, "stride": stride, "padding": padding})

    def fully_connected(self, x: Tensor, weights: Floats, bias: Floats, activation: Activation = "none") -> Tensor:
        """Dense layer on (n, in), weights (out, in), bias (out,)."""
        _check(
            x.shape[1:] == weights.shape[1:] and bias.shape == weights.shape[:1], f"dense {weights.shape} on {x.shape}"
        )
        return self._add("FULLY_CONNECTED", (x,), (x.shape[0], len(bias)), {"activation": activation}, weights, bias)

    def add(self, a: Tensor, b: Tensor, activation: Activation = "none") -> Tensor:
        """Sum of two tensors of one shape."""
        _check(a.shape == b.shape, f"add {a.shape} and {b.shape}")
        return self._add("ADD", (a, b), a.shape, {"activation": activation})

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        """Product of two tensors of one shape, or by a number a channel: (n, 1, 1, c)."""
        channels = (a.shape[0], *[1] * (len(a.shape) - 2), a.shape[-1])
        _check(b.shape in (a.shape, channels), f"multiply {a.shape} and {b.shape}")
        return self._add("MUL", (a, b), a.shape, {"activation": "none"})

    def pad(self, x: Tensor, amounts: Sequence[tuple[int, int]]) -> Tensor:
        """Zeros before and after along each axis."""
        _check(len(amounts) == len(x.shape), f"pad {amounts} on {x.shape}")
        shape = tuple(n + before + after for n, (before, after) in zip(x.shape, amounts, strict=True))
        return self._add("PAD", (x,), shape, {"amounts": tuple(amounts)})

    def mean(self, x: Tensor, axes: tuple[int, ...] = (1, 2), keep_dims: bool = False) -> Tensor:
        """Mean over `axes`: by default the global average pool (n, h, w, c) → (n, c)."""
        shape = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape) if keep_dims or axis not in axes)
        return self._add("MEAN", (x,), shape, {"axes": axes, "keep_dims": keep_dims})

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        """The same values in another shape."""
        _check(np.prod(shape) == np.prod(x.shape), f"reshape {x.shape} to {shape}")
        return self._add("RESHAPE", (x,), shape, {})

    def transpose(self, x: Tensor, order: tuple[int, ...]) -> Tensor:
        """Axes in another order."""
        _check(sorted(order) == list(range(len(x.shape))), f"transpose {x.shape} by {order}")
        return self._add("TRANSPOSE", (x,), tuple(x.shape[axis] for axis in order), {"order": order})

    def concat(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        """Parts joined along `axis` (0 or greater)."""
        rests = {part.shape[:axis] + part.shape[axis + 1 :] for part in parts}
        _check(len(rests) == 1, f"concat {[part.shape for part in parts]} along {axis}")
        first = parts[0].shape
        shape = (*first[:axis], sum(part.shape[axis] for part in parts), *first[axis + 1 :])
        return self._add("CONCATENATION", tuple(parts), shape, {"axis": axis})

    def resize_nearest(self, x: Tensor, height: int, width: int) -> Tensor:
        """Nearest neighbour, half-pixel centres (what PyTorch calls "nearest" when the factor is whole)."""
        return self._add("RESIZE_NEAREST_NEIGHBOR", (x,), (x.shape[0], height, width, x.shape[3]), {})

    def resize_bilinear(self, x: Tensor, height: int, width: int) -> Tensor:
        """Bilinear, half-pixel centres (PyTorch's align_corners=False)."""
        return self._add("RESIZE_BILINEAR", (x,), (x.shape[0], height, width, x.shape[3]), {})

    def relu(self, x: Tensor) -> Tensor:
        """max(x, 0) by itself; in a conv, dense or add it is free as `activation`."""
        return self._add("RELU", (x,), x.shape, {})

    def relu6(self, x: Tensor) -> Tensor:
        """x between 0 and 6, by itself."""
        return self._add("RELU6", (x,), x.shape, {})

    def leaky_relu(self, x: Tensor, alpha: float) -> Tensor:
        """x where positive, alpha·x elsewhere."""
        return self._add("LEAKY_RELU", (x,), x.shape, {"alpha": alpha})

    def prelu(self, x: Tensor, alpha: Floats) -> Tensor:
        """x where positive, else alpha·x, alpha (channels,). Full int8: XNNPACK leaves it to the built-in kernel."""
        _check(alpha.shape == x.shape[-1:], f"prelu {alpha.shape} on {x.shape}")
        return self._add("PRELU", (x,), x.shape, {}, alpha.reshape((1,) * (len(x.shape) - 2) + alpha.shape))

    def logistic(self, x: Tensor) -> Tensor:
        """1 / (1 + e^-x)."""
        return self._add("LOGISTIC", (x,), x.shape, {})

    def softmax(self, x: Tensor) -> Tensor:
        """Along the last axis."""
        return self._add("SOFTMAX", (x,), x.shape, {})

    def _padded(self, x: Tensor, window: tuple[int, int], stride: Stride, padding: Padding) -> tuple[Tensor, str]:
        """TFLite pads more at the bottom and right; a number means that many on every side, as PyTorch does."""
        if isinstance(padding, str):
            return x, padding
        if padding == 0:
            return x, "valid"
        if stride == 1 and window == (2 * padding + 1, 2 * padding + 1):
            return x, "same"
        return self.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0))), "valid"

    def _tensor(self, name: str, shape: Shape) -> Tensor:
        _check(all(n > 0 for n in shape), f"{name} of shape {shape}")
        tensor = Tensor(len(self.tensors), f"{name}_{len(self.tensors)}", tuple(int(n) for n in shape))
        self.tensors.append(tensor)
        return tensor

    def _add(
        self, kind: str, inputs: tuple[Tensor, ...], shape: Shape, options: Mapping[str, Any],
        weights: Floats | None = None, bias: Floats | None = None,
    ) -> Tensor:  # fmt: skip
        output = self._tensor(kind.lower(), shape)
        floats = [None if array is None else np.ascontiguousarray(array, np.float32) for array in (weights, bias)]
        self.ops.append(Op(kind, inputs, output, options, *floats))
        return output


def fold_affine(weights: Floats, bias: Floats, gain: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """A convolution (output channel first) followed by `gain·y + shift` a channel, as one convolution.

    A batch norm is gain = gamma / sqrt(variance + eps), shift = beta - mean·gain. For depthwise weights move the
    channels first and back.
    """
    column = gain.reshape(-1, *(1,) * (weights.ndim - 1))
    return weights * column, bias * gain + shift


def steps(stride: Stride) -> tuple[int, int]:
    """(down, across) of a stride."""
    return (stride, stride) if isinstance(stride, int) else stride


def _window(shape: Shape, window: tuple[int, int], stride: Stride, padding: str) -> tuple[int, int, int]:
    taken = (0, 0) if padding == "same" else (window[0] - 1, window[1] - 1)
    height, width = (-(-(n - t) // step) for n, t, step in zip(shape[1:3], taken, steps(stride), strict=True))
    return shape[0], height, width


def _check(good: object, what: str) -> None:
    if not good:
        raise ModelFormatError(f"shapes do not fit: {what}")
