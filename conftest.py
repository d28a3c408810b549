"""What all tests share: how much of the longest counts is done, and which tests begin first."""

import pytest

# They begin first, in this order, so that both workers end together. What the tests of one file share is made
# once then: they have begun before the other worker takes some away.
LONGEST = (
    "test_story.py",
    "test_bench_door.py",
    "test_door_search.py",
    "test_mutants.py",
    "test_update_push.py",
    "test_bench_privacy.py",
    "test_hostile.py",
    "test_update.py",
    "test_bench_boot.py",
    "test_wiegand_line.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--whole`: `make soak` gives it."""
    parser.addoption(
        "--whole", action="store_true", help="only tests with the longest counts, whole instead of a tenth"
    )


@pytest.fixture(scope="session")
def divisor(request: pytest.FixtureRequest) -> int:
    """What the longest counts are divided by: 10, or 1 with `--whole`."""
    return 1 if request.config.getoption("whole") else 10


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, the others in their order; with `--whole` none but those that count."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
    if config.getoption("whole"):
        items[:] = [item for item in items if "divisor" in getattr(item, "fixturenames", ())]
