"""Leaner programs do what they did, line by line."""

import ast

import pytest

from tools.bundle import FIRMWARE
from tools.lean import lean

NUMBERS = '''
"""What others count on."""
LIMIT = 0x10
SPAN = 4_000
TEXT = 7  # in an f-string below
ID = 3  # an attribute elsewhere
_OWN = 5


def doubled(value: int, times: int = LIMIT) -> int:
    return value * 2 + times + _OWN + LIMIT
'''
PROGRAM = '''
from numbers_here import (
    LIMIT,
    TEXT,
    doubled,
)
import numbers_here
import numbers_here as others

_TABLE = {1: "one"}


class Thing:
    ID = 9

    def __init__(self, size: int, *rest: int, key: str = "k", **more: int) -> None:
        self._size = size
        self.rest = [size + value for value in rest]
        self._key = lambda size: (size, key)
        self.more = more

    def _hidden(self, value: int) -> int:
        def inner(value: int, other: int = value) -> int:
            return value + other + self._size

        return inner(value + 1)

    def tell(self, what: object, error: object = None) -> str:
        try:
            return f"{what} {TEXT} {self._size}" + str(self._key(2)) + str(error)
        except ValueError as error:
            return str(error)


def outcome(value: int, label: str = _TABLE[1]) -> list:
    """× not ASCII before a name: value."""
    thing = Thing(value, 1, 2, key="×" + label, extra=LIMIT)
    found = [(-LIMIT).bit_length(), others.SPAN, numbers_here.LIMIT, thing._hidden(value)]
    found.append(thing.tell(value, error=label))
    return found + [thing.rest, thing.more, doubled(value), doubled(value, times=1), others.doubled(value), thing.ID]
'''


def ran(sources: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> object:
    modules = {}
    for path, source in sources.items():
        name = path.removesuffix(".py")
        module = modules[name] = type(ast)(name)
        module.const = lambda number: number  # type: ignore[attr-defined]  # MicroPython's
        monkeypatch.setitem(__import__("sys").modules, name, module)
        exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 (the program above)
    return modules["program"].outcome(4)


def test_lean_program_does_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {"numbers_here.py": NUMBERS, "program.py": PROGRAM}
    before = ran(sources, monkeypatch)
    leaner = lean(sources)
    assert ran(leaner, monkeypatch) == before
    assert "size" not in leaner["program.py"] and "_hidden" not in leaner["program.py"]
    assert "LIMIT" not in leaner["program.py"] + leaner["numbers_here.py"].replace("_LIMIT_", "")


def test_lean_keeps_every_line_of_the_firmware_where_it_is() -> None:
    files = [path for path in FIRMWARE.rglob("*.py") if "tests" not in path.parts]
    sources = {path.relative_to(FIRMWARE).as_posix(): path.read_text() for path in files}
    leaner = lean(sources)
    for path, source in sources.items():
        before, after = ast.parse(source), ast.parse(leaner[path])
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        lines = [[node.lineno for node in ast.walk(tree) if isinstance(node, functions)] for tree in (before, after)]
        assert lines[0] == lines[1], path
