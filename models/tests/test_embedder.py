"""Embedders by card: fed in the order and range that their card says, aligned as it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.cards import Card, embedder_card
from models.embedder import Embedder
from models.errors import ModelCardError, ModelMissingError
from models.graph import Graph
from models.tests.toys import toy_card
from models.tflite_writer import write


def first_column(side: int) -> bytes:
    """A net that gives the means of the left column's colours, as it is fed them."""
    graph = Graph()
    x = graph.input((1, side, side, 3))
    weights = np.zeros((3, side, side, 3), np.float32)
    weights[np.arange(3), :, 0, np.arange(3)] = 1 / side
    graph.output(graph.conv2d(x, weights, np.zeros(3, np.float32), padding="valid"))
    return write(graph)


def card(tmp_path: Path, alignment: str, order: str, scale: float, offset: float) -> Card:
    made = toy_card(tmp_path, first_column(4))
    return replace(made, alignment=alignment, input=replace(made.input, order=order, scale=scale, offset=offset))


@pytest.mark.parametrize(("order", "wanted"), [("RGB", [1.0, 0.0, -1.0]), ("BGR", [-1.0, 0.0, 1.0])])
def test_a_chip_is_fed_as_the_card_says_and_its_mirror_image_too(
    tmp_path: Path, order: str, wanted: list[float]
) -> None:
    embedder = Embedder(card(tmp_path, "insightface", order, 0.02, -2.0), content=first_column(4))
    chip = np.full((4, 4, 3), 100, np.uint8)
    chip[:, 0] = (150, 100, 50)  # 1, 0, −1 as it is fed
    chip[:, -1] = (250, 100, 50)
    seen = np.array(wanted) + ([3.0, 0.0, -1.0] if order == "RGB" else [-1.0, 0.0, 3.0])
    np.testing.assert_allclose(embedder.embed(chip), seen / np.linalg.norm(seen), atol=1e-6)
    assert embedder.dimensions == 3


def test_alignment_is_the_cards(tmp_path: Path) -> None:
    mesh = np.random.default_rng(1).uniform(100, 200, (468, 2)).astype(np.float32)
    picture = np.zeros((300, 300, 3), np.uint8)
    sides = [
        Embedder(card(tmp_path, name, "RGB", 1, 0), content=first_column(4)).chip(picture, mesh).shape
        for name in ("insightface", "dlib")
    ]
    assert sides == [(112, 112, 3), (150, 150, 3)]


def test_another_kind_of_model_is_no_embedder() -> None:
    with pytest.raises(ModelCardError, match="no face embedder"):
        embedder_card("face_detector")


def test_an_alignment_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelCardError, match=r"none of insightface, dlib.*Next step"):
        Embedder(card(tmp_path, "eyes", "RGB", 1, 0), content=first_column(4))


def test_an_embedder_that_was_not_fetched_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    with pytest.raises(ModelMissingError, match="Next step: menshen models fetch face_embedder_dlib"):
        Embedder(embedder_card("face_embedder_dlib"))
