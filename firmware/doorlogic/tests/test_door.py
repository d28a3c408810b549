"""The door state machine: stories first, then every state against every input."""

from doorlogic import door as machine
from doorlogic.door import RESTING, Door, Levels, Outcome, Settings, step
from doorwire import vocabulary as words

SETTINGS = Settings(5_000, 30_000, False)
BARRIER = Settings(5_000, 30_000, True)
LOCKED = machine.initial(words.MODE_LOCKED)
OPEN = Levels(True, False, False, False, False)
REX = Levels(False, True, False, False, False)
FIRE = Levels(False, False, True, False, False)
LOOP = Levels(False, False, False, True, False)
TAMPER = Levels(False, False, False, False, True)


def kinds(out: Outcome) -> "list[int]":
    """The events' kinds."""
    return [kind for kind, _ in out.events]


def test_door_released_opened_closed_relocks_early() -> None:
    door, out = step(LOCKED, RESTING, 1_000, SETTINGS, 5_000)
    assert (out.relay, out.pulse_ms, out.refused) == (machine.PULSE, 5_000, 0)
    assert machine.lock(door, 1_001) == words.LOCK_UNLOCKED and machine.lock(door, 6_000) == words.LOCK_LOCKED
    door, out = step(door, OPEN, 2_000, SETTINGS)
    assert out.relay == machine.KEEP and kinds(out) == [words.EVENT_DOOR_OPENED]
    door, out = step(door, RESTING, 3_000, SETTINGS)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, machine.RELOCK_MS)
    assert kinds(out) == [words.EVENT_DOOR_CLOSED] and machine.lock(door, 3_500) == words.LOCK_LOCKED


def test_door_closing_late_in_a_release_does_not_lengthen_it() -> None:
    door, _ = step(LOCKED, RESTING, 1_000, SETTINGS, 5_000)
    door, _ = step(door, OPEN, 2_000, SETTINGS)
    door, out = step(door, RESTING, 5_900, SETTINGS)
    assert out.relay == machine.KEEP and machine.lock(door, 6_001) == words.LOCK_LOCKED


def test_door_a_second_grant_lengthens_and_a_shorter_one_does_not_shorten() -> None:
    door, _ = step(LOCKED, RESTING, 1_000, SETTINGS, 15_000)
    _, out = step(door, RESTING, 2_000, SETTINGS, 5_000)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, 14_000)


def test_door_opened_without_permission_is_forced_once() -> None:
    door, out = step(LOCKED, OPEN, 1_000, SETTINGS)
    assert kinds(out) == [words.EVENT_DOOR_OPENED, words.EVENT_FORCED_OPEN] and out.relay == machine.KEEP
    assert door.alarms == words.ALARM_FORCED_OPEN
    door, out = step(door, OPEN, 100_000, SETTINGS)
    assert kinds(out) == []
    door, out = step(door, RESTING, 101_000, SETTINGS)
    assert door.alarms == 0 and kinds(out) == [words.EVENT_DOOR_CLOSED]


def test_door_pulled_in_the_last_moment_is_not_forced() -> None:
    door, _ = step(LOCKED, RESTING, 1_000, SETTINGS, 5_000)
    door, _ = step(door, RESTING, 6_100, SETTINGS)
    _, out = step(door, OPEN, 6_900, SETTINGS)
    assert kinds(out) == [words.EVENT_DOOR_OPENED]
    door, _ = step(door, RESTING, 7_001, SETTINGS)
    _, out = step(door, OPEN, 7_002, SETTINGS)
    assert words.EVENT_FORCED_OPEN in kinds(out)


def test_door_open_too_long_is_told_once_and_propped() -> None:
    door, _ = step(LOCKED, RESTING, 0, SETTINGS, 5_000)
    door, _ = step(door, OPEN, 1_000, SETTINGS)
    assert machine.due_ms(door, SETTINGS) == 31_000 and machine.physical(door) == words.DOOR_OPEN
    door, out = step(door, OPEN, 30_999, SETTINGS)
    assert kinds(out) == []
    door, out = step(door, OPEN, 31_000, SETTINGS)
    assert kinds(out) == [words.EVENT_OPEN_TOO_LONG] and machine.physical(door) == words.DOOR_PROPPED
    assert machine.due_ms(door, SETTINGS) == -1
    door, out = step(door, OPEN, 99_000, SETTINGS)
    assert kinds(out) == []
    door, _ = step(door, RESTING, 99_001, SETTINGS)
    assert door.alarms == 0 and machine.physical(door) == words.DOOR_CLOSED


def test_door_request_to_exit_releases_even_in_lockdown() -> None:
    for mode in (words.MODE_LOCKED, words.MODE_LOCKED_DOWN, words.MODE_BLOCKED, words.MODE_TRIAL):
        door, out = step(machine.initial(mode), REX, 1_000, SETTINGS)
        assert (out.relay, out.pulse_ms) == (machine.PULSE, 5_000) and kinds(out) == [words.EVENT_REQUEST_TO_EXIT]
        _, out = step(door, REX, 1_100, SETTINGS)
        assert out.relay == machine.KEEP and kinds(out) == []


def test_door_fire_holds_until_it_ends() -> None:
    door, out = step(LOCKED, FIRE, 1_000, SETTINGS)
    assert out.relay == machine.HOLD and kinds(out) == [words.EVENT_FIRE]
    door, out = step(door, FIRE, 900_000, SETTINGS)
    assert out.relay == machine.KEEP and machine.lock(door, 900_000) == words.LOCK_UNLOCKED
    _, out = step(door, RESTING, 900_001, SETTINGS)
    assert out.relay == machine.LOCK


def test_door_unlocked_mode_holds_raises_nothing_and_locks_again() -> None:
    door, out = step(LOCKED, RESTING, 0, SETTINGS, mode=words.MODE_UNLOCKED)
    assert out.relay == machine.HOLD
    door, out = step(door, OPEN, 1_000, SETTINGS)
    assert kinds(out) == [words.EVENT_DOOR_OPENED] and machine.due_ms(door, SETTINGS) == -1
    door, out = step(door, OPEN, 500_000, SETTINGS, mode=words.MODE_LOCKED)
    assert out.relay == machine.LOCK and kinds(out) == []
    assert machine.due_ms(door, SETTINGS) == 530_000  # from now on it may not stay open


def test_door_a_release_outlasts_a_fire_that_ends() -> None:
    door, _ = step(LOCKED, FIRE, 1_000, SETTINGS)
    door, out = step(door, FIRE, 2_000, SETTINGS, 5_000)
    assert out.relay == machine.KEEP
    _, out = step(door, RESTING, 3_000, SETTINGS)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, 4_000)


def test_barrier_never_pulses_over_a_vehicle() -> None:
    _, out = step(LOCKED, LOOP, 1_000, BARRIER, 5_000)
    assert (out.refused, out.relay) == (words.REASON_LOOP_OCCUPIED, machine.KEEP)
    door, _ = step(LOCKED, LOOP, 1_000, BARRIER)
    _, out = step(door, Levels(False, True, False, True, False), 2_000, BARRIER)
    assert (out.refused, out.relay) == (words.REASON_LOOP_OCCUPIED, machine.KEEP)
    _, out = step(door, RESTING, 3_000, BARRIER, 5_000)
    assert (out.refused, out.relay) == (0, machine.PULSE)
    assert step(LOCKED, LOOP, 1_000, SETTINGS, 5_000)[1].relay == machine.PULSE  # a door has no loop


def test_door_tamper_is_told_and_clears() -> None:
    door, out = step(LOCKED, TAMPER, 1_000, SETTINGS)
    assert kinds(out) == [words.EVENT_TAMPER] and door.alarms == words.ALARM_TAMPER
    door, out = step(door, RESTING, 2_000, SETTINGS)
    assert kinds(out) == [] and door.alarms == 0


def every_level() -> "list[Levels]":
    """All 16; tamper only reports and has its own test."""
    return [Levels(*[bool(bits >> i & 1) for i in range(5)]) for bits in range(16)]


def test_door_every_state_and_input_keeps_the_rules() -> None:
    """Breadth first from every mode over levels, requests, modes and steps of time; states equal but for time once."""
    explored = 0
    modes = (words.MODE_LOCKED, words.MODE_UNLOCKED, words.MODE_LOCKED_DOWN, words.MODE_TRIAL)
    for settings in (SETTINGS, BARRIER):
        seen: set[tuple[object, ...]] = set()
        todo = [(machine.initial(mode), 100_000) for mode in modes]
        while todo:
            door, now_ms = todo.pop()
            for wait_ms in (10, 700, 6_000, 31_000):
                for levels in every_level():
                    for release_ms, mode in ((0, 0), (5_000, 0), (0, words.MODE_LOCKED), (0, words.MODE_UNLOCKED)):
                        then_ms = now_ms + wait_ms
                        after, out = step(door, levels, then_ms, settings, release_ms, mode)
                        check(door, after, out, levels, then_ms, release_ms, settings)
                        explored += 1
                        key = relative(after, then_ms)
                        if key not in seen:
                            seen.add(key)
                            todo.append((after, then_ms))
    assert explored > 50_000


def relative(door: Door, now_ms: int) -> "tuple[object, ...]":
    """The state without absolute time, times in the classes that matter."""
    left_ms = door.released_until_ms - now_ms
    released = 0 if left_ms < -machine.GRACE_MS else 1 if left_ms <= 0 else 2 if left_ms <= machine.RELOCK_MS else 3
    return door.mode, door.levels, released, door.opened_ms >= 0, door.allowed, door.alarms


def check(
    door: Door, after: Door, out: Outcome, levels: Levels, now_ms: int, release_ms: int, settings: Settings
) -> None:
    """The rules that hold for every step."""
    rex = levels.rex and not door.levels.rex
    held, holding = machine.is_held(door), machine.is_held(after)
    if out.relay == machine.PULSE:
        closing = door.levels.contact and not levels.contact
        before = now_ms < door.released_until_ms
        assert release_ms or rex or (closing and before) or (held and not holding and before)
        assert 0 < out.pulse_ms <= max(settings.release_ms, door.released_until_ms - now_ms)
        if settings.barrier and levels.loop:
            assert before and out.pulse_ms <= door.released_until_ms - now_ms  # shortened at most
    if out.relay == machine.HOLD:
        assert holding and not held
    if held and not holding:
        assert out.relay in (machine.LOCK, machine.PULSE)
    forced = words.EVENT_FORCED_OPEN in kinds(out)
    opening = levels.contact and not door.levels.contact
    permitted = release_ms or rex or levels.rex or held or holding or now_ms < door.released_until_ms + machine.GRACE_MS
    if settings.barrier and levels.loop:
        permitted = levels.rex or held or holding or now_ms < door.released_until_ms + machine.GRACE_MS
    assert forced == bool(opening and not permitted)
    assert bool(after.alarms & words.ALARM_TAMPER) == levels.tamper
    if not levels.contact:
        assert not after.alarms & (words.ALARM_FORCED_OPEN | words.ALARM_OPEN_TOO_LONG) and after.opened_ms < 0
    if words.EVENT_OPEN_TOO_LONG in kinds(out):
        assert levels.contact and not holding and not door.alarms & words.ALARM_OPEN_TOO_LONG
