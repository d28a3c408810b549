"""A toy model and its card, for tests that need a real file without the real models."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from models.cards import Card, Input, Source
from models.graph import Graph
from models.tflite_writer import write

SHAPE = (1, 6, 8, 3)


def toy_graph() -> Graph:
    """Twice the picture, plus one."""
    graph = Graph()
    x = graph.input(SHAPE)
    graph.output(graph.conv2d(x, 2 * np.eye(3, dtype=np.float32).reshape(3, 1, 1, 3), np.ones(3, np.float32)))
    return graph


def toy_content(*, int8: bool = False) -> bytes:
    """The toy as a .tflite: float32, or full int8 for pictures from 0 to 255."""
    graph = toy_graph()
    ranges = {tensor.name: (0.0, 255.0 * (1 + tensor.index)) for tensor in graph.tensors}
    return write(graph, ranges=ranges if int8 else None)


def toy_card(folder: Path, content: bytes, source: Source | None = None) -> Card:
    """A card in `folder` that names `content`; no file is written."""
    return Card(
        name=folder.name,
        title="a toy",
        licence="Apache-2.0",
        origin="ours",
        sha256=hashlib.sha256(content).hexdigest(),
        input=Input(8, 6, 3, "RGB", 1.0, 0.0),
        source=source,
        thresholds={},
        measured={},
        folder=folder,
    )
