"""Mutants of the door's state machine: its source with one thing wrong, of which the tests have to notice every one.

A mutant is caught when a story of `test_door.py` fails or the search of `door_search.py` finds a violation.
"""

from __future__ import annotations

import ast
import copy
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import doorlogic
from doorlogic import door
from doorlogic.tests import door_search, test_door
from doorwire import vocabulary

_NAME = door.__name__
_STORIES = compile(Path(test_door.__file__).read_text(), test_door.__file__, "exec")
_RINGS = (
    ("KEEP", "PULSE", "HOLD", "LOCK"),
    ("WARNED", "REX_STUCK", "CONTACT_STUCK", "LOOP_STUCK"),
    ("RELOCK_MS", "GRACE_MS", "AJAR_MS", "REX_STUCK_MS", "LOOP_STUCK_MS"),
    ("_HOLDING", "_DENYING"),
    door.INPUTS,
    tuple(f for f in door.Settings._fields if f.endswith("_ms")),
    ("min", "max"),
)
_FIRST = 200  # states of each search, before all of any
_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """`what`: function, line as it was, what stands there instead of what; unique. `code`: the whole machine."""

    what: str
    code: types.CodeType


def mutants(source: str) -> Iterator[Mutant]:
    """Every one, in the order of the source."""
    tree = ast.parse(source)
    met: dict[str, int] = {}
    for part in tree.body:
        name = part.name if isinstance(part, (ast.FunctionDef, ast.ClassDef)) else "module"
        if isinstance(part, (ast.Import, ast.ImportFrom)):
            continue
        for holder, field, index, old in _places(part):
            for new in _variants(old):
                _put(holder, field, index, ast.copy_location(new, old))
                what = f"{name}: {ast.unparse(old)} -> {ast.unparse(new)}"
                met[what] = met.get(what, 0) + 1
                code = compile(ast.fix_missing_locations(tree), _NAME, "exec")
                yield Mutant(what if met[what] == 1 else f"{what} #{met[what]}", code)
                _put(holder, field, index, old)


def caught(code: types.CodeType, most: int = 0) -> str:
    """By what, in words; "" when by nothing. `most`: states of each search, 0: all."""
    return _by_story(code) or _by_search(code, most)


def run(say: Callable[[str], None]) -> tuple[int, list[str]]:
    """(how many were made, those that nothing caught)."""
    made, left, began = 0, [], time.monotonic()
    by: dict[str, int] = {}
    for mutant in mutants(door_search.source()):
        made += 1
        catcher = caught(mutant.code)
        if catcher:
            by[catcher] = by.get(catcher, 0) + 1
        else:
            left.append(mutant.what)
            say(f"not caught: {mutant.what}")
    for catcher, count in sorted(by.items(), key=lambda item: -item[1]):
        say(f"{count:4} caught by {catcher}")
    say(f"{made} mutants, {made - len(left)} caught, {time.monotonic() - began:.0f} s")
    return made, left


def _places(part: ast.stmt) -> list[tuple[ast.AST, str, int, ast.AST]]:
    """Where something stands that may be wrong: (holder, its field, index or -1, what stands there)."""
    places: list[tuple[ast.AST, str, int, ast.AST]] = []
    for holder in ast.walk(part):
        if isinstance(holder, ast.UnaryOp) and isinstance(holder.op, ast.USub):
            continue  # -1 is not a number but "never": its other way is to be none
        for field, value in ast.iter_fields(holder):
            if field in ("annotation", "returns", "args", "decorator_list") and not isinstance(holder, ast.Call):
                continue
            if isinstance(value, ast.AST):
                places.append((holder, field, -1, value))
            elif isinstance(value, list):
                places += [(holder, field, i, child) for i, child in enumerate(value) if isinstance(child, ast.AST)]
    return places


def _put(holder: ast.AST, field: str, index: int, node: ast.AST) -> None:
    if index < 0:
        setattr(holder, field, node)
    else:
        getattr(holder, field)[index] = node


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    """What could stand there instead."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in _COMPARED[type(op)]:
                new = copy.copy(node)
                new.ops = [*node.ops[:i], other(), *node.ops[i + 1 :]]
                yield new
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
        yield from node.values
    elif isinstance(node, ast.BinOp):
        yield ast.BinOp(node.left, _COMPUTED[type(node.op)](), node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand  # of a -1 that says never: a time
    elif isinstance(node, (ast.If, ast.IfExp)):
        for always in (True, False):
            new_if = copy.copy(node)
            new_if.test = ast.Constant(always)
            yield new_if
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        yield from _names(node)
    elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)) and not _is_docstring(node):
        yield ast.Pass()
        if isinstance(node, ast.AugAssign):
            yield ast.AugAssign(node.target, _COMPUTED[type(node.op)](), node.value)


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        if node.value > 0:
            yield ast.Constant(node.value - 1)


def _names(node: ast.Name | ast.Attribute) -> Iterator[ast.AST]:
    """Its neighbour of the same kind; the inputs as they are for those as they were."""
    name = node.id if isinstance(node, ast.Name) else node.attr
    if not isinstance(node.ctx, ast.Load):
        return
    others = [ring[(ring.index(name) + 1) % len(ring)] for ring in _RINGS if name in ring]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "words":
        others += [_next_word(name)]
    for other in others:
        yield ast.Name(other, node.ctx) if isinstance(node, ast.Name) else ast.Attribute(node.value, other, node.ctx)
    if isinstance(node, ast.Attribute) and ast.unparse(node) == "door.levels":
        yield ast.Name("levels", node.ctx)
    if isinstance(node, ast.Name) and node.id in ("held", "was_held", "released", "given", "reason", "permitted"):
        yield ast.UnaryOp(ast.Not(), node)


def _next_word(name: str) -> str:
    """Of doorwire.vocabulary, of the same family."""
    family = name.split("_", maxsplit=1)[0] + "_"
    words = [word for word in vars(vocabulary) if word.startswith(family)]
    return words[(words.index(name) + 1) % len(words)]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _by_story(code: types.CodeType) -> str:
    """The first story that fails with this machine in the original's place."""
    mutated, name = types.ModuleType(_NAME), "the import"
    space: dict[str, object] = {"__name__": "stories"}
    try:
        exec(code, vars(mutated))  # noqa: S102  the repository's own source
        sys.modules[_NAME] = doorlogic.door = mutated
        exec(_STORIES, space)  # noqa: S102
        for name, story in space.items():
            if name.startswith("test_") and callable(story):
                story()
    except Exception:  # noqa: BLE001  whatever it dies of
        return name
    finally:
        sys.modules[_NAME] = doorlogic.door = door
    return ""


def _by_search(code: types.CodeType, most: int) -> str:
    for states in (most or _FIRST, most):
        for scope in door_search.SCOPES:
            try:
                door_search.search(code, scope, states)
            except Exception:  # noqa: BLE001
                return f"the search of {scope.name}"
    return ""
