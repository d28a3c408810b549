"""LiteRT behind one class: a card goes in, arrays in float space come out. No other file imports the interpreter.

`tflite_runtime` serves where `ai_edge_litert` is not installed; it needs NumPy < 2 (with NumPy 2 it fails at the
first interpreter: `_ARRAY_API not found`).
"""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.cards import Card
from models.errors import ModelDigestError, ModelFormatError, ModelMissingError

try:
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped, unused-ignore]
except ImportError:
    if int(np.__version__.split(".")[0]) >= 2:
        raise
    from tflite_runtime.interpreter import Interpreter  # type: ignore[import-not-found, no-redef, unused-ignore]

Array = NDArray[Any]


class Network:
    """A .tflite in memory, one thread's own: not to be shared between threads."""

    def __init__(self, content: bytes, threads: int = 1) -> None:
        try:
            self._interpreter: Any = Interpreter(model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelFormatError(f"LiteRT refuses the model: {error}") from error
        self._inputs: list[dict[str, Any]] = self._interpreter.get_input_details()
        self._outputs: list[dict[str, Any]] = self._interpreter.get_output_details()

    @property
    def input_shapes(self) -> list[tuple[int, ...]]:
        """Shapes in the order of `run`'s arguments."""
        return [tuple(int(n) for n in detail["shape"]) for detail in self._inputs]

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """Shapes in the order of `run`'s results."""
        return [tuple(int(n) for n in detail["shape"]) for detail in self._outputs]

    @property
    def output_names(self) -> list[str]:
        """Tensor names in the order of `run`'s results."""
        return [str(detail["name"]) for detail in self._outputs]

    def run(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        """Every output as a float32 copy, for inputs in float space (any dtype); int8 tensors are converted inside."""
        for detail, value in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(detail["index"], _into(detail, value))
        self._interpreter.invoke()
        return tuple(_out_of(detail, self._interpreter.get_tensor(detail["index"])) for detail in self._outputs)

    def warm(self) -> None:
        """One run on zeros, so that the first real one costs what the others cost."""
        self.run(*(np.zeros(shape, np.float32) for shape in self.input_shapes))


class Model(Network):
    """The network that a card names. Raises ModelMissingError, ModelDigestError, ModelFormatError."""

    def __init__(self, card: Card, threads: int = 1) -> None:
        self.card = card
        super().__init__(read_checked(card), threads)


def read_checked(card: Card) -> bytes:
    """The file's bytes, once their digest is the card's."""
    try:
        content = card.file.read_bytes()
    except FileNotFoundError:
        raise ModelMissingError(f"{card.name}: {card.file} is not there. {_next_step(card)}") from None
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelDigestError(f"{card.name}: {card.file} is not the file on its card; refused. {_next_step(card)}")
    return content


def _next_step(card: Card) -> str:
    return "Next step: menshen models " + (f"fetch {card.name}" if card.optional else "build")


def schema() -> ModuleType:
    """The TFLite flatbuffer schema that LiteRT ships; loaded only where a model is written."""
    from ai_edge_litert import schema_py_generated  # type: ignore[import-untyped, unused-ignore]

    module: ModuleType = schema_py_generated
    return module


def _into(detail: dict[str, Any], value: Array) -> Array:
    dtype = detail["dtype"]
    if dtype == np.float32:
        return np.asarray(value, np.float32)
    scale, zero = detail["quantization"]
    limits = np.iinfo(dtype)
    stored: Array = np.clip(np.rint(np.asarray(value, np.float32) / scale + zero), limits.min, limits.max).astype(dtype)
    return stored


def _out_of(detail: dict[str, Any], value: Array) -> NDArray[np.float32]:
    if detail["dtype"] == np.float32:
        return np.asarray(value, np.float32)  # `get_tensor` copies
    scale, zero = detail["quantization"]
    real: NDArray[np.float32] = (value.astype(np.float32) - zero) * np.float32(scale)
    return real
