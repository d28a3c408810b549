"""The door state machine: levels, requests and time in; what the relay does and which events to keep out.

`step` is the one function that makes a next state. States and alarms have ONVIF PACS names. The relay energised means
the lock released (fail-secure strike, or a relay that cuts a magnet's current). Times are milliseconds since boot.
"""

from collections import namedtuple

from doorwire import vocabulary as words

RELOCK_MS = 500  # after the door has closed behind somebody
GRACE_MS = 1_000  # a door pulled in the last moment of a release is still opened with permission
AJAR_MS = 10_000  # shut and locked, but its bolt not home: then it is told
REX_STUCK_MS = 120_000  # nobody leans on a button that long
LOOP_STUCK_MS = 600_000  # no vehicle waits under a barrier that long
EXTENDED = 3  # × the usual times, for those who need it

# `warning_ms` before the door is open too long it is warned of; 0: not. `stuck_after` releases in a row that find the
# contact unmoved: it is stuck; 0: there is no contact. `barrier`: a gate with a loop instead of a door.
Settings = namedtuple("Settings", ("release_ms", "open_too_long_ms", "warning_ms", "stuck_after", "barrier"))
# Debounced levels, True = active: contact open, button pressed, fire alarm, loop occupied, housing opened, bolt not
# home, partner door of an interlocked pair not secure. An input to which nothing is connected is not active.
INPUTS = ("contact", "rex", "fire", "loop", "tamper", "bolt", "interlock")
Levels = namedtuple("Levels", ("contact", "rex", "fire", "loop", "tamper", "bolt", "interlock"))
RESTING = Levels(False, False, False, False, False, False, False)
# `relay`: what it was last told. `until_ms`: the end of the last release, or yet to come. `opened_ms`, `ajar_ms`,
# `rex_ms`, `loop_ms`: since when it is open (or no longer held open), ajar (maybe from the release's end on), pressed,
# a barrier's loop occupied; -1: not. `stretch`: × the time it may stay open. `unmoved`: releases since the contact
# moved. `told`: what is not over.
Door = namedtuple(
    "Door",
    (
        "mode",
        "levels",
        "relay",
        "until_ms",
        "opened_ms",
        "ajar_ms",
        "rex_ms",
        "loop_ms",
        "stretch",
        "unmoved",
        "told",
        "alarms",
    ),
)

# What the relay is told; `step` also says KEEP.
KEEP = 0
PULSE = 1  # for `pulse_ms`, counted from now
HOLD = 2
LOCK = 3

# Door.told
WARNED = 1
REX_STUCK = 2
CONTACT_STUCK = 4
LOOP_STUCK = 8

_HOLDING = (words.MODE_UNLOCKED, words.MODE_LOCKED_OPEN)
_DENYING = (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED)
_OPEN_ALARMS = words.ALARM_FORCED_OPEN | words.ALARM_OPEN_TOO_LONG


class Outcome:
    """What to do now, relay first. `refused`: why the release asked for was not given."""

    def __init__(self, door: Door) -> None:
        self.relay = KEEP
        self.pulse_ms = 0
        self.refused = words.REASON_NONE
        self.events: list[tuple[int, int]] = []  # (EVENT_*, REASON_*), in order
        self.told = int(door.told)
        self.alarms = int(door.alarms)

    def raised(self, alarm: int, kind: int) -> None:
        """An alarm, and the event that tells it."""
        self.alarms |= alarm
        self.events.append((kind, words.REASON_NONE))


def initial(mode: int, levels: Levels = RESTING, now_ms: int = 0) -> Door:
    """A door at boot: locked. A door found open was not forced and a button found pressed releases nothing; every
    other input is as if at rest, so that the first step makes its event.
    """
    found = Levels(levels.contact, levels.rex, False, False, False, False, False)
    opened_ms, rex_ms = now_ms if found.contact else -1, now_ms if found.rex else -1
    return Door(mode, found, LOCK, now_ms - GRACE_MS, opened_ms, -1, rex_ms, -1, 1, 0, 0, 0)


def step(
    door: Door, levels: Levels, now_ms: int, settings: Settings, release: int = 0, mode: int = 0
) -> "tuple[Door, Outcome]":
    """The door after these levels at this time, or after a request: a change of mode, or to release for so many times
    the usual time. A mode that holds the door does so from when it may; one that denies ends a release at once.
    """
    out = Outcome(door)
    released = is_released(door, now_ms)
    rex_ms = _since(levels.rex, door.rex_ms, now_ms)
    _stuck(REX_STUCK, rex_ms, now_ms - REX_STUCK_MS, words.REASON_STUCK_REX, out)
    loop_ms = _since(_occupied(levels, settings), door.loop_ms, now_ms)
    _stuck(LOOP_STUCK, loop_ms, now_ms - LOOP_STUCK_MS, words.REASON_STUCK_LOOP, out)
    until_ms, stretch = _until(door, levels, now_ms, settings, release, mode, out)
    unmoved = int(door.unmoved)
    if release and not out.refused and not released:
        unmoved += 1
        if unmoved == settings.stuck_after:
            out.told |= CONTACT_STUCK
            out.events.append((words.EVENT_FAULT, words.REASON_STUCK_CONTACT))
    mode = mode or door.mode
    held = levels.fire or (released if _occupied(levels, settings) else mode in _HOLDING)
    was_held = door.relay == HOLD
    if was_held and not held:
        until_ms = max(until_ms, now_ms)
    relay = HOLD if held else PULSE if now_ms < until_ms else LOCK
    if relay != door.relay:
        out.relay = relay
    elif relay != PULSE:
        out.relay = KEEP
    if out.relay == PULSE:
        out.pulse_ms = until_ms - now_ms
    _alarm_inputs(door, levels, out)
    if levels.contact != door.levels.contact:
        unmoved = 0
        out.told &= ~(CONTACT_STUCK | WARNED)
        _moved(levels, held or now_ms < until_ms + GRACE_MS, out)
    opened_ms = _open(door, levels, now_ms, held or was_held, settings, stretch, out)
    ajar_ms = _ajar(door, levels, now_ms, held, until_ms, out)
    out.alarms &= ~words.ALARM_FAULT
    if out.told & (REX_STUCK | CONTACT_STUCK | LOOP_STUCK):
        out.alarms |= words.ALARM_FAULT
    since = opened_ms, ajar_ms, rex_ms, loop_ms
    return Door(mode, levels, relay, until_ms, *since, stretch, unmoved, out.told, out.alarms), out


def due_ms(door: Door, settings: Settings) -> int:
    """When time alone changes something, or -1."""
    due = []
    if door.relay == PULSE:
        due.append(door.until_ms)
    if door.rex_ms >= 0 and not door.told & REX_STUCK:
        due.append(door.rex_ms + REX_STUCK_MS)
    if door.loop_ms >= 0 and not door.told & LOOP_STUCK:
        due.append(door.loop_ms + LOOP_STUCK_MS)
    if door.ajar_ms >= 0 and not door.alarms & words.ALARM_AJAR:
        due.append(door.ajar_ms + AJAR_MS)
    if door.opened_ms >= 0 and door.relay != HOLD and not door.alarms & _OPEN_ALARMS:
        too_long_ms = door.opened_ms + settings.open_too_long_ms * door.stretch
        due.append(too_long_ms if door.told & WARNED else too_long_ms - settings.warning_ms)
    return int(min(due)) if due else -1


def is_released(door: Door, now_ms: int) -> bool:
    """The relay is energised."""
    return bool(door.relay == HOLD or now_ms < door.until_ms)


def physical(door: Door, now_ms: int) -> int:
    """DoorPhysicalState."""
    if door.told & CONTACT_STUCK:
        return words.DOOR_FAULT
    if door.levels.contact:
        return words.DOOR_PROPPED if door.alarms & words.ALARM_OPEN_TOO_LONG else words.DOOR_OPEN
    return words.DOOR_AJAR if 0 <= door.ajar_ms <= now_ms else words.DOOR_CLOSED


def lock(door: Door, now_ms: int) -> int:
    """LockPhysicalState. A button that is stuck is wired to the lock as well: locked by this relay, it may be open."""
    if is_released(door, now_ms):
        return words.LOCK_UNLOCKED
    return words.LOCK_FAULT if door.told & REX_STUCK else words.LOCK_LOCKED


def _occupied(levels: Levels, settings: Settings) -> bool:
    """A vehicle stands in a barrier's loop: what is down stays down, what is up stays up."""
    return bool(settings.barrier and levels.loop)


def _since(active: bool, before_ms: int, now_ms: int) -> int:
    """Since when an input is active; -1: it is not."""
    if not active:
        return -1
    return int(before_ms) if before_ms >= 0 else now_ms


def _stuck(fault: int, since_ms: int, from_ms: int, reason: int, out: Outcome) -> None:
    """What is active since before `from_ms` is stuck: told once, until it is over."""
    if since_ms < 0:
        out.told &= ~fault
    elif since_ms <= from_ms and not out.told & fault:
        out.told |= fault
        out.events.append((words.EVENT_FAULT, reason))


def _until(
    door: Door, levels: Levels, now_ms: int, settings: Settings, release: int, mode: int, out: Outcome
) -> "tuple[int, int]":
    """(the release's end, how far its times are stretched) after what was asked, pressed and closed."""
    until_ms, stretch, given = int(door.until_ms), int(door.stretch), 0
    if door.opened_ms < 0 and now_ms >= until_ms + GRACE_MS:
        stretch = 1
    if mode in _DENYING:
        until_ms = min(until_ms, now_ms)
    if release:
        out.refused = _refusal(mode or door.mode, levels, settings)
        given = 0 if out.refused else release
    if levels.rex and not door.levels.rex:
        reason = words.REASON_LOOP_OCCUPIED if _occupied(levels, settings) else words.REASON_NONE
        out.events.append((words.EVENT_REQUEST_TO_EXIT, reason))
        given = max(given, 0 if reason else 1)
    if given:
        out.relay = PULSE  # also when it lasts no longer: every release drives the relay
        if given > stretch:
            out.told &= ~WARNED  # of another time
        return max(until_ms, now_ms + settings.release_ms * given), max(stretch, given)
    if door.levels.contact and not levels.contact and until_ms > now_ms + RELOCK_MS:
        out.relay, until_ms = PULSE, now_ms + RELOCK_MS
    return until_ms, stretch


def _refusal(mode: int, levels: Levels, settings: Settings) -> int:
    """Why a credential or command gets no release. Buttons and fire ask nobody: egress is not locked in."""
    if mode in _DENYING:
        return words.REASON_LOCKED_DOWN
    if _occupied(levels, settings):
        return words.REASON_LOOP_OCCUPIED
    return words.REASON_INTERLOCKED if levels.interlock else words.REASON_NONE


def _alarm_inputs(door: Door, levels: Levels, out: Outcome) -> None:
    if levels.fire and not door.levels.fire:
        out.events.append((words.EVENT_FIRE, words.REASON_NONE))
    if not levels.tamper:
        out.alarms &= ~words.ALARM_TAMPER
    elif not door.levels.tamper:
        out.raised(words.ALARM_TAMPER, words.EVENT_TAMPER)


def _moved(levels: Levels, permitted: bool, out: Outcome) -> None:
    """The door was opened or closed. Whoever holds a button that works may open."""
    if not levels.contact:
        out.alarms &= ~_OPEN_ALARMS
        out.events.append((words.EVENT_DOOR_CLOSED, words.REASON_NONE))
        return
    out.events.append((words.EVENT_DOOR_OPENED, words.REASON_NONE))
    if not permitted and (not levels.rex or out.told & REX_STUCK):
        out.raised(words.ALARM_FORCED_OPEN, words.EVENT_FORCED_OPEN)


def _open(door: Door, levels: Levels, now_ms: int, held: bool, settings: Settings, stretch: int, out: Outcome) -> int:
    """Since when it is open; its time to close begins when nothing holds it open any more. Forced is forced."""
    if not levels.contact:
        return -1
    opened_ms = int(door.opened_ms) if door.levels.contact else now_ms
    if out.alarms & words.ALARM_FORCED_OPEN:
        return opened_ms
    if held:
        out.alarms &= ~words.ALARM_OPEN_TOO_LONG
        out.told &= ~WARNED
        return now_ms
    left_ms = opened_ms + settings.open_too_long_ms * stretch - now_ms
    if out.alarms & words.ALARM_OPEN_TOO_LONG:
        return opened_ms
    if left_ms <= 0:
        out.raised(words.ALARM_OPEN_TOO_LONG, words.EVENT_OPEN_TOO_LONG)
    elif left_ms <= settings.warning_ms and not out.told & WARNED:
        out.told |= WARNED
        out.events.append((words.EVENT_OPEN_TOO_LONG_WARNING, words.REASON_NONE))
    return opened_ms


def _ajar(door: Door, levels: Levels, now_ms: int, held: bool, until_ms: int, out: Outcome) -> int:
    """Since when, or from when on, it is shut and locked without its bolt home."""
    if levels.contact or held or not levels.bolt:
        out.alarms &= ~words.ALARM_AJAR
        return -1
    ajar_ms = max(min(door.ajar_ms, now_ms) if door.ajar_ms >= 0 else now_ms, until_ms)
    if now_ms < ajar_ms + AJAR_MS:
        out.alarms &= ~words.ALARM_AJAR
    elif not out.alarms & words.ALARM_AJAR:
        out.raised(words.ALARM_AJAR, words.EVENT_AJAR)
    return ajar_ms
