"""`write`: a `Graph` as the bytes of a .tflite, without TensorFlow; the same graph gives the same bytes.

Three precisions, by argument: float32 (none), dynamic range (`int8_weights=True`: conv and dense weights per output
channel, everything else float) and full int8 (`ranges=` from `quantise.calibrate`: activations too, input and
output). See `models/graph.py` for an example.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import runtime
from models.graph import Graph, Op, Tensor, steps
from models.int8 import Affine, Ranges, affine, quantise_bias, quantise_weights

Array = NDArray[Any]
_SCHEMA_VERSION = 3
_ALIGN = 16  # schema.fbs: Buffer.data is force_align: 16
_HYBRID = {"CONV_2D": 5, "FULLY_CONNECTED": 9}  # int8 weights on float activations, per channel
_FULL = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "RESHAPE": 1, "PRELU": 1}  # the others: 2
_RESIZE = 3  # half-pixel centres


def write(
    graph: Graph, *, int8_weights: bool = False, ranges: Ranges | None = None, outputs: Sequence[Tensor] | None = None
) -> bytes:
    """The graph as a .tflite; `outputs` replaces its own outputs (calibration looks at every tensor)."""
    return _Writer(graph, int8_weights, ranges).finish(graph.outputs if outputs is None else outputs)


class _Writer:
    """Collects tensors, buffers and operator codes in order of first use."""

    def __init__(self, graph: Graph, int8_weights: bool, ranges: Ranges | None) -> None:
        self._s = runtime.schema()
        self._graph = graph
        self._int8_weights = int8_weights
        self._affine: dict[int, Affine] = {}
        if ranges is not None:
            self._affine = {tensor.index: affine(*ranges[tensor.name]) for tensor in graph.tensors}
        self._buffers = [self._s.BufferT()]  # buffer 0 is empty by the schema's rule
        self._tensors = [self._activation(tensor) for tensor in graph.tensors]
        self._codes: dict[tuple[int, int], int] = {}

    def finish(self, outputs: Sequence[Tensor]) -> bytes:
        s = self._s
        operators = [self._operator(op) for op in self._graph.ops]
        graph = s.SubGraphT(
            name="main",
            tensors=self._tensors,
            inputs=[tensor.index for tensor in self._graph.inputs],
            outputs=[tensor.index for tensor in outputs],
            operators=operators,
        )
        model = s.ModelT(
            version=_SCHEMA_VERSION,
            description="menshen",
            operatorCodes=[
                s.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=version)
                for code, version in self._codes
            ],
            subgraphs=[graph],
            buffers=self._buffers,
        )
        return _pack(model)

    def _activation(self, tensor: Tensor) -> Any:
        s = self._s
        found = self._affine.get(tensor.index)
        if found is None:
            return s.TensorT(name=tensor.name, shape=list(tensor.shape), type=s.TensorType.FLOAT32)
        quantisation = s.QuantizationParametersT(scale=[found.scale], zeroPoint=[found.zero])
        return s.TensorT(name=tensor.name, shape=list(tensor.shape), type=s.TensorType.INT8, quantization=quantisation)

    def _constant(self, name: str, value: Array, scales: Array | None = None, axis: int = 0) -> int:
        s = self._s
        self._buffers.append(s.BufferT(data=np.frombuffer(value.tobytes(), np.uint8)))
        kind = {"float32": s.TensorType.FLOAT32, "int8": s.TensorType.INT8, "int32": s.TensorType.INT32}
        tensor = s.TensorT(
            name=name, shape=list(value.shape), type=kind[value.dtype.name], buffer=len(self._buffers) - 1
        )
        if scales is not None:
            tensor.quantization = s.QuantizationParametersT(
                scale=[float(x) for x in scales], zeroPoint=[0] * len(scales), quantizedDimension=axis
            )
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _operator(self, op: Op) -> Any:
        s = self._s
        full, hybrid = bool(self._affine), self._int8_weights and op.kind in _HYBRID
        version = _HYBRID[op.kind] if hybrid else _FULL.get(op.kind, 2) if full else 1
        if op.kind.startswith("RESIZE"):
            version = _RESIZE
        code = (getattr(s.BuiltinOperator, op.kind), version)
        operator = s.OperatorT(
            opcodeIndex=self._codes.setdefault(code, len(self._codes)),
            inputs=[tensor.index for tensor in op.inputs] + self._constants(op, hybrid),
            outputs=[op.output.index],
        )
        options = _options(s, op)
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(s.BuiltinOptions, type(options).__name__.removesuffix("T"))
        return operator

    def _constants(self, op: Op, hybrid: bool) -> list[int]:
        """The operator's inputs that are stored in the file."""
        name = op.output.name
        ints = _integers(op)
        if ints is not None:
            return [self._constant(f"{name}_shape", np.array(ints, np.int32))]
        if op.weights is None:
            return []
        full = self._affine.get(op.inputs[0].index)
        if op.kind == "PRELU":
            return [self._slopes(f"{name}_alpha", op.weights, full is not None)]
        assert op.bias is not None
        if full is None and not hybrid:
            return [self._constant(f"{name}_weights", op.weights), self._constant(f"{name}_bias", op.bias)]
        axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
        per_channel = op.kind != "FULLY_CONNECTED" or full is None  # LiteRT before 2: dense int8 per tensor only
        if full is None:
            weights, scales = quantise_weights(op.weights, axis)
            first = self._constant(f"{name}_weights", weights, scales, axis)
            return [first, self._constant(f"{name}_bias", op.bias)]
        floor = np.abs(op.bias) / (full.scale * 2.0**24)  # so that the bias stays far inside 32 bits
        weights, scales = quantise_weights(op.weights, axis, floor, per_channel)
        bias, bias_scales = quantise_bias(op.bias, full.scale, scales)
        first = self._constant(f"{name}_weights", weights, scales, axis)
        return [first, self._constant(f"{name}_bias", bias, bias_scales)]

    def _slopes(self, name: str, alpha: Array, full: bool) -> int:
        if not full:
            return self._constant(name, alpha)
        weights, scales = quantise_weights(alpha, 0, per_channel=False)
        return self._constant(name, weights, scales)


def _integers(op: Op) -> list[Any] | None:
    """The constant integers that some operators take as their last input."""
    o = op.options
    if op.kind == "PAD":
        return [list(pair) for pair in o["amounts"]]
    if op.kind == "MEAN":
        return list(o["axes"])
    if op.kind == "TRANSPOSE":
        return list(o["order"])
    if op.kind == "RESHAPE":
        return list(op.output.shape)
    if op.kind.startswith("RESIZE"):
        return list(op.output.shape[1:3])
    return None


def _options(s: Any, op: Op) -> Any:
    """The operator's settings table, or None for one without settings."""
    o = op.options
    shared: dict[str, Any] = {}
    if "activation" in o:
        names = {"none": "NONE", "relu": "RELU", "relu6": "RELU6"}
        shared["fusedActivationFunction"] = getattr(s.ActivationFunctionType, names[o["activation"]])
    if "stride" in o:
        down, across = steps(o["stride"])
        shared |= {"strideW": across, "strideH": down}
        shared["padding"] = s.Padding.SAME if o["padding"] == "same" else s.Padding.VALID
    unit = {"dilationWFactor": 1, "dilationHFactor": 1}
    makers: Mapping[str, Any] = {
        "CONV_2D": lambda: s.Conv2DOptionsT(**shared, **unit),
        "DEPTHWISE_CONV_2D": lambda: s.DepthwiseConv2DOptionsT(**shared, **unit, depthMultiplier=1),
        "MAX_POOL_2D": lambda: s.Pool2DOptionsT(**shared, filterWidth=o["size"], filterHeight=o["size"]),
        "FULLY_CONNECTED": lambda: s.FullyConnectedOptionsT(**shared),
        "ADD": lambda: s.AddOptionsT(**shared),
        "MUL": lambda: s.MulOptionsT(**shared),
        "PAD": s.PadOptionsT,
        "MEAN": lambda: s.ReducerOptionsT(keepDims=o["keep_dims"]),
        "RESHAPE": lambda: s.ReshapeOptionsT(newShape=list(op.output.shape)),
        "TRANSPOSE": s.TransposeOptionsT,
        "CONCATENATION": lambda: s.ConcatenationOptionsT(axis=o["axis"]),
        "RESIZE_NEAREST_NEIGHBOR": lambda: s.ResizeNearestNeighborOptionsT(halfPixelCenters=True),
        "RESIZE_BILINEAR": lambda: s.ResizeBilinearOptionsT(halfPixelCenters=True),
        "LEAKY_RELU": lambda: s.LeakyReluOptionsT(alpha=o["alpha"]),
        "SOFTMAX": lambda: s.SoftmaxOptionsT(beta=1.0),
    }
    return makers[op.kind]() if op.kind in makers else None


def _pack(model: Any) -> bytes:
    import flatbuffers  # type: ignore[import-untyped, unused-ignore]  # late, like the schema: only writers need it

    class Builder(flatbuffers.Builder):  # type: ignore[misc, unused-ignore]
        def CreateNumpyVector(self, x: Array) -> int:  # noqa: N802  (the name it overrides)
            if x.dtype == np.uint8:  # only buffers hold bytes
                self.Prep(_ALIGN, x.size)
            return int(super().CreateNumpyVector(x))

    builder = Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
