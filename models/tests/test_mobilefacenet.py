"""MobileFaceNet, read and rebuilt: a published graph with random weights, against the arithmetic that was trained."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import ModelFormatError
from models.face_embedder.build import CHIP_PX, DIMENSIONS, convert, convert_float, graph_of
from models.face_embedder.tfjs_weights import parse
from models.runtime import Network
from models.tflite_writer import write

Array = NDArray[Any]
BODY, HEAD = "MobileFaceNet/MobileFaceNet/", "MobileFaceNet/Logits/"
# Blocks: name, channels in, in between, out, stride.
BLOCKS = [
    (f"{BODY}Conv2d_{stage}_InvResBlock_{n}", before if n == 0 else out, wide, out, stride if n == 0 else 1)
    for stage, count, before, wide, out, stride in (
        (2, 5, 64, 128, 64, 2),
        (3, 1, 64, 256, 128, 2),
        (4, 6, 128, 256, 128, 1),
        (5, 1, 128, 512, 128, 2),
        (6, 2, 128, 256, 128, 1),
    )
    for n in range(count)
]


class Published:
    """Random weights as the two files; `slopes` as they were trained."""

    def __init__(self, seed: int = 7) -> None:
        self._rng = np.random.default_rng(seed)
        self.nodes: list[dict[str, Any]] = []
        self.manifest: list[dict[str, Any]] = []
        self.content = b""
        self.slopes: dict[str, Array] = {}
        self._layer(f"{BODY}Conv2d_0", (3, 3, 3, 64), 2, active=True)
        self._layer(f"{BODY}SeparableConv2d", (3, 3, 64, 1), 1, active=True)
        self._layer(f"{BODY}Conv", (1, 1, 64, 64))
        for name, before, wide, out, stride in BLOCKS:
            self._layer(f"{name}/Conv", (1, 1, before, wide), active=True)
            self._layer(f"{name}/SeparableConv2d", (3, 3, wide, 1), stride, active=True)
            self._layer(f"{name}/Conv_1", (1, 1, wide, out))
            if before == out and stride == 1:
                self.nodes.append({"name": f"{name}/Add", "op": "Add"})
        self._layer(f"{BODY}Conv2d_7", (1, 1, 128, 512), active=True)
        self._layer(f"{HEAD}SeparableConv2d", (7, 7, 512, 1))
        self._layer(f"{HEAD}Conv", (1, 1, 512, 512))
        self._layer(f"{HEAD}LinearConv1x1", (1, 1, 512, 192), rank=DIMENSIONS)

    @property
    def topology(self) -> bytes:
        model = {"modelTopology": {"node": self.nodes}, "weightsManifest": [{"weights": self.manifest}]}
        return json.dumps(model).encode()

    def _layer(self, name: str, shape: tuple[int, ...], stride: int = 1, active: bool = False, rank: int = 0) -> None:
        kind = "depthwise" if "Separable" in name else "Conv2D"
        fan = np.prod(shape[:3]) if kind == "Conv2D" else np.prod(shape[:2])
        weights = self._rng.normal(0, (1.6 / fan) ** 0.5, shape)
        if rank:
            weights[0, 0] = weights[0, 0, :, :rank] @ self._rng.normal(0, rank**-0.5, (rank, shape[3]))
        self._store(f"{name}/{kind}_weights", weights)
        self._store(f"{name}/{kind}_bn_offset", self._rng.normal(0, 0.1, shape[2 if kind == "depthwise" else 3]))
        op = "FusedDepthwiseConv2dNative" if kind == "depthwise" else "_FusedConv2D"
        strides = {"strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}}}
        self.nodes.append({"name": f"{name}/y", "op": op, "input": ["x", f"{name}/{kind}_weights"], "attr": strides})
        if active:
            self.slopes[name] = self._rng.uniform(-0.5, 0.9, shape[2 if kind == "depthwise" else 3])
            self._store(f"{name}/mul", -self.slopes[name] / 2)

    def _store(self, name: str, value: Array) -> None:
        self.manifest.append({"name": name, "shape": list(value.shape), "dtype": "float32"})
        self.content += value.astype("<f4").tobytes()


@pytest.fixture(scope="module")
def published() -> Published:
    return Published()


def test_graph_has_the_trained_slopes_behind_every_depthwise_filter(published: Published) -> None:
    graph = graph_of(parse(published.topology, published.content))
    kinds = [op.kind for op in graph.ops]
    assert kinds.count("DEPTHWISE_CONV_2D") == 17 and kinds.count("PRELU") == 33 and kinds.count("ADD") == 12
    slopes = [op.weights.ravel() for op in graph.ops if op.kind == "PRELU" and op.weights is not None]
    for found, trained in zip(slopes, published.slopes.values(), strict=True):
        np.testing.assert_allclose(found, trained, rtol=1e-6)
    assert all(op.options["activation"] == "none" for op in graph.ops if "CONV" in op.kind)


def test_the_turned_head_keeps_the_distances_of_the_published_one(published: Published) -> None:
    weights = parse(published.topology, published.content)
    graph = graph_of(weights)
    (middle,) = (op.output for op in graph.ops if op.kind == "DEPTHWISE_CONV_2D" and op.output.shape[1] == 1)
    net = Network(write(graph, outputs=[middle, *graph.outputs]))
    chips = np.random.default_rng(5).uniform(-1, 1, (3, 1, CHIP_PX, CHIP_PX, 3)).astype(np.float32)
    seen, turned = zip(*(net.run(chip) for chip in chips), strict=True)
    told = np.concatenate(seen)[:, 0, 0].astype(np.float64)
    for name in ("Conv", "LinearConv1x1"):
        told = told @ weights.constants[f"{HEAD}{name}/Conv2D_weights"][0, 0]
        told = told + weights.constants[f"{HEAD}{name}/Conv2D_bn_offset"]
    assert told.shape == (3, 192)
    for a, b in ((0, 1), (1, 2)):
        wanted = np.linalg.norm(told[a] - told[b])
        assert np.linalg.norm(turned[a] - turned[b]) == pytest.approx(wanted, rel=1e-3)


def test_int8_is_near_the_float_net_and_the_same_bytes_every_time(published: Published) -> None:
    files = published.topology, published.content
    exact, compact = Network(convert_float(*files)), convert(*files)
    assert compact == convert(*files) and len(compact) < len(published.content) / 3
    chip = np.random.default_rng(3).uniform(-1, 1, (1, CHIP_PX, CHIP_PX, 3)).astype(np.float32)
    (wanted,), (found,) = exact.run(chip), Network(compact).run(chip)
    assert wanted.shape == (1, DIMENSIONS) and np.isfinite(wanted).all()
    assert np.linalg.norm(found - wanted) < 0.1 * np.linalg.norm(wanted)


def test_other_files_are_refused(published: Published) -> None:
    for topology, content in (
        (b"no json", published.content),
        (b"{}", published.content),
        (published.topology, published.content[:-4]),
        (published.topology, published.content + b"1234"),
    ):
        with pytest.raises(ModelFormatError, match=r"TensorFlow\.js"):
            parse(topology, content)
