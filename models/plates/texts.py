"""Random plate texts that the grammar allows, for training and tests."""

from collections.abc import Callable

import numpy as np

from models.plates.alphabet import DIGITS, LETTERS, PROVINCES

Rng = np.random.Generator
_COMMON = "皖苏浙沪京粤鲁豫冀川鄂湘"
"""Provinces with the most cars: drawn a little more often."""
_HARD = "QDEFBZ"
"""Letters that are taken for a digit or for one another: drawn a little more often."""
_ROUND = "3689"
"""Digits that new-energy plates press otherwise than all others: drawn more often on them."""


def _pick(rng: Rng, symbols: str) -> str:
    return symbols[int(rng.integers(len(symbols)))]


def _province(rng: Rng) -> str:
    return _pick(rng, _COMMON if rng.random() < 0.2 else PROVINCES)


def _office(rng: Rng) -> str:
    return _pick(rng, "ABCDEF" if rng.random() < 0.35 else LETTERS)


def _letter(rng: Rng) -> str:
    return _pick(rng, _HARD if rng.random() < 0.2 else LETTERS)


def _serial(rng: Rng, length: int, letter_share: float = 0.3) -> str:
    return "".join(_letter(rng) if rng.random() < letter_share else _pick(rng, DIGITS) for _ in range(length))


def _common(rng: Rng) -> str:
    return _province(rng) + _office(rng) + _serial(rng, 5)


def _green_small(rng: Rng) -> str:
    kind = _pick(rng, "DDDFF" if rng.random() < 0.7 else "ABCEGHJK")
    return _province(rng) + _office(rng) + kind + _serial(rng, 1, 0.2) + _green_digits(rng, 4)


def _green_large(rng: Rng) -> str:
    return _province(rng) + _office(rng) + _green_digits(rng, 5) + _pick(rng, "DF")


def _green_digits(rng: Rng, length: int) -> str:
    return "".join(_pick(rng, _ROUND if rng.random() < 0.25 else DIGITS) for _ in range(length))


def _armed(rng: Rng) -> str:
    return "WJ" + _province(rng) + _serial(rng, 4, 0.0) + _pick(rng, DIGITS + "XBTSHJD")


KINDS: tuple[tuple[float, str, Callable[[Rng], str]], ...] = (
    (0.37, "blue", _common),
    (0.13, "yellow", _common),
    (0.26, "green", _green_small),
    (0.05, "yellow_green", _green_large),
    (0.04, "white", lambda rng: _province(rng) + _office(rng) + _serial(rng, 4) + "警"),
    (0.03, "yellow", lambda rng: _province(rng) + _office(rng) + _serial(rng, 4) + "挂"),
    (0.03, "yellow", lambda rng: _province(rng) + _office(rng) + _serial(rng, 4) + "学"),
    (0.015, "black", lambda rng: "使" + _serial(rng, 6, 0.0)),
    (0.015, "black", lambda rng: _province(rng) + _office(rng) + _serial(rng, 4, 0.0) + "领"),
    (0.03, "black", lambda rng: "粤Z" + _serial(rng, 4) + _pick(rng, "港澳")),
    (0.03, "white", _armed),
)
"""(share, colour, text of a random plate)"""


def random_plate(rng: Rng) -> tuple[str, str]:
    """(text, colour) of a plate that may exist."""
    shares = np.array([kind[0] for kind in KINDS])
    _, colour, text_of = KINDS[int(rng.choice(len(KINDS), p=shares / shares.sum()))]
    return text_of(rng), colour
