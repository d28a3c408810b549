"""The converter against plain NumPy, on random weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import ModelFormatError
from models.graph import Graph, Tensor, fold_affine
from models.int8 import affine, quantise_weights
from models.quantise import calibrate
from models.runtime import Network
from models.tests import reference
from models.tflite_writer import write

Array = NDArray[Any]
RNG = np.random.default_rng(20)
SHAPE = (1, 11, 14, 6)


def numbers(*shape: int) -> Array:
    return RNG.normal(0, 0.4, shape).astype(np.float32)


def samples(count: int = 12) -> list[Array]:
    return [RNG.uniform(-2, 2, SHAPE).astype(np.float32) for _ in range(count)]


Layer = Callable[[Graph, Tensor], Tensor]
LAYERS: dict[str, Layer] = {
    "conv same": lambda g, x: g.conv2d(x, numbers(8, 3, 3, 6), numbers(8)),
    "conv same stride 2": lambda g, x: g.conv2d(x, numbers(8, 3, 3, 6), numbers(8), 2),
    "conv stride 2 down, 1 across": lambda g, x: g.conv2d(x, numbers(8, 3, 3, 6), numbers(8), (2, 1), 1, "relu"),
    "conv valid 7x7 stride 2": lambda g, x: g.conv2d(x, numbers(8, 7, 7, 6), numbers(8), 2, "valid", "relu"),
    "conv padded as PyTorch": lambda g, x: g.conv2d(x, numbers(8, 3, 3, 6), numbers(8), 2, 1, "relu6"),
    "conv 1x5": lambda g, x: g.conv2d(x, numbers(8, 1, 5, 6), numbers(8)),
    "depthwise": lambda g, x: g.depthwise_conv2d(x, numbers(1, 3, 3, 6), numbers(6), 1, "same", "relu6"),
    "depthwise padded as PyTorch": lambda g, x: g.depthwise_conv2d(x, numbers(1, 5, 5, 6), numbers(6), 2, 2),
    "average pool": lambda g, x: g.average_pool2d(x, 2, 2),
    "max pool": lambda g, x: g.max_pool2d(x, 3, 2),
    "max pool same": lambda g, x: g.max_pool2d(x, 3, 2, "same"),
    "dense": lambda g, x: g.fully_connected(g.mean(x), numbers(9, 6), numbers(9), "relu"),
    "add": lambda g, x: g.add(x, g.conv2d(x, numbers(6, 1, 1, 6), numbers(6)), "relu"),
    "multiply": lambda g, x: g.multiply(x, g.conv2d(x, numbers(6, 1, 1, 6), numbers(6))),
    "multiply by channel": lambda g, x: g.multiply(x, g.mean(x, keep_dims=True)),
    "pad": lambda g, x: g.pad(x, ((0, 0), (0, 1), (2, 0), (0, 3))),
    "mean": lambda g, x: g.mean(x),
    "mean of rows": lambda g, x: g.mean(x, (1,), keep_dims=True),
    "reshape": lambda g, x: g.reshape(x, (1, 14 * 11, 6)),
    "transpose": lambda g, x: g.transpose(x, (0, 2, 1, 3)),
    "concat": lambda g, x: g.concat([x, g.conv2d(x, 3 * numbers(4, 1, 1, 6), numbers(4))], 3),
    "resize nearest": lambda g, x: g.resize_nearest(x, 22, 28),
    "resize bilinear": lambda g, x: g.resize_bilinear(x, 22, 28),
    "relu": lambda g, x: g.relu(x),
    "relu6": lambda g, x: g.relu6(g.conv2d(x, 9 * numbers(6, 1, 1, 6), numbers(6))),
    "leaky relu": lambda g, x: g.leaky_relu(x, 0.1),
    "prelu": lambda g, x: g.prelu(x, np.abs(numbers(6))),
    "logistic": lambda g, x: g.logistic(x),
    "softmax": lambda g, x: g.softmax(x),
}


def graph_of(layer: Layer) -> Graph:
    graph = Graph()
    graph.output(layer(graph, graph.input(SHAPE)))
    return graph


@pytest.mark.parametrize("name", LAYERS)
def test_layer_float_equals_numpy(name: str) -> None:
    graph = graph_of(LAYERS[name])
    network = Network(write(graph))
    for sample in samples(2):
        wanted = reference.run(graph, sample)[graph.outputs[0].name]
        (got,) = network.run(sample)
        assert got.shape == graph.outputs[0].shape
        np.testing.assert_allclose(got, wanted, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_layer_int8_is_within_two_steps(name: str) -> None:
    graph = graph_of(LAYERS[name])
    pictures = samples()
    ranges = calibrate(graph, pictures)
    network = Network(write(graph, ranges=ranges))
    step = affine(*ranges[graph.outputs[0].name]).scale
    before = max(affine(*ranges[tensor.name]).scale for tensor in graph.tensors)
    wanted = np.concatenate([reference.run(graph, p)[graph.outputs[0].name].ravel() for p in pictures])
    got = np.concatenate([network.run(picture)[0].ravel() for picture in pictures])
    assert np.abs(got - wanted).max() <= 2 * step + 4 * before
    assert np.sqrt(np.mean((got - wanted) ** 2)) <= step + before


@pytest.mark.parametrize("name", ["conv same", "conv padded as PyTorch", "dense", "add"])
def test_layer_dynamic_range_is_near_float(name: str) -> None:
    graph = graph_of(LAYERS[name])
    content = write(graph, int8_weights=True)
    network = Network(content)
    for sample in samples(3):
        wanted = reference.run(graph, sample)[graph.outputs[0].name]
        (got,) = network.run(sample)
        assert np.sqrt(np.mean((got - wanted) ** 2)) < 0.02 * np.ptp(wanted)


def test_int8_weights_make_the_file_four_times_smaller() -> None:
    graph = graph_of(lambda g, x: g.conv2d(x, numbers(256, 3, 3, 6), numbers(256)))
    whole, small = len(write(graph)), len(write(graph, int8_weights=True))
    weights = 256 * 3 * 3 * 6
    assert whole > 4 * weights  # the weights really are in it
    assert weights < small < 0.4 * whole


@pytest.mark.parametrize("precision", ["float", "dynamic", "full"])
def test_written_twice_gives_the_same_bytes(precision: str) -> None:
    def content() -> bytes:
        rng = np.random.default_rng(3)
        graph = Graph()
        x = graph.input((1, 8, 8, 3))
        y = graph.conv2d(x, rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4), 2, 1, "relu6")
        graph.output(graph.fully_connected(graph.mean(y), rng.normal(size=(5, 4)), rng.normal(size=5)))
        if precision == "full":
            return write(graph, ranges={tensor.name: (-3.0, 3.0) for tensor in graph.tensors})
        return write(graph, int8_weights=precision == "dynamic")

    assert content() == content()
    assert len({hashlib.sha256(content()).hexdigest() for _ in range(3)}) == 1


def test_buffers_lie_on_sixteen_bytes() -> None:
    marker = np.full((1, 1, 1, 6), 1.2345, np.float32)
    graph = graph_of(lambda g, x: g.depthwise_conv2d(x, marker, numbers(6)))
    assert write(graph).index(marker.tobytes()) % 16 == 0


def test_int8_keeps_a_dead_channel_with_a_bias() -> None:
    weights, bias = numbers(4, 3, 3, 6), np.array([0.3, 1.7, -0.2, 0.0], np.float32)
    weights[1] = 0
    weights[3] = 0
    graph = graph_of(lambda g, x: g.conv2d(x, weights, bias))
    pictures = samples()
    ranges = calibrate(graph, pictures)
    (got,) = Network(write(graph, ranges=ranges)).run(pictures[0])
    step = affine(*ranges[graph.outputs[0].name]).scale
    np.testing.assert_allclose(got[..., 1], 1.7, atol=step)
    np.testing.assert_allclose(got[..., 3], 0.0, atol=step)


def test_two_inputs_and_two_outputs_keep_their_order() -> None:
    graph = Graph()
    a, b = graph.input((1, 4)), graph.input((1, 4))
    total = graph.add(a, b)
    graph.output(total, graph.relu(b))
    first, second = Network(write(graph)).run(np.full((1, 4), 1.0), np.full((1, 4), -3.0))
    assert first.tolist() == [[-2.0] * 4]
    assert second.tolist() == [[0.0] * 4]


def test_fold_affine_is_the_two_layers() -> None:
    weights, bias, gain, shift = numbers(5, 3, 3, 6), numbers(5), numbers(5), numbers(5)
    picture = samples(1)[0]
    plain = graph_of(lambda g, x: g.conv2d(x, weights, bias))
    folded = graph_of(lambda g, x: g.conv2d(x, *fold_affine(weights, bias, gain, shift)))
    wanted = reference.run(plain, picture)[plain.outputs[0].name] * gain + shift
    np.testing.assert_allclose(reference.run(folded, picture)[folded.outputs[0].name], wanted, atol=1e-5)


def test_weights_use_the_whole_int8_range_of_each_channel() -> None:
    weights = numbers(3, 3, 3, 2) * np.array([1, 10, 100], np.float32).reshape(3, 1, 1, 1)
    stored, scales = quantise_weights(weights, 0)
    assert np.abs(stored).reshape(3, -1).max(axis=1).tolist() == [127, 127, 127]
    half_step = scales.reshape(3, 1, 1, 1) / 2
    assert (np.abs(stored * scales.reshape(3, 1, 1, 1) - weights) <= half_step * 1.001).all()


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.5, 2.0), (-4.0, -1.0), (0.0, 0.0)])
def test_zero_is_exact_in_every_range(low: float, high: float) -> None:
    found = affine(low, high)
    assert -128 <= found.zero <= 127
    assert isinstance(found.zero, int)
    assert (127 - found.zero) * found.scale >= high - found.scale
    assert (-128 - found.zero) * found.scale <= low + found.scale


def test_shapes_that_do_not_fit_are_refused() -> None:
    graph = Graph()
    x = graph.input((1, 8, 8, 3))
    with pytest.raises(ModelFormatError, match="shapes do not fit"):
        graph.conv2d(x, numbers(4, 3, 3, 5), numbers(4))
    with pytest.raises(ModelFormatError, match="shapes do not fit"):
        graph.reshape(x, (1, 7))
    with pytest.raises(ModelFormatError, match="shapes do not fit"):
        graph.concat([x, graph.max_pool2d(x, 2, 2)], 3)


def test_calibration_without_samples_is_refused() -> None:
    with pytest.raises(ModelFormatError, match="sample"):
        calibrate(graph_of(LAYERS["relu"]), [])
