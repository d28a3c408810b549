"""Reads the layers of dlib's `dlib_face_recognition_resnet_model_v1.dat`.

dlib's serialisation: an integer is a control byte (low 4 bits: how many bytes follow, bit 7: negative) and the
bytes, low one first; a tensor is the integers version, samples, k, rows, columns and raw float32. Layers lie in order
of execution, each behind its name. The file is digest-checked before it comes here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelFormatError

Array = NDArray[Any]
_TENSOR_VERSION = 2


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution and the affine layer (a frozen batch norm) behind it."""

    weights: Array  # (out, height, width, in), as TFLite has them
    bias: Array
    gain: Array
    shift: Array
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The whole net: 29 convolutions in order of execution, and the last dense layer (out, in), without bias."""

    convs: tuple[Conv, ...]
    dense: Array


def parse(content: bytes) -> Weights:
    """The layers; ModelFormatError when the file is something else."""
    try:
        convs = _all(content, b"con_4", _conv)
        affines = _all(content, b"affine_", _affine)
        (dense,) = _all(content, b"fc_2", _dense)
        joined = tuple(Conv(*conv[:2], *affine, *conv[2:]) for conv, affine in zip(convs, affines, strict=True))
        return Weights(joined, dense)
    except (ValueError, IndexError) as error:
        raise ModelFormatError(f"not dlib's face recognition network: {error}") from error


class _Reader:
    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self._at = at

    def integer(self) -> int:
        control = self._content[self._at]
        start = self._at + 1
        self._at = start + (control & 0x0F)
        value = int.from_bytes(self._content[start : self._at], "little")
        return -value if control & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def tensor(self) -> Array:
        version, *shape = self.integers(5)
        if version != _TENSOR_VERSION:
            raise ValueError(f"tensor version {version}")
        count = int(np.prod(shape))
        values = np.frombuffer(self._content, "<f4", count, self._at).reshape(shape)
        self._at += 4 * count
        return values


def _all(content: bytes, name: bytes, read: Any) -> list[Any]:
    marker = bytes([1, len(name)]) + name  # a string: its length as an integer, its bytes
    found, at = [], content.find(marker)
    while at >= 0:
        found.append(read(_Reader(content, at + len(marker))))
        at = content.find(marker, at + 1)
    return found


def _conv(reader: _Reader) -> tuple[Array, Array, int, int]:
    values = reader.tensor().ravel()
    count, height, width, stride, stride_x, padding, padding_x = reader.integers(7)
    if stride != stride_x or padding != padding_x:
        raise ValueError("strides or padding differ by axis")
    weights, bias = values[:-count], values[-count:]
    return weights.reshape(count, -1, height, width).transpose(0, 2, 3, 1), bias, stride, padding


def _affine(reader: _Reader) -> tuple[Array, Array]:
    gain, shift = np.split(reader.tensor().ravel(), 2)
    return gain, shift


def _dense(reader: _Reader) -> Array:
    reader.integers(2)  # outputs, inputs
    values = reader.tensor()
    return values.reshape(values.shape[0], -1).T
