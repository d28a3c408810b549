"""An ONNX network as our `Graph`, and so as a .tflite: for embedders whose publishers give ONNX files.

    write(graph_of(content), int8_weights=True)

ONNX keeps pictures as NCHW, we as NHWC: what flows is kept channels last as long as it has four axes, and turned only
where an operator looks at the order. An operator that is not known is refused by its name, never guessed at.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.graph import Graph, Padding, Tensor, fold_affine
from models.onnx_file import Array, Node, read
from models.tflite_writer import write

_LAST = (0, 2, 3, 1)  # NCHW's axes in the order NHWC
_FIRST = (0, 3, 1, 2)  # and back
_SKIPPED = {"Dropout", "Identity"}
_ARITHMETIC = {"Add", "Sub", "Mul", "Div"}


def convert(content: bytes) -> bytes:
    """An ONNX file as a dynamic-range int8 .tflite."""
    return write(graph_of(content), int8_weights=True)


def convert_float(content: bytes) -> bytes:
    """The same with float32 weights."""
    return write(graph_of(content))


def graph_of(content: bytes) -> Graph:
    """ModelFormatError names the operator, or the setting of it, that is not converted, or says that it is no ONNX."""
    return _Importer(content).graph


@dataclass(frozen=True, slots=True)
class _Value:
    """A tensor; `last`: its four axes are ONNX's NCHW as NHWC."""

    tensor: Tensor
    last: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """As ONNX has it."""
        shape = self.tensor.shape
        return tuple(shape[axis] for axis in _FIRST) if self.last else shape


class _Importer:
    """Goes through the operators in their order; `values` are what flows, `constants` what is stored."""

    def __init__(self, content: bytes) -> None:
        self.graph = Graph()
        self.values: dict[str, _Value] = {}
        network = read(content)
        self.constants = network.constants
        for name, shape in network.inputs.items():
            turned = tuple(shape[axis] for axis in _LAST) if len(shape) == 4 else shape
            self.values[name] = _Value(self.graph.input(turned), len(shape) == 4)
        self._uses = Counter([*(name for node in network.nodes for name in node.inputs), *network.outputs])
        self._next = {name: node for node in network.nodes for name in node.inputs}
        for node in network.nodes:
            if node.output not in self.values:  # but for batch norms that are folded already
                self._add(node)
        self.graph.output(*(self._first(self.values[name]) for name in network.outputs))

    def _add(self, node: Node) -> None:
        if node.kind in _SKIPPED:
            self.values[node.output] = self.values[node.inputs[0]]
            return
        handler = getattr(self, f"_on_{'arithmetic' if node.kind in _ARITHMETIC else node.kind.lower()}", None)
        if handler is None:
            raise node.refuse("it")
        try:
            handler(node)
        except KeyError as error:
            raise node.refuse(f"an input that is computed or missing ({error})") from error

    # -- layouts -------------------------------------------------------------------------------------------------------

    def _put(self, name: str, tensor: Tensor, last: bool) -> None:
        self.values[name] = _Value(tensor, last)

    def _first(self, value: _Value) -> Tensor:
        """In ONNX's own order of axes."""
        if not value.last:
            return value.tensor
        if value.shape[2:] == (1, 1):
            return self.graph.reshape(value.tensor, value.shape)
        return self.graph.transpose(value.tensor, _FIRST)

    def _picture(self, node: Node) -> Tensor:
        """Its input as NHWC."""
        return self._turned(node, self.values[node.inputs[0]])

    def _turned(self, node: Node, value: _Value) -> Tensor:
        if value.last:
            return value.tensor
        if len(value.shape) != 4:
            raise node.refuse(f"an input of shape {value.shape}")
        return self.graph.transpose(value.tensor, _LAST)

    def _along(self, node: Node, value: _Value, axis: int) -> int:
        """Where ONNX's `axis` lies in the tensor."""
        axis %= len(value.shape)
        return _LAST.index(axis) if value.last else axis

    # -- convolutions and dense layers -------------------------------------------------------------------------------

    def _affine_after(self, name: str) -> tuple[Array, Array, str] | None:
        """Gain and shift of a batch norm that alone takes `name`, and what comes out of it."""
        follower = self._next.get(name)
        if self._uses[name] != 1 or follower is None or follower.kind != "BatchNormalization":
            return None
        return (*self._norm(follower), follower.output)

    def _norm(self, node: Node) -> tuple[Array, Array]:
        gamma, beta, mean, variance = (self.constants[name].astype(np.float64) for name in node.inputs[1:5])
        gain = gamma / np.sqrt(variance + node.settings.get("epsilon", 1e-5))
        return gain, beta - mean * gain

    def _folded(self, weights: Array, bias: Array, output: str) -> tuple[Array, Array, str]:
        """Weights (output channel first) with the batch norm behind them, and the name of what comes out."""
        after = self._affine_after(output)
        if after is None:
            return weights, bias, output
        gain, shift, output = after
        weights, bias = fold_affine(weights.astype(np.float64), bias.astype(np.float64), gain, shift)
        return weights.astype(np.float32), bias.astype(np.float32), output

    def _on_conv(self, node: Node) -> None:
        x = self._picture(node)
        weights = self.constants[node.inputs[1]]
        bias = self.constants[node.inputs[2]] if len(node.inputs) > 2 else np.zeros(len(weights), np.float32)
        weights, bias, output = self._folded(weights, bias, node.output)
        if weights.ndim != 4 or set(node.settings.get("dilations", [1])) != {1}:
            raise node.refuse("another than a plain two-dimensional one")
        down, across = node.settings.get("strides", [1, 1])
        x, padding = self._padded(node, x)
        group = node.settings.get("group", 1)
        if group == 1:
            y = self.graph.conv2d(x, weights.transpose(0, 2, 3, 1), bias, (down, across), padding)
        elif group == x.shape[3] == len(weights) and down == across:
            y = self.graph.depthwise_conv2d(x, weights.transpose(1, 2, 3, 0), bias, down, padding)
        else:
            raise node.refuse(f"{group} groups of {x.shape[3]} channels, strides {down} and {across}")
        self._put(output, y, last=True)

    def _padded(self, node: Node, x: Tensor) -> tuple[Tensor, Padding]:
        """The input with what padding the convolution itself cannot do, and what it can."""
        top, left, bottom, right = node.settings.get("pads", [0, 0, 0, 0])
        automatic = node.settings.get("auto_pad", b"NOTSET")
        if automatic == b"SAME_UPPER":
            return x, "same"
        if automatic not in (b"NOTSET", b"VALID"):
            raise node.refuse(f"auto_pad {automatic.decode()}")
        if top == left == bottom == right:
            return x, int(top)
        return self.graph.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0))), "valid"

    def _on_gemm(self, node: Node) -> None:
        if node.settings.get("transA", 0) or {node.settings.get(key, 1.0) for key in ("alpha", "beta")} != {1.0}:
            raise node.refuse("transA, alpha or beta")
        weights = self.constants[node.inputs[1]]
        weights = weights if node.settings.get("transB", 0) else weights.T
        bias = self.constants[node.inputs[2]].ravel() if len(node.inputs) > 2 else np.zeros(len(weights), np.float32)
        self._dense(node, weights, np.broadcast_to(bias, len(weights)))

    def _on_matmul(self, node: Node) -> None:
        weights = self.constants[node.inputs[1]]
        if weights.ndim != 2:
            raise node.refuse(f"weights of shape {weights.shape}")
        self._dense(node, weights.T, np.zeros(weights.shape[1], np.float32))

    def _dense(self, node: Node, weights: Array, bias: Array) -> None:
        weights, bias, output = self._folded(weights, bias, node.output)
        x = self._first(self.values[node.inputs[0]])
        self._put(output, self.graph.fully_connected(x, weights, bias), last=False)

    # -- arithmetic ----------------------------------------------------------------------------------------------------

    def _on_batchnormalization(self, node: Node) -> None:
        self._scaled(node, self.values[node.inputs[0]], *self._norm(node))

    def _on_arithmetic(self, node: Node) -> None:
        stored = [n for n, name in enumerate(node.inputs) if name in self.constants]
        if not stored:
            return self._on_two(node)
        number = self.constants[node.inputs[stored[0]]].astype(np.float64)
        value = self.values[node.inputs[1 - stored[0]]]
        if node.kind == "Div" and stored[0] == 0:
            raise node.refuse("a number divided by what flows")
        count = value.shape[1] if len(value.shape) > 1 else 1
        wanted = (1, count, *[1] * (len(value.shape) - 2))
        if number.size not in (1, count) or np.broadcast_shapes(number.shape, wanted) != wanted:
            raise node.refuse(f"a stored array of shape {number.shape} beside {value.shape}")
        number = np.broadcast_to(number.ravel(), count)
        zero, one = np.zeros(count), np.ones(count)
        sign = -1.0 if node.kind == "Sub" and stored[0] == 0 else 1.0
        gain, shift = {
            "Add": (one, number),
            "Sub": (sign * one, -sign * number),
            "Mul": (number, zero),
            "Div": (one / np.where(number == 0, 1, number), zero),
        }[node.kind]
        return self._scaled(node, value, gain, shift)

    def _on_two(self, node: Node) -> None:
        first, second = (self.values[name] for name in node.inputs)
        last = first.last and second.last
        a, b = (first.tensor, second.tensor) if last else (self._first(first), self._first(second))
        if node.kind == "Add" and a.shape == b.shape:
            self._put(node.output, self.graph.add(a, b), last)
        elif node.kind == "Mul":
            self._put(node.output, self.graph.multiply(a, b), last)
        else:
            raise node.refuse(f"two that flow, of shapes {first.shape} and {second.shape},")

    def _scaled(self, node: Node, value: _Value, gain: Array, shift: Array) -> None:
        """`gain·x + shift` a channel, as a 1×1 depthwise convolution."""
        if len(value.shape) not in (2, 4):
            raise node.refuse(f"an input of shape {value.shape}")
        flat = len(value.shape) == 2
        x = self.graph.reshape(value.tensor, (1, 1, 1, value.shape[1])) if flat else self._turned(node, value)
        y = self.graph.depthwise_conv2d(x, gain.reshape(1, 1, 1, -1).astype(np.float32), shift.astype(np.float32))
        self._put(node.output, self.graph.reshape(y, value.shape) if flat else y, last=not flat)

    # -- activations ---------------------------------------------------------------------------------------------------

    def _alike(self, node: Node, make: Any) -> None:
        value = self.values[node.inputs[0]]
        self._put(node.output, make(value.tensor), value.last)

    def _on_relu(self, node: Node) -> None:
        self._alike(node, self.graph.relu)

    def _on_sigmoid(self, node: Node) -> None:
        self._alike(node, self.graph.logistic)

    def _on_leakyrelu(self, node: Node) -> None:
        self._alike(node, lambda x: self.graph.leaky_relu(x, node.settings.get("alpha", 0.01)))

    def _on_prelu(self, node: Node) -> None:
        slopes = self.constants[node.inputs[1]]
        value = self.values[node.inputs[0]]
        count = value.shape[1]
        if slopes.size not in (1, count) or (len(value.shape) == 4 and not value.last):
            raise node.refuse(f"slopes of shape {slopes.shape}")
        self._alike(node, lambda x: self.graph.prelu(x, np.broadcast_to(slopes.ravel(), count).astype(np.float32)))

    def _on_clip(self, node: Node) -> None:
        stored = [float(self.constants[name]) for name in node.inputs[1:] if name]
        low, high = stored if len(stored) == 2 else (node.settings.get("min"), node.settings.get("max"))
        if (low, high) != (0.0, 6.0):
            raise node.refuse(f"a range of {low} to {high}")
        self._alike(node, self.graph.relu6)

    def _on_softmax(self, node: Node) -> None:
        value = self.values[node.inputs[0]]
        if self._along(node, value, node.settings.get("axis", -1)) != len(value.shape) - 1:
            raise node.refuse("another axis than the last")
        self._alike(node, self.graph.softmax)

    # -- pools and sizes ---------------------------------------------------------------------------------------------

    def _on_maxpool(self, node: Node) -> None:
        x = self._picture(node)
        (size, other), stride = node.settings["kernel_shape"], node.settings.get("strides", [1, 1])
        pads = node.settings.get("pads", [0, 0, 0, 0])
        same = stride == [1, 1] and size % 2 == 1 and pads == [size // 2] * 4
        if size != other or stride[0] != stride[1] or node.settings.get("ceil_mode", 0) or (any(pads) and not same):
            raise node.refuse(f"a window of {size}×{other}, strides {stride}, pads {pads}")
        self._put(node.output, self.graph.max_pool2d(x, size, stride[0], "same" if same else "valid"), last=True)

    def _on_averagepool(self, node: Node) -> None:
        x = self._picture(node)
        (size, other), stride = node.settings["kernel_shape"], node.settings.get("strides", [1, 1])
        if (size, other) == x.shape[1:3] and not any(node.settings.get("pads", [])):
            self._put(node.output, self.graph.mean(x, keep_dims=True), last=True)
            return
        if size != other or stride[0] != stride[1] or any(node.settings.get("pads", [])):
            raise node.refuse(f"a window of {size}×{other}, strides {stride}, with pads")
        self._put(node.output, self.graph.average_pool2d(x, size, stride[0]), last=True)

    def _on_globalaveragepool(self, node: Node) -> None:
        self._put(node.output, self.graph.mean(self._picture(node), keep_dims=True), last=True)

    def _on_resize(self, node: Node) -> None:
        x = self._picture(node)
        stored = [self.constants.get(name) for name in node.inputs[1:] if name]
        target = next((array for array in reversed(stored) if array is not None and array.size == 4), None)
        if target is None:
            raise node.refuse("a size that is computed")
        high, wide = (
            (int(target[2]), int(target[3]))
            if target.dtype == np.int64
            else (round(x.shape[1] * float(target[2])), round(x.shape[2] * float(target[3])))
        )
        mode = node.settings.get("mode", b"nearest").decode()
        places = node.settings.get("coordinate_transformation_mode", b"half_pixel").decode()
        whole = high % x.shape[1] == 0 and wide % x.shape[2] == 0
        if mode == "nearest" and whole and places in ("asymmetric", "half_pixel", "pytorch_half_pixel"):
            self._put(node.output, self.graph.resize_nearest(x, high, wide), last=True)
        elif mode == "linear" and places in ("half_pixel", "pytorch_half_pixel"):
            self._put(node.output, self.graph.resize_bilinear(x, high, wide), last=True)
        else:
            raise node.refuse(f"{mode}, {places} to {high}×{wide}")

    # -- shapes --------------------------------------------------------------------------------------------------------

    def _on_flatten(self, node: Node) -> None:
        if node.settings.get("axis", 1) != 1:
            raise node.refuse("another axis than the first")
        x = self.values[node.inputs[0]]
        self._shaped(node, (1, int(np.prod(x.shape[1:]))))

    def _on_reshape(self, node: Node) -> None:
        before = self.values[node.inputs[0]].shape
        wanted = [before[n] if size == 0 else int(size) for n, size in enumerate(self.constants[node.inputs[1]])]
        rest = int(np.prod(before)) // abs(int(np.prod(wanted)))
        self._shaped(node, tuple(rest if size == -1 else size for size in wanted))

    def _on_squeeze(self, node: Node) -> None:
        before = self.values[node.inputs[0]].shape
        gone = self._axes(node, len(before)) or [n for n, size in enumerate(before) if size == 1]
        self._shaped(node, tuple(size for n, size in enumerate(before) if n not in gone))

    def _on_unsqueeze(self, node: Node) -> None:
        shape = list(self.values[node.inputs[0]].shape)
        axes = self._axes(node, len(shape) + 1)
        for axis in sorted(axes):
            shape.insert(axis, 1)
        self._shaped(node, tuple(shape))

    def _axes(self, node: Node, rank: int) -> list[int]:
        axes = self.constants[node.inputs[1]] if len(node.inputs) > 1 else node.settings.get("axes", [])
        return [int(axis) % rank for axis in axes]

    def _shaped(self, node: Node, shape: tuple[int, ...]) -> None:
        self._put(node.output, self.graph.reshape(self._first(self.values[node.inputs[0]]), shape), last=False)

    def _on_transpose(self, node: Node) -> None:
        value = self.values[node.inputs[0]]
        order = tuple(node.settings["perm"])
        if value.last:
            order = tuple(_LAST.index(axis) for axis in order)
        same = order == tuple(range(len(order)))
        self._put(node.output, value.tensor if same else self.graph.transpose(value.tensor, order), last=False)

    def _on_concat(self, node: Node) -> None:
        values = [self.values[name] for name in node.inputs]
        last = all(value.last for value in values)
        parts = [value.tensor if last else self._first(value) for value in values]
        axis = self._along(node, _Value(parts[0], last), node.settings["axis"])
        self._put(node.output, self.graph.concat(parts, axis), last)

    def _on_pad(self, node: Node) -> None:
        pads = [int(n) for n in (self.constants[node.inputs[1]] if len(node.inputs) > 1 else node.settings["pads"])]
        filled = float(self.constants[node.inputs[2]]) if len(node.inputs) > 2 else node.settings.get("value", 0.0)
        value = self.values[node.inputs[0]]
        if node.settings.get("mode", b"constant") != b"constant" or filled:
            raise node.refuse("another filling than zeros")
        amounts = list(zip(pads[: len(pads) // 2], pads[len(pads) // 2 :], strict=True))
        amounts = [amounts[axis] for axis in _LAST] if value.last else amounts
        self._put(node.output, self.graph.pad(value.tensor, amounts), value.last)
