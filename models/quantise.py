"""Post-training quantisation, first half: what range each tensor takes over real samples. The writer does the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelFormatError
from models.graph import Graph
from models.int8 import Ranges
from models.runtime import Network
from models.tflite_writer import write

Array = NDArray[Any]
# Operators whose int8 kernels only move numbers: what goes in and what comes out share one scale.
_MOVERS = {"MAX_POOL_2D", "PAD", "RESHAPE", "TRANSPOSE", "CONCATENATION", "RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"}
_FIXED = {"SOFTMAX": (0.0, 255 / 256), "LOGISTIC": (0.0, 255 / 256)}  # scale 1/256, zero -128 by specification


def calibrate(graph: Graph, samples: Iterable[Array]) -> Ranges:
    """Least and greatest value of every tensor over the samples (each one input in float space)."""
    network = Network(write(graph, outputs=graph.tensors[1:]))
    low = np.full(len(graph.tensors), np.inf)
    high = np.full(len(graph.tensors), -np.inf)
    for sample in samples:
        for index, value in enumerate((sample, *network.run(sample))):
            low[index] = min(low[index], value.min())
            high[index] = max(high[index], value.max())
    if not np.isfinite(low).all():
        raise ModelFormatError("calibration needs at least one sample, and no NaN in it")
    return _shared(graph, [(float(a), float(b)) for a, b in zip(low, high, strict=True)])


def _shared(graph: Graph, ranges: list[tuple[float, float]]) -> Ranges:
    """Joins the ranges of tensors whose int8 kernels demand one scale."""
    leader = list(range(len(ranges)))

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    fixed: dict[int, tuple[float, float]] = {}
    for op in graph.ops:
        if op.kind in _MOVERS:
            for tensor in op.inputs:
                leader[find(tensor.index)] = find(op.output.index)
        if op.kind in _FIXED:
            fixed[op.output.index] = _FIXED[op.kind]
    whole: dict[int, tuple[float, float]] = {}
    for index, found in enumerate(ranges):
        low, high = fixed.get(index, found)
        old = whole.get(find(index), (0.0, 0.0))
        whole[find(index)] = (min(old[0], low), max(old[1], high))
    return {tensor.name: whole[find(tensor.index)] for tensor in graph.tensors}
