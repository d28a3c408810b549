"""Cards: what is in the house, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.cards import card_from_toml, cards, home, load_card
from models.errors import ModelCardError

GOOD = """
title = "a toy"
licence = "Apache-2.0"
origin = "ours"
sha256 = "{digest}"
[input]
width = 8
height = 6
channels = 3
order = "RGB"
scale = 1.0
offset = 0.0
[thresholds]
score = 0.5
""".format(digest="ab" * 32)


def test_every_card_of_the_house_can_be_read() -> None:
    found = {card.name: card for card in cards()}
    assert {"face_detector", "face_detector_far", "face_landmarks", "face_embedder"} <= set(found)
    for card in found.values():
        assert card.licence in {"Apache-2.0", "CC0-1.0", "MIT"}, card.name
        assert card.input.shape[0] == 1


def test_built_models_lie_in_the_private_cache_and_ours_beside_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    assert home() == tmp_path
    assert load_card("face_embedder").file == tmp_path / "models" / "face_embedder.tflite"
    ours = card_from_toml(GOOD, tmp_path / "toy")
    assert ours.file == tmp_path / "toy" / "toy.tflite"


def test_card_gives_shape_and_thresholds(tmp_path: Path) -> None:
    card = card_from_toml(GOOD, tmp_path / "toy")
    assert card.name == "toy"
    assert card.input.shape == (1, 6, 8, 3)
    assert card.thresholds == {"score": 0.5}


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('title = "a toy"', "", "title"),
        ("width = 8", "", "height"),
        ("width = 8", "width = 8\ndepth = 3", "depth"),
        ("ab" * 32, "AB" * 32, "SHA-256"),
        ("ab" * 32, "ab" * 31, "SHA-256"),
        ("score = 0.5", 'score = "much"', "much"),
        ("[thresholds]", "[threshold]", "threshold"),
        ('title = "a toy"', 'title = "a toy"\ncolour = "red"', "colour"),
        ("[input]", "[input", "card.toml"),
    ],
)
def test_malformed_card_is_refused_with_its_name_and_the_cause(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in GOOD
    with pytest.raises(ModelCardError, match=word) as caught:
        card_from_toml(GOOD.replace(old, new), tmp_path / "toy")
    assert "toy/card.toml" in str(caught.value)
    assert "Next step" in str(caught.value)


def test_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(ModelCardError, match="face_detector"):
        load_card("face_oracle")
