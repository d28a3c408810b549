"""Every state a door can come into, every input, request and moment in it, against the oracle.

The machine under search is a copy whose times are a few ticks, so that all of them can be looked at: it adds and
compares times and nothing else, and `test_door.py` holds it to the times that a door has.
"""

from collections import namedtuple

from doorlogic import door as original
from doorlogic.door import Levels
from doorlogic.tests import door_oracle as oracle
from doorlogic.tests.door_oracle import Times
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NOW = 1_000  # when each step of the search begins; any time would do

# What one search goes through. `inputs`: those that change, in every combination; `modes`: those it is told;
# `releases`: × the usual time; `waits`: between two steps.
Scope = namedtuple("Scope", ("name", "times", "inputs", "modes", "releases", "waits"))


class Violation(Exception):
    """The machine does not what the oracle says; the message has the way there."""


class Copy:
    """A machine out of source, with the times of a search."""

    step: "Any"
    due_ms: "Any"
    physical: "Any"
    lock: "Any"
    initial: "Any"
    Door: "Any"
    Settings: "Any"

    def __init__(self, code: "Any", times: Times) -> None:
        space: dict[str, Any] = {"__name__": "doorlogic.door"}
        exec(code, space)  # noqa: S102 (the source is this repository's)
        space["RELOCK_MS"], space["GRACE_MS"] = times.relock, times.grace
        space["AJAR_MS"], space["REX_STUCK_MS"] = times.ajar, times.rex_stuck
        space["LOOP_STUCK_MS"] = times.loop_stuck
        for name in ("step", "due_ms", "physical", "lock", "initial", "Door", "Settings"):
            setattr(self, name, space[name])


def source() -> str:
    """Of the machine."""
    with open(original.__file__) as file:
        return file.read()


def search(code: "Any", scope: Scope, most: int = 0) -> "tuple[int, int]":
    """(states, steps) gone through, all there are or `most` of the states. Violation at the first one."""
    times = scope.times
    machine = Copy(code, times)
    settings = machine.Settings(times.release, times.too_long, times.warning, times.stuck_after, times.barrier)
    stimuli = _stimuli(scope)
    todo = _boots(machine, settings, scope)
    seen = set(todo)
    steps = at = 0
    while at < len(todo) and not (most and at >= most):
        before, facts, timer = todo[at]
        at += 1
        door = machine.Door(*_absolute(before))
        for wait in scope.waits:
            now = oracle.later(facts, wait, times)
            left = timer if timer == oracle.HELD else max(timer - wait, 0)
            for levels_then, release, mode in stimuli:
                same = release or mode
                levels = facts.levels if same else levels_then
                after, out = machine.step(door, door.levels if same else levels, _NOW + wait, settings, release, mode)
                expected, should = oracle.then(facts, now, levels, release, mode, times)
                wired = _wired(left, out)
                got = oracle.Seen(
                    out.refused,
                    sorted(out.events),
                    after.alarms,
                    machine.physical(after, _NOW + wait),
                    machine.lock(after, _NOW + wait),
                    _from_now(machine.due_ms(after, settings), _NOW + wait),
                    wired,
                )
                if got != should or not _may(left, wired, facts, levels, release, mode, times):
                    raise Violation(
                        f"{scope.name}: {door} after {wait}: {levels} {release} {mode}: {got}, not {should}"
                    )
                steps += 1
                state = _relative(after, wait, times), expected, wired
                if state not in seen:
                    seen.add(state)
                    todo.append(state)
    return at, steps


def _boots(machine: Copy, settings: "Any", scope: Scope) -> "list[Any]":
    """(state, facts, relay) of every boot."""
    begin = []
    for mode in scope.modes:
        for levels, release, asked in _stimuli(scope):
            if release or asked:
                continue
            door = machine.initial(mode, levels, _NOW)
            due = _from_now(machine.due_ms(door, settings), _NOW)
            got = machine.physical(door, _NOW), machine.lock(door, _NOW), due
            if got != oracle.boots(levels, scope.times):
                raise Violation(f"{scope.name}: boots as {door}: {got}")
            state = _relative(door, 0, scope.times), oracle.at_boot(mode, levels, scope.times), 0
            if state not in begin:
                begin.append(state)
    return begin


def _stimuli(scope: Scope) -> "list[tuple[Levels, int, int]]":
    """(levels, release, mode): an input changes, or somebody asks."""
    stimuli = []
    for bits in range(1 << len(scope.inputs)):
        active = [name for i, name in enumerate(scope.inputs) if bits >> i & 1]
        stimuli.append((Levels(*[name in active for name in original.INPUTS]), 0, 0))
    resting = stimuli[0][0]
    return stimuli + [(resting, n, 0) for n in scope.releases] + [(resting, 0, mode) for mode in scope.modes]


def _wired(left: int, out: "Any") -> int:
    """The relay with its hardware timer, after what it is told: what is left of its pulse."""
    told = {original.KEEP: left, original.PULSE: out.pulse_ms, original.HOLD: oracle.HELD, original.LOCK: 0}
    if out.pulse_ms and out.relay != original.PULSE:
        raise Violation("a time for what is no pulse")
    return int(told[out.relay])


def _may(left: int, wired: int, facts: oracle.Facts, levels: Levels, release: int, mode: int, times: Times) -> bool:
    """DESIGN.md's first invariant, without a thought of states: may the relay do this now?"""
    moving = times.barrier and levels.loop
    wanted = mode or facts.mode
    denied = wanted in (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED)
    held = wanted in (words.MODE_UNLOCKED, words.MODE_LOCKED_OPEN)
    asked = release and not denied and not levels.interlock
    pressed = levels.rex and not facts.levels.rex
    if levels.fire:
        return wired == oracle.HELD
    if moving:
        return wired == (oracle.HELD if left else 0)
    if wired == oracle.HELD:
        return held
    if left == 0 and wired:
        return bool(asked or pressed)
    longer = left != oracle.HELD and wired > left
    return not longer or bool(asked or pressed)


def _from_now(due: int, now: int) -> int:
    return due if due < 0 else due - now


def _relative(door: "Any", wait: int, times: Times) -> "tuple[Any, ...]":
    """The state without its time: points in time from now on, as far back as they can matter."""
    mode, levels, relay, until, opened, ajar, rex, loop, stretch, unmoved, told, alarms = door
    now = _NOW + wait
    return (
        mode,
        levels,
        relay,
        max(until - now, -max(times.grace, times.ajar)),
        None if opened < 0 else max(opened - now, -times.too_long * times.longest),
        None if ajar < 0 else max(ajar - now, -times.ajar),
        None if rex < 0 else max(rex - now, -times.rex_stuck),
        None if loop < 0 else max(loop - now, -times.loop_stuck),
        stretch,
        min(unmoved, times.stuck_after),
        told,
        alarms,
    )


def _absolute(state: "tuple[Any, ...]") -> "tuple[Any, ...]":
    mode, levels, relay, until, opened, ajar, rex, loop, stretch, unmoved, told, alarms = state
    opened, ajar, rex, loop = [-1 if since is None else _NOW + since for since in (opened, ajar, rex, loop)]
    return mode, levels, relay, _NOW + until, opened, ajar, rex, loop, stretch, unmoved, told, alarms


_TICKS = Times(2, 3, 1, 2, False, 1, 1, 2, 3, 2, 2)
_MODES = (words.MODE_LOCKED, words.MODE_UNLOCKED, words.MODE_LOCKED_DOWN)
_MORE_MODES = _MODES + (words.MODE_BLOCKED, words.MODE_LOCKED_OPEN, words.MODE_TRIAL)
# Each is closed: everything that can be reached in it is gone through. 9 ticks: a step that comes late.
SCOPES = (
    Scope("modes", _TICKS, ("contact", "fire", "interlock"), _MORE_MODES, (1, 2), (0, 1)),
    Scope(
        "barrier",
        Times(2, 3, 1, 0, True, 1, 2, 1, 3, 2, 2),
        ("contact", "rex", "fire", "loop"),
        _MODES,
        (1, 2),
        (0, 1),
    ),
    Scope("inputs", Times(1, 1, 0, 0, True, 1, 1, 1, 1, 1, 1), original.INPUTS, _MODES, (1,), (1,)),
    Scope("door", _TICKS, ("contact", "rex", "fire", "bolt"), _MODES, (1, 2), (0, 1, 9)),
)
