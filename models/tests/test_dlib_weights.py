"""dlib's network, read and rebuilt: a file in dlib's format with random weights against dlib's arithmetic in NumPy."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import ModelFormatError
from models.face_embedder_dlib.build import convert, graph_of
from models.face_embedder_dlib.dlib_weights import parse
from models.runtime import Network
from models.tflite_writer import write

Array = NDArray[Any]
# Out, in, kernel, stride, padding of the 29 convolutions, in order of execution (dlib's dnn_face_recognition_ex.cpp).
LAYERS = [(32, 3, 7, 2, 0)]
for _blocks, _wide, _before in ((3, 32, 32), (4, 64, 32), (3, 128, 64), (3, 256, 128), (1, 256, 256)):
    for _number in range(_blocks):
        _down = _number == 0 and (_wide, _before) != (32, 32)
        LAYERS.append((_wide, _before if _down else _wide, 3, 2 if _down else 1, 0 if _down else 1))
        LAYERS.append((_wide, _wide, 3, 1, 1))


def integer(value: int) -> bytes:
    raw = value.to_bytes((value.bit_length() + 7) // 8 or 1, "little")
    return bytes([len(raw)]) + raw


def text(words: bytes) -> bytes:
    return integer(len(words)) + words


def tensor(values: Array, rows: int = 1) -> bytes:
    shape = (values.size // rows, rows, 1, 1) if rows == 1 else (rows, values.size // rows, 1, 1)
    return b"".join(map(integer, (2, *shape))) + values.astype("<f4").tobytes()


class Random:
    """Random weights as arrays, and as a file."""

    def __init__(self, seed: int = 5) -> None:
        rng = np.random.default_rng(seed)
        self.convs: list[tuple[Array, Array, Array, Array]] = []
        self.content = struct.pack("<I", 1) + b"some header"
        for count, depth, size, stride, padding in LAYERS:
            filters = rng.normal(0, (2 / (depth * size * size)) ** 0.5, (count, depth, size, size)).astype(np.float32)
            bias, shift = rng.normal(0, 0.1, (2, count)).astype(np.float32)
            gain = rng.uniform(0.5, 1.1, count).astype(np.float32)
            self.convs.append((filters, bias, gain, shift))
            numbers = (count, size, size, stride, stride, padding, padding)
            self.content += text(b"con_4") + tensor(np.concatenate([filters.ravel(), bias]))
            self.content += b"".join(map(integer, numbers)) + text(b"affine_") + tensor(np.concatenate([gain, shift]))
        self.dense = rng.normal(0, 0.05, (256, 128)).astype(np.float32)
        self.content += text(b"fc_2") + integer(128) + integer(256) + tensor(self.dense, rows=256) + b"the end"

    def run(self, rgb: Array) -> Array:
        """dlib's forward pass on (150, 150, 3) RGB 0–255, channels first as dlib has them."""
        x = ((rgb - np.array([122.782, 117.001, 104.298])) / 256).transpose(2, 0, 1)
        layers = iter(zip(LAYERS, self.convs, strict=True))
        x = np.maximum(conv(x, *next(layers)), 0)
        x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2].max(axis=(3, 4))
        for first in layers:
            y = conv(np.maximum(conv(x, *first), 0), *next(layers))
            if first[0][3] == 2:
                rows, columns = x.shape[1] // 2, x.shape[2] // 2
                x = x[:, : 2 * rows, : 2 * columns].reshape(len(x), rows, 2, columns, 2).mean(axis=(2, 4))
            total = np.zeros(np.maximum(x.shape, y.shape))
            for part in (x, y):
                total[: part.shape[0], : part.shape[1], : part.shape[2]] += part
            x = np.maximum(total, 0)
        vector: Array = x.mean(axis=(1, 2)) @ self.dense
        return vector


def conv(x: Array, layer: tuple[int, ...], weights: tuple[Array, ...]) -> Array:
    _, _, size, stride, padding = layer
    filters, bias, gain, shift = weights
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))[:, ::stride, ::stride]
    y = np.tensordot(filters, windows, axes=((1, 2, 3), (0, 3, 4))) + bias[:, None, None]
    result: Array = y * gain[:, None, None] + shift[:, None, None]
    return result


@pytest.fixture(scope="module")
def random_net() -> Random:
    return Random()


def test_every_layer_is_read(random_net: Random) -> None:
    weights = parse(random_net.content)
    assert len(weights.convs) == 29
    for read, layer, (filters, bias, gain, shift) in zip(weights.convs, LAYERS, random_net.convs, strict=True):
        assert (read.stride, read.padding) == layer[3:]
        np.testing.assert_array_equal(read.weights.transpose(0, 3, 1, 2), filters)
        np.testing.assert_array_equal(np.stack([read.bias, read.gain, read.shift]), np.stack([bias, gain, shift]))
    np.testing.assert_array_equal(weights.dense, random_net.dense.T)


def test_rebuilt_net_is_dlibs(random_net: Random) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (150, 150, 3))
    picture[:40] = (255, 0, 40)  # the channels are told apart
    wanted = random_net.run(picture)
    size = float(np.linalg.norm(wanted))
    (exact,) = Network(write(graph_of(parse(random_net.content)))).run(picture[None])
    assert np.linalg.norm(exact[0] - wanted) < 1e-4 * size
    (small,) = Network(convert(random_net.content)).run(picture[None])
    assert np.linalg.norm(small[0] - wanted) < 0.05 * size


def test_converted_file_is_the_same_every_time(random_net: Random) -> None:
    content = convert(random_net.content)
    assert content == convert(random_net.content)
    assert 5_600_000 < len(content) < 5_800_000


@pytest.mark.parametrize("keep", [0, 100, 20_000, 1_000_000, -200_000])
def test_file_that_is_cut_is_refused(random_net: Random, keep: int) -> None:
    with pytest.raises(ModelFormatError, match="not dlib's"):
        parse(random_net.content[:keep])
