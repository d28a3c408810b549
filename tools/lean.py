"""The firmware as a door should hold it: the same programs, line by line, with fewer names.

MicroPython keeps each name of a program but its functions' locals, in tables of which each new one is twice as long: in
a heap of 64 bits 620 names take 7 kB, and the 621st another 7 kB. So these go: numbers that have names
(`words.GRANTED`, `osdp.POLL`, `_NAME`), what only the type checker reads, and all names of which nobody outside the
file can know: private ones and those of arguments become names that MicroPython itself has and no file of ours uses.

A class with private attributes is therefore extended in its own file, and nothing asks for a name by a string.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doorwire import vocabulary

_IMPORT = "from doorwire import vocabulary as words"
_NUMBER = re.compile(r"^(_[A-Z0-9_]+ = )(0x[0-9A-F]+|[0-9][0-9_]*)\b(?= *(?:#.*)?$)", re.MULTILINE)
_CONST = re.compile(r"^(_[A-Z0-9_]+) = const\(", re.MULTILINE)
_PRIVATE = re.compile(r"\b_(?!io_queue\b)[A-Za-z][A-Za-z0-9_]*\b")  # asyncio's _io_queue is not ours
_WORD = re.compile(r"\bwords\.([A-Z0-9_]+)\b")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")

# In the flash of every MicroPython we run on, and no methods that it calls by itself.
_SPARE = re.findall(
    r"\w+",
    """
    acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees exp expm1 fabs fmod frexp isfinite isinf isnan
    ldexp log10 log2 modf radians sin sinh sqrt tan tanh trunc difference difference_update intersection isdisjoint
    intersection_update issubset issuperset symmetric_difference symmetric_difference_update union discard
    ArithmeticError AssertionError IndentationError KeyboardInterrupt LookupError NameError OverflowError RuntimeError
    StopAsyncIteration SyntaxError UnicodeError ZeroDivisionError fromkeys popitem setdefault isalpha isupper islower
    """,
)

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Bytes from (line, column) to (end line, end column) become `text`."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def lean(sources: Mapping[str, str]) -> dict[str, str]:
    """Every source by its path, all of the firmware at once. SyntaxError names the file."""
    plain = {path: _without_types(source) for path, source in sources.items()}
    trees = {path: ast.parse(source, path) for path, source in plain.items()}
    kept = set().union(*[_in_text(tree) | _of_objects(tree) for tree in trees.values()])
    numbers = {path: _public_numbers(tree, kept) for path, tree in trees.items()}
    keywords = {node.arg for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    used = set().union(*[re.findall(r"\w+", source) for source in plain.values()])
    spare = [name for name in _SPARE if name not in used]
    done = {}
    for path, tree in trees.items():
        edits = [*_numbers(tree, path, numbers), *_arguments(tree, keywords)]
        done[path] = _short(_edited(plain[path], edits), spare)
    return done


def _without_types(source: str) -> str:
    return source.replace(_IMPORT, "").replace("TYPE_CHECKING = False", "").replace("if TYPE_CHECKING:", "if 0:")


def _short(source: str, spare: list[str]) -> str:
    source = _NUMBER.sub(r"\1const(\2)", source)
    constants = set(_CONST.findall(source))  # those leave no name behind, if it begins so
    private = sorted(set(_PRIVATE.findall(source)) - constants)
    short = {name: spare[number] if number < len(spare) else f"_{number}" for number, name in enumerate(private)}
    source = _PRIVATE.sub(lambda name: short.get(name.group(), name.group()), source)
    return _WORD.sub(lambda word: str(getattr(vocabulary, word.group(1))), source)


def _public_numbers(tree: ast.Module, kept: set[str]) -> dict[str, int]:
    """The module's own `NAME = 5`."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            if _CONSTANT.fullmatch(name) and isinstance(value, ast.Constant) and type(value.value) is int:
                found[name] = value.value
    return {name: number for name, number in found.items() if name not in kept}


def _numbers(tree: ast.Module, path: str, numbers: Mapping[str, Mapping[str, int]]) -> Iterator[_Edit]:
    """Numbers in place of public names, those of the module and those that it imports."""
    own = dict(numbers[path])
    modules = {alias: numbers.get(module.replace(".", "/") + ".py", {}) for alias, module in _modules(tree).items()}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            theirs = numbers.get(node.module.replace(".", "/") + ".py", {})
            taken = {alias.asname or alias.name: theirs[alias.name] for alias in node.names if alias.name in theirs}
            own |= taken
            left = [ast.unparse(alias) for alias in node.names if alias.name not in theirs]
            edit = _at(node, f"from {node.module} import {', '.join(left)}" if left else "pass")
            lines = "\n" * (edit.end[0] - edit.start[0])
            yield from [_Edit(edit.start, edit.end, edit.text + lines)] if taken else []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in own and isinstance(node.ctx, ast.Load):
            yield _at(node, f"({own[node.id]})")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            theirs = modules.get(node.value.id, {})
            yield from [_at(node, f"({theirs[node.attr]})")] if node.attr in theirs else []
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in own:
            yield _at(node.targets[0], f"_{node.targets[0].id}_")


def _modules(tree: ast.Module) -> dict[str, str]:
    """What may be a module here: its name in this file, its dotted name."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
    return found


def _of_objects(tree: ast.Module) -> set[str]:
    """Names of attributes of what is no module."""
    modules = _modules(tree)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if not isinstance(node.value, ast.Name) or node.value.id not in modules}


def _arguments(tree: ast.Module, keywords: set[str | None]) -> Iterator[_Edit]:
    """Short names for what no call names: the same few in every function."""
    for outer in _outermost(tree):
        nodes = list(ast.walk(outer))
        fixed = {"self", "cls", *keywords, *_in_text(outer)}
        fixed |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler)}
        fixed |= {alias.asname or alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        named = dict.fromkeys(node.arg for node in nodes if isinstance(node, ast.arg) and node.arg not in fixed)
        short = {name: f"_a{number}" for number, name in enumerate(named)}
        outside = {
            id(node) for part in (*outer.args.defaults, *outer.args.kw_defaults) if part for node in ast.walk(part)
        }
        for node in nodes:
            if isinstance(node, ast.arg) and node.arg in short:
                end = (node.lineno, node.col_offset + len(node.arg.encode()))
                yield _Edit((node.lineno, node.col_offset), end, short[node.arg])
            elif isinstance(node, ast.Name) and node.id in short and id(node) not in outside:
                yield _at(node, short[node.id])


def _outermost(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in tree.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, _Function):
                yield inner


def _in_text(tree: ast.AST) -> set[str]:
    """Names inside f-strings, whose places Python 3.11 does not know."""
    nodes = [node for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for node in ast.walk(text)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def _at(node: ast.expr | ast.stmt, text: str) -> _Edit:
    return _Edit((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0), text)


def _edited(source: str, edits: list[_Edit]) -> str:
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    data = source.encode()
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        start, end = (starts[line - 1] + column for line, column in (edit.start, edit.end))
        data = data[:start] + edit.text.encode() + data[end:]
    return data.decode()
