"""The grammar lets nothing out that cannot stand on a plate, and reads what is plainly there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.plates.alphabet import BLANK, COLOURS, INDEX, LETTERS, SYMBOLS
from models.plates.grammar import GRAMMAR, Grammar, decode, kinds
from models.plates.texts import random_plate

COLUMNS = 32


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return np.asarray(logits - np.log(np.exp(logits).sum(-1, keepdims=True)))


def columns_of(text: str, strength: float = 20.0) -> np.ndarray:
    """Columns of a reader that saw this text: two columns a character, blanks between."""
    logits = np.zeros((COLUMNS, BLANK + 1), np.float32)
    logits[:, BLANK] = strength * 0.75
    for place, symbol in enumerate(text):
        at = 1 + place * COLUMNS // len(text)
        logits[at : at + 2, INDEX[symbol]] = strength
    return log_softmax(logits)


def colours_of(colour: str) -> np.ndarray:
    logits = np.zeros(len(COLOURS), np.float32)
    logits[COLOURS.index(colour)] = 6.0
    return log_softmax(logits)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 12.0), st.booleans())
def test_decode_of_any_columns_is_a_possible_plate(seed: int, sharpness: float, coloured: bool) -> None:
    rng = np.random.default_rng(seed)
    columns = log_softmax(rng.normal(0, sharpness, (COLUMNS, BLANK + 1)).astype(np.float32))
    reading = decode(columns, log_softmax(rng.normal(0, 3, len(COLOURS))) if coloured else None)
    assert GRAMMAR.accepts(reading.text)
    assert 0.0 <= reading.confidence <= min(reading.posteriors) + 1e-6
    assert reading.distribution.shape == (len(reading.text), len(SYMBOLS))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_decode_reads_every_kind_of_plate(seed: int) -> None:
    text, colour = random_plate(np.random.default_rng(seed))
    assert GRAMMAR.accepts(text)
    reading = decode(columns_of(text), colours_of(colour))
    assert (reading.text, reading.colour) == (text, colour)
    assert reading.confidence > 0.95


@pytest.mark.parametrize(
    "text", ["皖A1234", "皖A12I45", "皖AO2345", "A12345皖", "皖AD1234A", "皖1A2345", "", "WJ12345"]
)
def test_accepts_refuses_impossible_texts(text: str) -> None:
    assert not GRAMMAR.accepts(text)


def test_decode_drops_what_the_grammar_forbids_and_is_not_sure_then() -> None:
    columns = columns_of("皖A123456")  # nine characters
    reading = decode(columns, colours_of("blue"))
    assert GRAMMAR.accepts(reading.text)
    assert reading.confidence < 0.5


def test_decode_never_guesses_a_province() -> None:
    columns = np.exp(columns_of("皖A12345"))
    columns[:, INDEX["桂"]] = columns[:, INDEX["皖"]] = (columns[:, INDEX["皖"]] + columns[:, INDEX["桂"]]) / 2
    reading = decode(np.log(columns), colours_of("blue"))
    assert reading.text == "?A12345"
    assert reading.confidence < 0.6
    assert GRAMMAR.accepts(reading.text)


def test_decode_keeps_a_repeated_character_and_does_not_double_one() -> None:
    assert decode(columns_of("皖A11188"), colours_of("blue")).text == "皖A11188"


def test_decode_does_not_split_one_long_character_into_two() -> None:
    columns = columns_of("皖A1234")  # six characters, so no plate; the last is six columns long
    columns[26:32] = columns[27]
    assert decode(columns, colours_of("blue")).confidence < 0.5


def test_decode_takes_the_type_from_the_colour() -> None:
    assert decode(columns_of("皖A12345"), colours_of("yellow")).plate_type == "yellow"
    assert decode(columns_of("皖A12345"), colours_of("blue")).plate_type == "blue"


def test_decode_is_unsure_when_colour_and_length_contradict() -> None:
    reading = decode(columns_of("皖AD12345"), colours_of("blue"))
    assert reading.text == "皖AD12345"
    assert reading.confidence <= 0.5


def test_new_green_letters_are_configurable() -> None:
    letters = "M"
    assert not GRAMMAR.accepts("皖AM12345")
    assert Grammar(kinds(green_letters=letters)).accepts("皖AM12345")
    assert "I" not in LETTERS


def test_too_few_columns_raise() -> None:
    with pytest.raises(ValueError, match="too few"):
        decode(columns_of("皖A12345")[:3])
