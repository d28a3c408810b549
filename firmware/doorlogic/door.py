"""The door state machine: levels, requests and time in; what the relay does and which events to keep out.

`step` is the one function that makes a next state. States and alarms have ONVIF PACS names. The relay energised means
the lock released (fail-secure strike, or a relay that cuts a magnet's current).
"""

from collections import namedtuple

from doorwire import vocabulary as words

RELOCK_MS = 500  # after the door has closed behind somebody
GRACE_MS = 1_000  # a door pulled in the last moment of a release is still opened with permission

Settings = namedtuple("Settings", ("release_ms", "open_too_long_ms", "barrier"))
# Debounced levels, True = active: contact open, button pressed, fire alarm, loop occupied, housing opened.
INPUTS = ("contact", "rex", "fire", "loop", "tamper")
Levels = namedtuple("Levels", ("contact", "rex", "fire", "loop", "tamper"))
# `released_until_ms` 0: no pulse; `opened_ms` -1: shut; `allowed`: opened with permission.
Door = namedtuple("Door", ("mode", "levels", "released_until_ms", "opened_ms", "allowed", "alarms"))

# What `step` wants of the relay.
KEEP = 0
PULSE = 1  # for `pulse_ms`, counted from now
HOLD = 2
LOCK = 3


class Outcome:
    """What to do now, relay first. `refused`: why the release asked for was not given."""

    def __init__(self) -> None:
        self.relay = KEEP
        self.pulse_ms = 0
        self.refused = words.REASON_NONE
        self.events: list[tuple[int, int]] = []  # (EVENT_*, REASON_*), in order


RESTING = Levels(False, False, False, False, False)


def initial(mode: int) -> Door:
    """A door at boot: locked, everything as if at rest, so that the first levels make their events."""
    return Door(mode, RESTING, 0, -1, False, 0)


def step(
    door: Door, levels: Levels, now_ms: int, settings: Settings, release_ms: int = 0, mode: int = 0
) -> "tuple[Door, Outcome]":
    """The door after these levels at this time, after a request to release (`release_ms` > 0) or a change of mode."""
    out = Outcome()
    held = is_held(door)
    mode = mode or door.mode
    until = door.released_until_ms if now_ms < door.released_until_ms else 0
    recently = now_ms - GRACE_MS < door.released_until_ms
    alarms = _switches(door, levels, out)
    if levels.rex and not door.levels.rex:
        release_ms = max(release_ms, settings.release_ms)
    holding = levels.fire or mode in (words.MODE_UNLOCKED, words.MODE_LOCKED_OPEN)
    if release_ms:
        out.refused = _refusal(levels, settings)
        if not out.refused:
            until = max(until, now_ms + release_ms)
            if not holding:
                out.relay, out.pulse_ms = PULSE, until - now_ms
    opened_ms, allowed = door.opened_ms, door.allowed
    if levels.contact and not door.levels.contact:
        opened_ms, allowed = now_ms, bool(until or recently or held or holding or levels.rex)
        out.events.append((words.EVENT_DOOR_OPENED, words.REASON_NONE))
        if not allowed:
            alarms |= words.ALARM_FORCED_OPEN
            out.events.append((words.EVENT_FORCED_OPEN, words.REASON_NONE))
    elif not levels.contact and door.levels.contact:
        opened_ms, allowed = -1, False
        alarms &= ~(words.ALARM_FORCED_OPEN | words.ALARM_OPEN_TOO_LONG)
        out.events.append((words.EVENT_DOOR_CLOSED, words.REASON_NONE))
        if until > now_ms + RELOCK_MS and not release_ms:
            until = now_ms + RELOCK_MS
            if not holding:
                out.relay, out.pulse_ms = PULSE, RELOCK_MS
    if holding and not held:
        out.relay = HOLD
    elif held and not holding and out.relay == KEEP:
        out.relay, out.pulse_ms = (PULSE, until - now_ms) if until else (LOCK, 0)
    if (holding or held) and levels.contact and not alarms & words.ALARM_FORCED_OPEN:
        opened_ms, allowed = now_ms, True  # its time to close begins when it is no longer held
    if _too_long(levels, opened_ms, allowed, alarms, now_ms, settings):
        alarms |= words.ALARM_OPEN_TOO_LONG
        out.events.append((words.EVENT_OPEN_TOO_LONG, words.REASON_NONE))
    return Door(mode, levels, until or (door.released_until_ms if recently else 0), opened_ms, allowed, alarms), out


def due_ms(door: Door, settings: Settings) -> int:
    """When time alone changes something (an alarm to raise), or -1."""
    if door.opened_ms >= 0 and door.allowed and not door.alarms & words.ALARM_OPEN_TOO_LONG and not is_held(door):
        return int(door.opened_ms + settings.open_too_long_ms)
    return -1


def is_held(door: Door) -> bool:
    """The lock is released without a time limit: by mode or fire."""
    return bool(door.levels.fire or door.mode in (words.MODE_UNLOCKED, words.MODE_LOCKED_OPEN))


def physical(door: Door) -> int:
    """DoorPhysicalState."""
    if not door.levels.contact:
        return words.DOOR_CLOSED
    return words.DOOR_PROPPED if door.alarms & words.ALARM_OPEN_TOO_LONG else words.DOOR_OPEN


def lock(door: Door, now_ms: int) -> int:
    """LockPhysicalState."""
    released = is_held(door) or now_ms < door.released_until_ms
    return words.LOCK_UNLOCKED if released else words.LOCK_LOCKED


def _switches(door: Door, levels: Levels, out: Outcome) -> int:
    """Events of the inputs that only report; the alarms after them."""
    alarms = int(door.alarms)
    if levels.rex and not door.levels.rex:
        out.events.append((words.EVENT_REQUEST_TO_EXIT, words.REASON_NONE))
    if levels.fire and not door.levels.fire:
        out.events.append((words.EVENT_FIRE, words.REASON_NONE))
    if levels.tamper and not door.levels.tamper:
        out.events.append((words.EVENT_TAMPER, words.REASON_NONE))
        alarms |= words.ALARM_TAMPER
    elif not levels.tamper:
        alarms &= ~words.ALARM_TAMPER
    return alarms


def _refusal(levels: Levels, settings: Settings) -> int:
    """A barrier never moves while a vehicle stands in its loop."""
    return words.REASON_LOOP_OCCUPIED if settings.barrier and levels.loop else words.REASON_NONE


def _too_long(levels: Levels, opened_ms: int, allowed: bool, alarms: int, now_ms: int, settings: Settings) -> bool:
    already = alarms & words.ALARM_OPEN_TOO_LONG
    return levels.contact and allowed and not already and now_ms - opened_ms >= settings.open_too_long_ms
