"""ONNX networks converted, against ONNX's own reference and against OpenCV, on the same input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from models.build import build, float_file
from models.cards import Source
from models.embedder import Embedder
from models.errors import ModelFormatError
from models.onnx_import import convert, convert_float
from models.runtime import Network
from models.tests.toys import toy_card

Array = NDArray[Any]
YUNET = sorted((Path(__file__).resolve().parents[3] / "shared" / "data" / "models").glob("yunet_*.onnx"))


class Written:
    """An ONNX file that grows operator by operator; `x` is what came out last."""

    def __init__(self, shape: Sequence[int], seed: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape = shape
        self.nodes: list[Any] = []
        self.stored: dict[str, Array] = {}
        self.x = "data"

    def store(self, value: Any) -> str:
        name = f"stored_{len(self.stored)}"
        array = np.asarray(value)
        self.stored[name] = array.astype(np.float32) if array.dtype == np.float64 else array
        return name

    def numbers(self, *shape: int, low: float = -0.5, high: float = 0.5) -> str:
        return self.store(self.rng.uniform(low, high, shape))

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:
        self.nodes.append(
            helper.make_node(kind, [*inputs], [f"{kind}_{len(self.nodes)}"], f"n{len(self.nodes)}", **settings)
        )
        self.x = str(self.nodes[-1].output[0])
        return self.x

    def conv(self, before: int, after: int, size: int = 3, **settings: Any) -> None:
        depth = before // settings.get("group", 1)
        high = (3 / (depth * size * size)) ** 0.5
        weights = self.numbers(after, depth, size, size, low=-high, high=high)
        self.add("Conv", self.x, weights, kernel_shape=[size, size], **settings)

    def norm(self, count: int) -> None:
        names = [self.numbers(count, low=0.5, high=1.5), self.numbers(count), self.numbers(count)]
        self.add("BatchNormalization", self.x, *names, self.numbers(count, low=0.5, high=1.5), epsilon=2e-5)

    def prelu(self, count: int) -> None:
        self.add("PRelu", self.x, self.numbers(count, 1, 1, low=-0.2))

    def content(self, *outputs: str) -> bytes:
        data = helper.make_tensor_value_info("data", TensorProto.FLOAT, self.shape)
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs or (self.x,)]
        stored = [numpy_helper.from_array(value, name) for name, value in self.stored.items()]
        graph = helper.make_graph(self.nodes, "net", [data], ends, stored)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
        model.ir_version = 7
        return bytes(model.SerializeToString())


def like_sface(side: int = 32) -> Written:
    """SFace's operators in its order: the pixels' own normalisation, MobileNet blocks with PReLU, a dense head."""
    net = Written((1, 3, side, side))
    net.add("Sub", "data", net.store(np.float32(127.5)))
    net.add("Mul", net.x, net.store(np.float32(0.0078125)))
    net.conv(3, 8, strides=[1, 1], pads=[1, 1, 1, 1])
    net.norm(8)
    net.prelu(8)
    for before, after, stride in ((8, 16, 1), (16, 32, 2), (32, 32, 1)):
        net.conv(before, before, group=before, strides=[stride, stride], pads=[1, 1, 1, 1])
        net.norm(before)
        net.prelu(before)
        net.conv(before, after, 1)
        net.norm(after)
        net.prelu(after)
    net.norm(32)
    net.add("Dropout", net.x)
    net.add("Flatten", net.x)
    size = 32 * (side // 2) ** 2
    net.add("Gemm", net.x, net.numbers(24, size, low=-(size**-0.5), high=size**-0.5), net.numbers(24), transB=1)
    net.norm(24)
    return net


def by_onnx(content: bytes, sample: Array) -> list[Array]:
    return [np.asarray(one) for one in ReferenceEvaluator(onnx.load_from_string(content)).run(None, {"data": sample})]


def by_opencv(content: bytes, sample: Array, outputs: Sequence[str]) -> list[Array]:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    net.setInput(sample)
    return [np.asarray(one) for one in net.forward(outputs)]


def agree(content: bytes, sample: Array, wanted: Sequence[Array]) -> None:
    """`sample` NCHW."""
    found = Network(convert_float(content)).run(sample.transpose(0, 2, 3, 1))
    assert max(float(other.std()) for other in wanted) > 0.01
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=1e-4 * max(1.0, float(np.abs(other).max())))


def pixels(*shape: int) -> Array:
    return np.random.default_rng(9).integers(0, 256, shape).astype(np.float32)


def test_a_net_of_sfaces_operators_is_the_same_net_and_half_as_large_in_int8() -> None:
    content = like_sface().content()
    sample = pixels(1, 3, 32, 32)
    (wanted,) = by_onnx(content, sample)
    agree(content, sample, [wanted])
    compact = convert(content)
    (found,) = Network(compact).run(sample.transpose(0, 2, 3, 1))
    assert np.linalg.norm(found - wanted) < 0.05 * np.linalg.norm(wanted) and len(compact) < len(content) / 3
    assert compact == convert(content)


def several() -> dict[str, Written]:
    """Nets that look at the order of axes, at numbers beside what flows, at sizes."""
    nets = {name: Written((1, 4, 12, 10)) for name in ("shapes", "arithmetic", "sizes", "padding", "gate")}
    net = nets["shapes"]
    net.conv(4, 6)
    early = net.x
    net.add("Reshape", net.x, net.store(np.array([1, 3, -1, 8])))
    net.add("Transpose", net.x, perm=[0, 2, 1, 3])
    late = net.add("Reshape", net.x, net.store(np.array([0, -1])))
    net.add("Flatten", early)
    net.add("Concat", net.x, late, axis=1)
    net = nets["arithmetic"]
    net.add("Div", "data", net.store(np.float32(58.0)))
    net.add("Sub", net.store(np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1)), net.x)
    net.add("Add", net.x, net.numbers(1, 4, 1, 1))
    net.add("LeakyRelu", net.x, alpha=0.2)
    net.add("GlobalAveragePool", net.x)
    net.add("Flatten", net.x)
    net.add("MatMul", net.x, net.numbers(4, 5))
    net.add("Add", net.x, net.numbers(5))
    net.add("Softmax", net.x, axis=1)
    net = nets["sizes"]
    net.conv(4, 6, pads=[1, 1, 1, 1])
    net.add("MaxPool", net.x, kernel_shape=[2, 2], strides=[2, 2])
    small = net.add("Relu", net.x)
    scales = net.store(np.array([1, 1, 2, 2], np.float32))
    net.add(
        "Resize", small, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )
    large = net.x
    net.add("Resize", small, "", scales, mode="linear", coordinate_transformation_mode="pytorch_half_pixel")
    net.add("Concat", net.x, large, axis=1)
    net.add("AveragePool", net.x, kernel_shape=[2, 2], strides=[2, 2])
    net = nets["padding"]
    net.conv(4, 6, strides=[2, 2], pads=[1, 1, 1, 1])
    net.conv(6, 6, 5, pads=[2, 1, 2, 3])
    net.add("Clip", net.x, net.store(np.float32(0)), net.store(np.float32(6)))
    net.conv(6, 6, 3, group=6, strides=[2, 2], pads=[0, 0, 1, 1])
    net = nets["gate"]
    net.conv(4, 6)
    flow = net.x
    net.add("GlobalAveragePool", net.x)
    net.conv(6, 6, 1)
    gate = net.add("Sigmoid", net.x)
    net.add("Mul", flow, gate)
    net.add("Add", net.x, flow)
    return nets


@pytest.mark.parametrize("name", ["shapes", "arithmetic", "sizes", "padding", "gate"])
def test_operators_are_onnxs_own(name: str) -> None:
    content, sample = several()[name].content(), pixels(1, 4, 12, 10) / 100
    agree(content, sample, by_onnx(content, sample))


def unknown() -> Mapping[str, tuple[Written, str]]:
    def one(kind: str, **settings: Any) -> Written:
        net = Written((1, 4, 8, 8))
        net.add(kind, "data", **settings)
        return net

    groups, computed = Written((1, 4, 8, 8)), Written((1, 4, 8, 8))
    groups.conv(4, 8, group=2)
    computed.add("Conv", "data", computed.add("Relu", "data"))
    return {
        "operator": (one("Erf"), r"Erf \(n0\): it is not converted"),
        "setting": (one("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), "MaxPool.*pads"),
        "clip": (one("Clip", min=0.0, max=1.0), "Clip.*range of 0.0 to 1.0"),
        "groups": (groups, "Conv.*2 groups"),
        "weights that are computed": (computed, "Conv.*computed"),
    }


@pytest.mark.parametrize("name", unknown())
def test_what_is_not_known_is_refused_by_name(name: str) -> None:
    net, words = unknown()[name]
    with pytest.raises(ModelFormatError, match=words):
        convert(net.content())


def test_other_files_are_refused() -> None:
    for content in (b"", b"\x89PNG no net", like_sface().content()[:-100]):
        with pytest.raises(ModelFormatError, match="ONNX"):
            convert(content)


def test_an_embedder_comes_by_its_card_from_a_mirror_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path / "home"))
    content = like_sface(112).content()
    digest = hashlib.sha256(content).hexdigest()
    source = Source("none", "its publisher", "1", "net.onnx", len(content), digest, {})
    card = replace(toy_card(tmp_path / "face_toy", convert(content), source), alignment="insightface", optional=True)
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "net.onnx").write_bytes(content)
    build(card, mirror=tmp_path / "stick")
    assert Embedder(card).dimensions == 24 and float_file(card).stat().st_size > card.file.stat().st_size
    assert np.linalg.norm(Embedder(card).embed(pixels(112, 112, 3).astype(np.uint8))) == pytest.approx(1)


@pytest.mark.skipif(not YUNET, reason="YuNet's files are not at ../shared/data/models")
@pytest.mark.parametrize("file", YUNET, ids=lambda file: file.stem)
def test_yunet_as_published_is_the_same_net(file: Path) -> None:
    content = file.read_bytes()
    names = [one.name for one in onnx.load_from_string(content).graph.output]
    sample = pixels(1, 3, 320, 320)
    agree(content, sample, by_opencv(content, sample, names))
