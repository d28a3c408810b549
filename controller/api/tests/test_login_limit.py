"""How often a password may be tried."""

from controller.api.login_limit import (
    ADDRESS_LIMIT,
    KEYS_LIMIT,
    NAME_AND_ADDRESS_LIMIT,
    NAME_LIMIT,
    WINDOW_S,
    LoginLimit,
)


def test_a_name_at_an_address_is_locked_until_the_window_is_over() -> None:
    limit = LoginLimit()
    locked = [limit.failed("guard", "a", float(second)) for second in range(NAME_AND_ADDRESS_LIMIT)]
    assert locked == [False] * (NAME_AND_ADDRESS_LIMIT - 1) + [True]
    assert limit.wait_s("guard", "a", 10.0) == WINDOW_S - 10
    assert limit.wait_s("guard", "b", 10.0) == limit.wait_s("other", "a", 10.0) == 0
    assert limit.wait_s("guard", "a", WINDOW_S) == 0


def test_many_names_from_one_address_lock_the_address() -> None:
    limit = LoginLimit()
    for number in range(ADDRESS_LIMIT):
        limit.failed(f"name {number}", "a", 0.0)
    assert limit.wait_s("guard", "a", 1.0) > 0 and limit.wait_s("guard", "b", 1.0) == 0


def test_one_name_from_many_addresses_locks_the_name() -> None:
    limit = LoginLimit()
    for number in range(NAME_LIMIT):
        assert limit.wait_s("guard", f"10.0.0.{number}", 0.0) == 0
        limit.failed("guard", f"10.0.0.{number}", 0.0)
    assert limit.wait_s("guard", "elsewhere", 1.0) > 0


def test_the_right_password_clears_and_memory_is_bounded() -> None:
    limit = LoginLimit()
    for _ in range(NAME_AND_ADDRESS_LIMIT - 1):
        limit.failed("guard", "a", 0.0)
    limit.succeeded("guard", "a")
    assert limit.failed("guard", "a", 0.0) is False
    for number in range(KEYS_LIMIT):
        limit.failed(f"name {number}", f"address {number}", 0.0)
    assert len(limit._failures) <= KEYS_LIMIT
