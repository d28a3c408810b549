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
        ("皖B6789D", 0.97, SURE, "皖B67890", Level.NEEDS_PERSON),  # readers are sure of it and wrong (HyperLPR #402)
        ("皖B6789W", 0.97, SURE, "皖B67890", Level.NONE),  # W is not taken for 0
        ("沪B6789D", 0.97, SURE, "皖B67890", Level.NONE),  # two differences
        ("皖B6D89D", 0.97, SURE, "皖B67890", Level.NONE),
        ("?B67890", 0.40, (0.4, *SURE[1:]), "皖B67890", Level.NEEDS_PERSON),
        ("皖BD67890", 0.99, (), "皖B67890", Level.NONE),
        ("皖B6789Q", 0.55, (), "皖B67890", Level.NEEDS_PERSON),
        ("", 0.99, (), "", Level.NONE),
    ],
)
def test_plate_level(read: str, confidence: float, posteriors: tuple[float, ...], listed: str, level: Level) -> None:
    assert plate_level(read, confidence, posteriors, listed) is level
