"""Reads an ONNX file with the package `onnx`: operators in order, stored arrays, inputs, outputs, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from models.errors import ModelFormatError

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Node:
    """One operator with its settings as plain values; of several outputs the first."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    output: str
    settings: Mapping[str, Any]

    def refuse(self, why: str) -> ModelFormatError:
        """To raise."""
        return ModelFormatError(f"ONNX operator {self.kind} ({self.name or self.output}): {why} is not converted")


@dataclass(frozen=True, slots=True)
class File:
    """What there is; `inputs` by name with their shapes, of one picture each."""

    inputs: Mapping[str, tuple[int, ...]]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Array]


def read(content: bytes) -> File:
    """ModelFormatError where it is no ONNX file, its input has no fixed size, or `onnx` is not installed."""
    try:
        import onnx  # late: only who converts needs it
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise ModelFormatError(f"ONNX files need a package ({error}). Next step: pip install onnx") from error
    try:
        graph = onnx.load_from_string(content).graph
    except DecodeError as error:
        raise ModelFormatError(f"no ONNX file: {error}") from error
    constants = {value.name: onnx.numpy_helper.to_array(value) for value in graph.initializer}
    nodes = []
    for entry in graph.node:
        settings = {one.name: onnx.helper.get_attribute_value(one) for one in entry.attribute}
        node = Node(entry.op_type, entry.name, tuple(entry.input), entry.output[0], settings)
        if node.kind != "Constant":
            nodes.append(node)
        elif "value" in settings:
            constants[node.output] = onnx.numpy_helper.to_array(settings["value"])
        else:
            raise node.refuse(f"{', '.join(settings)}")
    sizes = {one.name: [dim.dim_value for dim in one.type.tensor_type.shape.dim] for one in graph.input}
    inputs = {name: (1, *shape[1:]) for name, shape in sizes.items() if name not in constants}
    if not nodes or any(n <= 0 for shape in inputs.values() for n in shape):
        raise ModelFormatError("no ONNX network whose input has a fixed size")
    return File(inputs, tuple(nodes), tuple(one.name for one in graph.output), constants)
