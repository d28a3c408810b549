"""Sure, needs a person, none."""

import pytest

from controller.watchlist.level import Level, plate_level

SURE = (0.99,) * 7


@pytest.mark.parametrize(
    ("read", "confidence", "posteriors", "listed", "level"),
    [
        ("皖B67890", 0.97, SURE, "皖B67890", Level.SURE),
        ("皖B67890", 0.60, SURE, "皖B67890", Level.NEEDS_PERSON),
        ("沪B67890", 0.99, SURE, "皖B67890", Level.NEEDS_PERSON),  # the province alone is never sure, and never clears
        ("皖B6789D", 0.55, (*SURE[:6], 0.55), "皖B67890", Level.NEEDS_PERSON),
        ("皖B6789D", 0.97, SURE, "皖B67890", Level.NONE),  # clearly another character
        ("皖B67891", 0.55, (*SURE[:6], 0.55), "皖B67890", Level.NONE),  # 1 is not taken for 0
        ("沪B6789D", 0.55, (*SURE[:6], 0.55), "皖B67890", Level.NONE),
        ("皖BD67890", 0.99, (), "皖B67890", Level.NONE),
        ("皖B6789Q", 0.55, (), "皖B67890", Level.NEEDS_PERSON),
        ("", 0.99, (), "", Level.NONE),
    ],
)
def test_plate_level(read: str, confidence: float, posteriors: tuple[float, ...], listed: str, level: Level) -> None:
    assert plate_level(read, confidence, posteriors, listed) is level
