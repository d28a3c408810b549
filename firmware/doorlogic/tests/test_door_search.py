"""The search of every state: whole on CPython, its first states on MicroPython."""

import sys

from doorlogic.tests.door_search import SCOPES, Violation, search, source
from doorwire.tests.expect import refused

_WHOLE = sys.implementation.name != "micropython"
_FIRST = 500


def test_search_finds_no_state_in_which_the_door_does_wrong() -> None:
    states = steps = 0
    for scope in SCOPES:
        found, gone = search(source(), scope, 0 if _WHOLE else _FIRST)
        states, steps = states + found, steps + gone
    print(f"{states} states, {steps} steps, none wrong")
    assert steps > (1_600_000 if _WHOLE else 100_000)


def test_search_finds_what_is_wrong() -> None:
    broken = source().replace("until_ms > now_ms + RELOCK_MS", "until_ms < now_ms + RELOCK_MS")
    assert broken != source()
    refused(Violation, search, broken, SCOPES[0], 500)
