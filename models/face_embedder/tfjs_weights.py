"""Reads a TensorFlow.js graph model: its nodes from the .json, its constants from the .bin, in the manifest's order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelFormatError

Array = NDArray[np.float32]
_SIZES = {"float32": 4, "int32": 4}


@dataclass(frozen=True, slots=True)
class Weights:
    """`constants` by name, as stored; `strides` of each convolution by the name of its weights; `nodes`, all names."""

    constants: Mapping[str, Array]
    strides: Mapping[str, int]
    nodes: frozenset[str]


def parse(topology: bytes, constants: bytes) -> Weights:
    """ModelFormatError for what is not such a model, or is cut off."""
    try:
        model = json.loads(topology)
        nodes = model["modelTopology"]["node"]
        (group,) = model["weightsManifest"]
        strides = {
            node["input"][1]: int(node["attr"]["strides"]["list"]["i"][1])
            for node in nodes
            if node["op"] in ("_FusedConv2D", "FusedDepthwiseConv2dNative")
        }
        return Weights(_constants(group["weights"], constants), strides, frozenset(node["name"] for node in nodes))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ModelFormatError(f"no TensorFlow.js graph model that is known here ({error!r})") from error


def _constants(entries: list[dict[str, Any]], content: bytes) -> dict[str, Array]:
    found = {}
    at = 0
    for entry in entries:
        if "quantization" in entry:
            raise ValueError(f"{entry['name']} is quantised")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        value = np.frombuffer(content, entry["dtype"], count, at).reshape(entry["shape"])
        found[entry["name"]] = value.astype(np.float32)
        at += count * _SIZES[entry["dtype"]]
    if at != len(content):
        raise ValueError(f"{len(content)} bytes of weights, {at} named")
    return found
