"""What a door has to do, said a second time and in another way than `doorlogic/door.py`: no points in time, only how
long things have lasted, how much of a release is left, and what follows from that.
"""

from collections import namedtuple

from doorlogic.door import Levels
from doorwire import vocabulary as words

# How long things last, and `barrier`. All in the same unit.
Times = namedtuple(
    "Times",
    (
        "release",
        "too_long",
        "warning",
        "stuck_after",
        "barrier",
        "relock",
        "grace",
        "ajar",
        "rex_stuck",
        "loop_stuck",
        "longest",
    ),
)
# `left` of a release; `since` it ended, `grace` at most; how long the button is `pressed`, the door `open_for` and
# `ajar_for`, a barrier's loop `occupied_for`, -1: not; `unmoved`: releases since the contact moved; `late`: open too
# long, as told.
Facts = namedtuple(
    "Facts",
    (
        "mode",
        "levels",
        "held",
        "left",
        "since",
        "pressed",
        "open_for",
        "forced",
        "late",
        "warned",
        "stretch",
        "unmoved",
        "ajar_for",
        "occupied_for",
    ),
)
# What the outside sees after a step. `due`: after how long something happens of itself, or -1. `risen`: the relay.
Seen = namedtuple("Seen", ("refused", "events", "alarms", "physical", "lock", "due", "left"))

HELD = -1  # `Seen.left`: no end
_HOLD = (words.MODE_UNLOCKED, words.MODE_LOCKED_OPEN)
_DENY = (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED)


def at_boot(mode: int, levels: Levels, times: Times) -> Facts:
    """The door as it is found."""
    found = Levels(levels.contact, levels.rex, False, False, False, False, False)
    pressed, open_for = 0 if found.rex else -1, 0 if found.contact else -1
    return Facts(mode, found, False, 0, times.grace, pressed, open_for, False, False, False, 1, 0, -1, -1)


def boots(levels: Levels, times: Times) -> "tuple[int, int, int]":
    """(physical, lock, due) of a door at boot, before its first step."""
    due = [times.rex_stuck] if levels.rex else []
    due += [times.too_long - times.warning] if levels.contact else []
    return words.DOOR_OPEN if levels.contact else words.DOOR_CLOSED, words.LOCK_LOCKED, min(due) if due else -1


def later(facts: Facts, dt: int, times: Times) -> Facts:
    """The same after some time in which nobody did anything."""
    mode, levels, held, left, since, pressed, open_for, forced, late, warned, stretch, unmoved, ajar, occupied = facts
    locked = dt - min(dt, left)
    if pressed >= 0:
        pressed = min(pressed + dt, times.rex_stuck)
    if open_for >= 0 and not (held and not forced):
        open_for = min(open_for + dt, times.too_long * times.longest)
    if ajar >= 0:
        ajar = min(ajar + locked, times.ajar)
    if occupied >= 0:
        occupied = min(occupied + dt, times.loop_stuck)
    since = min(since + locked, times.grace)
    left -= min(dt, left)
    lasting = pressed, open_for, forced, late, warned, stretch, unmoved, ajar, occupied
    return Facts(mode, levels, held, left, since, *lasting)


def then(was: Facts, now: Facts, levels: Levels, release: int, mode: int, times: Times) -> "tuple[Facts, Seen]":
    """`was`: as the last step left it; `now`: the same `later`. What is asked, pressed and moved now."""
    moment = _Moment(was, now, levels, times)
    moment.asks(release, mode)
    moment.releases(mode)
    moment.stays(release)
    moment.moves()
    moment.reports()
    return moment.facts(), moment.seen()


class _Moment:
    """One step: from the facts before it to those after it, question by question."""

    def __init__(self, was: Facts, now: Facts, levels: Levels, times: Times) -> None:
        self.was, self.now, self.levels, self.times = was, now, levels, times
        self.events: list[tuple[int, int]] = []
        self.energised = now.held or now.left > 0
        self.occupied = times.barrier and levels.loop
        self.opening = levels.contact and not now.levels.contact
        self.closing = now.levels.contact and not levels.contact

    def says(self, happens: bool, kind: int, reason: int = words.REASON_NONE) -> None:
        """An event, if it happens."""
        if happens:
            self.events.append((kind, reason))

    def asks(self, release: int, mode: int) -> None:
        """Who wants it released, how far, and who is refused why."""
        levels, now, refused = self.levels, self.now, words.REASON_NONE
        self.mode = mode or now.mode
        for reason, applies in (
            (words.REASON_INTERLOCKED, levels.interlock),
            (words.REASON_LOOP_OCCUPIED, self.occupied),
            (words.REASON_LOCKED_DOWN, self.mode in _DENY),
        ):
            refused = reason if release and applies else refused
        self.refused, self.given = refused, 0 if refused else release
        press = levels.rex and not now.levels.rex
        self.says(press, words.EVENT_REQUEST_TO_EXIT, words.REASON_LOOP_OCCUPIED if self.occupied else 0)
        if press and not self.occupied:
            self.given = max(self.given, 1)
        self.pressed = (0 if press else now.pressed) if levels.rex else -1
        self.rex_fault = self.pressed >= self.times.rex_stuck
        self.says(self.rex_fault and self.was.pressed < self.times.rex_stuck, words.EVENT_FAULT, words.REASON_STUCK_REX)
        self.occupied_for = max(now.occupied_for, 0) if self.occupied else -1
        self.loop_fault = self.occupied_for >= self.times.loop_stuck
        tells = self.loop_fault and self.was.occupied_for < self.times.loop_stuck
        self.says(tells, words.EVENT_FAULT, words.REASON_STUCK_LOOP)

    def releases(self, mode: int) -> None:
        """How much of a release is left, how long ago it ended, whether it is held."""
        now, left, since = self.now, self.now.left, self.now.since
        if mode in _DENY:
            left, since = 0, 0 if left else since
        if self.given:
            left = max(left, self.given * self.times.release)
        elif self.closing:
            left = min(left, self.times.relock)
        self.held = self.levels.fire or (self.occupied and self.energised)
        self.held = self.held or (self.mode in _HOLD and not self.occupied)
        self.left, self.since = left, 0 if left or (now.held and not self.held) else since

    def stays(self, release: int) -> None:
        """How long it may stay open, and whether the contact can be believed."""
        now, times = self.now, self.times
        forgotten = now.open_for < 0 and not now.left and now.since >= times.grace
        self.stretch = max(self.given, 1 if forgotten else now.stretch)
        self.unmoved, self.stuck = now.unmoved, 0 < times.stuck_after <= now.unmoved
        if release and not self.refused and not self.energised and times.stuck_after and not self.stuck:
            self.unmoved += 1
            self.stuck = self.unmoved == times.stuck_after
            self.says(self.stuck, words.EVENT_FAULT, words.REASON_STUCK_CONTACT)
        if self.opening or self.closing:
            self.unmoved, self.stuck = 0, False

    def moves(self) -> None:
        """Its leaf: opened, closed, forced, open too long."""
        now, times = self.now, self.times
        open_for, forced, late, warned = now.open_for, now.forced, now.late, now.warned and self.stretch == now.stretch
        self.says(self.opening, words.EVENT_DOOR_OPENED)
        self.says(self.closing, words.EVENT_DOOR_CLOSED)
        if self.opening:
            by_button = self.levels.rex and not self.rex_fault
            open_for, forced = 0, not (self.held or self.left or self.since < times.grace or by_button)
            self.says(forced, words.EVENT_FORCED_OPEN)
        if self.closing:
            open_for, forced, late, warned = -1, False, False, False
        if open_for >= 0 and not forced and (self.held or now.held):
            open_for, late, warned = 0, False, False
        remaining = times.too_long * self.stretch - open_for
        if open_for >= 0 and not forced and not self.held and not late:
            late = remaining <= 0
            warns = not late and not warned and remaining <= times.warning
            self.says(late, words.EVENT_OPEN_TOO_LONG)
            self.says(warns, words.EVENT_OPEN_TOO_LONG_WARNING)
            warned = warned or warns
        self.open_for, self.forced, self.late, self.warned = open_for, forced, late, warned

    def reports(self) -> None:
        """Its bolt, and the inputs that are only told."""
        levels, now, ajar = self.levels, self.now, self.times.ajar
        self.ajar_for = -1
        if levels.bolt and not levels.contact and not self.held:
            self.ajar_for = 0 if self.left else max(now.ajar_for, 0)
        self.says(self.ajar_for >= ajar > self.was.ajar_for, words.EVENT_AJAR)
        self.says(levels.fire and not now.levels.fire, words.EVENT_FIRE)
        self.says(levels.tamper and not now.levels.tamper, words.EVENT_TAMPER)

    def facts(self) -> Facts:
        """The facts after it."""
        return Facts(
            self.mode,
            self.levels,
            self.held,
            self.left,
            self.since,
            self.pressed,
            self.open_for,
            self.forced,
            self.late,
            self.warned,
            self.stretch,
            self.unmoved,
            self.ajar_for,
            self.occupied_for,
        )

    def seen(self) -> Seen:
        """What these facts look like from outside."""
        energised = self.held or self.left > 0
        alarms = words.ALARM_FORCED_OPEN if self.forced else 0
        alarms += words.ALARM_OPEN_TOO_LONG if self.late else 0
        alarms += words.ALARM_TAMPER if self.levels.tamper else 0
        alarms += words.ALARM_AJAR if self.ajar_for >= self.times.ajar else 0
        alarms += words.ALARM_FAULT if self.stuck or self.rex_fault or self.loop_fault else 0
        if self.levels.contact:
            physical = words.DOOR_PROPPED if self.late else words.DOOR_OPEN
        else:
            physical = words.DOOR_AJAR if self.ajar_for >= 0 and not energised else words.DOOR_CLOSED
        physical = words.DOOR_FAULT if self.stuck else physical
        lock = words.LOCK_UNLOCKED if energised else words.LOCK_FAULT if self.rex_fault else words.LOCK_LOCKED
        left = HELD if self.held else self.left
        return Seen(self.refused, sorted(self.events), alarms, physical, lock, self.due(), left)

    def due(self) -> int:
        """After how long something happens of itself."""
        times, due = self.times, []
        if self.left and not self.held:
            due.append(self.left)
        if 0 <= self.pressed < times.rex_stuck:
            due.append(times.rex_stuck - self.pressed)
        if 0 <= self.occupied_for < times.loop_stuck:
            due.append(times.loop_stuck - self.occupied_for)
        if 0 <= self.ajar_for < times.ajar:
            due.append(self.left + times.ajar - self.ajar_for)
        if self.open_for >= 0 and not (self.held or self.forced or self.late):
            due.append(times.too_long * self.stretch - self.open_for - (0 if self.warned else times.warning))
        return min(due) if due else -1
