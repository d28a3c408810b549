"""The runtime: float space in and out, and no file that is not the card's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import runtime
from models.errors import ModelDigestError, ModelError, ModelFormatError, ModelMissingError
from models.runtime import Model, Network
from models.tests.toys import SHAPE, toy_card, toy_content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy").mkdir()
    return tmp_path / "toy"


def test_model_runs_what_its_card_names(folder: Path) -> None:
    card = toy_card(folder, toy_content())
    card.file.write_bytes(toy_content())
    model = Model(card)
    model.warm()
    (result,) = model.run(np.full(SHAPE, 3, np.uint8))
    assert result.shape == SHAPE
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, 7.0)


def test_result_is_a_copy_that_the_next_run_leaves_alone(folder: Path) -> None:
    network = Network(toy_content())
    (first,) = network.run(np.ones(SHAPE))
    network.run(np.zeros(SHAPE))
    np.testing.assert_allclose(first, 3.0)


def test_int8_model_speaks_in_float_space() -> None:
    network = Network(toy_content(int8=True))
    picture = np.random.default_rng(1).integers(0, 256, SHAPE).astype(np.uint8)
    (result,) = network.run(picture)
    step = 255 * 2 / 255
    np.testing.assert_allclose(result, np.minimum(2.0 * picture + 1, 510), atol=step)
    (over,) = network.run(np.full(SHAPE, 400.0))  # beyond the input's range: held at its end, not wrapped round
    assert over.min() > 500


def test_missing_file_names_the_next_step(folder: Path) -> None:
    with pytest.raises(ModelMissingError, match="Next step: menshen models build"):
        Model(toy_card(folder, toy_content()))


@pytest.mark.parametrize("change", ["one bit", "cut", "empty", "longer"])
def test_another_file_is_refused_before_litert_sees_it(
    folder: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = toy_content()
    wrong = {
        "one bit": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        "cut": content[: len(content) // 2],
        "empty": b"",
        "longer": content + b"\0",
    }[change]
    card = toy_card(folder, content)
    card.file.write_bytes(wrong)
    monkeypatch.setattr(runtime, "Interpreter", lambda **_: pytest.fail("the interpreter saw the wrong file"))
    with pytest.raises(ModelDigestError, match=r"refused.*Next step: menshen models build"):
        Model(card)


def test_file_that_is_no_network_is_refused(folder: Path) -> None:
    content = b"not a model, but the one on the card" * 40
    card = toy_card(folder, content)
    card.file.write_bytes(content)
    with pytest.raises(ModelFormatError):
        Model(card)


def test_every_error_is_a_model_error() -> None:
    assert all(issubclass(kind, ModelError) for kind in (ModelDigestError, ModelFormatError, ModelMissingError))


def test_the_interpreter_gets_the_box_s_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = vars(runtime)["Interpreter"]

    def interpreter(model_content: bytes, num_threads: int) -> object:
        made.append(num_threads)
        return real(model_content=model_content, num_threads=num_threads)

    monkeypatch.setattr(runtime, "Interpreter", interpreter)
    Network(toy_content(), 2)
    assert made == [2]
