"""The door state machine: stories at the times a door has. `test_door_search.py` looks at everything else."""

from doorlogic import door as machine
from doorlogic.door import INPUTS, RESTING, Door, Levels, Outcome, Settings, step
from doorwire import vocabulary as words

SETTINGS = Settings(5_000, 30_000, 10_000, 20, False)
BARRIER = Settings(5_000, 30_000, 10_000, 20, True)
LOCKED = machine.initial(words.MODE_LOCKED)
NONE, FAULT = words.REASON_NONE, words.EVENT_FAULT


def active(*names: str) -> Levels:
    """These inputs active, the others not."""
    return Levels(*[name in names for name in INPUTS])


OPEN, REX, FIRE, LOOP, BOLT = active("contact"), active("rex"), active("fire"), active("loop"), active("bolt")


def kinds(out: Outcome) -> "list[int]":
    """The events' kinds."""
    return [kind for kind, _ in out.events]


def opened(at_ms: int = 1_000, release: int = 1) -> Door:
    """Released at 0, opened then."""
    door, _ = step(LOCKED, RESTING, 0, SETTINGS, release)
    return step(door, OPEN, at_ms, SETTINGS)[0]


def test_door_released_opened_closed_relocks_early() -> None:
    door, out = step(LOCKED, RESTING, 1_000, SETTINGS, 1)
    assert (out.relay, out.pulse_ms, out.refused) == (machine.PULSE, 5_000, NONE)
    assert machine.lock(door, 5_999) == words.LOCK_UNLOCKED and machine.lock(door, 6_000) == words.LOCK_LOCKED
    door, out = step(door, OPEN, 2_000, SETTINGS)
    assert out.relay == machine.KEEP and out.events == [(words.EVENT_DOOR_OPENED, NONE)]
    door, out = step(door, RESTING, 3_000, SETTINGS)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, 500)
    assert out.events == [(words.EVENT_DOOR_CLOSED, NONE)] and machine.lock(door, 3_500) == words.LOCK_LOCKED
    assert machine.due_ms(door, SETTINGS) == 3_500
    door, out = step(door, RESTING, 3_500, SETTINGS)
    assert out.relay == machine.LOCK and machine.due_ms(door, SETTINGS) == -1


def test_door_closing_late_in_a_release_does_not_lengthen_it() -> None:
    for now_ms in (4_500, 4_900):
        door, out = step(opened(2_000), RESTING, now_ms, SETTINGS)
        assert out.relay == machine.KEEP
    assert machine.lock(door, 4_999) == words.LOCK_UNLOCKED and machine.lock(door, 5_000) == words.LOCK_LOCKED


def test_door_a_second_grant_lengthens_and_a_shorter_one_does_not_shorten() -> None:
    door, out = step(LOCKED, RESTING, 1_000, SETTINGS, machine.EXTENDED)
    assert out.pulse_ms == 15_000
    door, out = step(door, RESTING, 2_000, SETTINGS, 1)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, 14_000)
    _, out = step(door, RESTING, 14_000, SETTINGS, 1)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, 5_000)


def test_door_opened_without_permission_is_forced_once() -> None:
    door, out = step(LOCKED, OPEN, 1_000, SETTINGS)
    assert kinds(out) == [words.EVENT_DOOR_OPENED, words.EVENT_FORCED_OPEN] and out.relay == machine.KEEP
    assert door.alarms == words.ALARM_FORCED_OPEN and machine.physical(door, 1_000) == words.DOOR_OPEN
    door, out = step(door, OPEN, 100_000, SETTINGS)
    assert kinds(out) == []
    door, out = step(door, RESTING, 101_000, SETTINGS)
    assert door.alarms == 0 and kinds(out) == [words.EVENT_DOOR_CLOSED]


def test_door_forced_in_the_first_second_after_boot_is_forced() -> None:
    for now_ms in (0, 3):
        door = machine.initial(words.MODE_LOCKED, RESTING, now_ms)
        assert words.EVENT_FORCED_OPEN in kinds(step(door, OPEN, now_ms, SETTINGS)[1])
    assert words.EVENT_FORCED_OPEN in kinds(step(LOCKED, OPEN, 0, SETTINGS)[1])


def test_door_counts_what_begins_with_the_clock() -> None:
    assert machine.due_ms(machine.initial(words.MODE_LOCKED, OPEN, 0), SETTINGS) == 20_000
    assert machine.due_ms(machine.initial(words.MODE_LOCKED, REX, 0), SETTINGS) == 120_000
    door, _ = step(LOCKED, BOLT, 0, SETTINGS)
    assert machine.physical(door, 0) == words.DOOR_AJAR and machine.due_ms(door, SETTINGS) == 10_000
    assert kinds(step(step(door, BOLT, 4_000, SETTINGS)[0], BOLT, 10_000, SETTINGS)[1]) == [words.EVENT_AJAR]
    door, _ = step(opened(0, machine.EXTENDED), OPEN, 16_000, SETTINGS)
    assert machine.due_ms(door, SETTINGS) == 80_000


def test_door_pulled_in_the_last_moment_is_not_forced() -> None:
    door, _ = step(LOCKED, RESTING, 1_000, SETTINGS, 1)
    door, _ = step(door, RESTING, 6_100, SETTINGS)
    assert kinds(step(door, OPEN, 6_999, SETTINGS)[1]) == [words.EVENT_DOOR_OPENED]
    assert words.EVENT_FORCED_OPEN in kinds(step(door, OPEN, 7_000, SETTINGS)[1])


def test_door_open_too_long_is_warned_of_told_once_and_propped() -> None:
    door = opened(1_000)
    door, _ = step(door, OPEN, 5_000, SETTINGS)
    assert machine.due_ms(door, SETTINGS) == 21_000 and machine.physical(door, 5_000) == words.DOOR_OPEN
    door, out = step(door, OPEN, 20_999, SETTINGS)
    assert kinds(out) == []
    door, out = step(door, OPEN, 21_000, SETTINGS)
    assert out.events == [(words.EVENT_OPEN_TOO_LONG_WARNING, NONE)] and door.alarms == 0
    assert machine.due_ms(door, SETTINGS) == 31_000
    door, out = step(door, OPEN, 30_999, SETTINGS)
    assert kinds(out) == []
    door, out = step(door, OPEN, 31_000, SETTINGS)
    assert out.events == [(words.EVENT_OPEN_TOO_LONG, NONE)] and machine.physical(door, 31_000) == words.DOOR_PROPPED
    assert door.alarms == words.ALARM_OPEN_TOO_LONG and machine.due_ms(door, SETTINGS) == -1
    door, out = step(door, OPEN, 99_000, SETTINGS)
    assert kinds(out) == []
    door, _ = step(door, RESTING, 99_001, SETTINGS)
    assert door.alarms == 0 and machine.physical(door, 99_001) == words.DOOR_CLOSED


def test_door_extended_release_may_stay_open_longer() -> None:
    door, _ = step(opened(1_000, machine.EXTENDED), OPEN, 15_000, SETTINGS)
    assert machine.due_ms(door, SETTINGS) == 1_000 + 3 * 30_000 - 10_000
    door, _ = step(door, RESTING, 40_000, SETTINGS)
    door, _ = step(door, RESTING, 50_000, SETTINGS, 1)
    door, _ = step(door, OPEN, 51_000, SETTINGS)
    assert step(door, OPEN, 81_000, SETTINGS)[0].alarms == words.ALARM_OPEN_TOO_LONG


def test_door_request_to_exit_releases_even_in_lockdown_and_interlocked() -> None:
    for mode in (words.MODE_LOCKED, words.MODE_LOCKED_DOWN, words.MODE_BLOCKED, words.MODE_TRIAL):
        door, out = step(machine.initial(mode), active("rex", "interlock"), 1_000, SETTINGS)
        assert (out.relay, out.pulse_ms) == (machine.PULSE, 5_000)
        assert out.events == [(words.EVENT_REQUEST_TO_EXIT, NONE)]
        _, out = step(door, active("rex", "interlock"), 1_100, SETTINGS)
        assert out.relay == machine.KEEP and kinds(out) == []


def test_door_stuck_button_is_a_fault_holds_nothing_and_hides_nothing() -> None:
    door, _ = step(LOCKED, REX, 1_000, SETTINGS)
    door, out = step(door, REX, 6_000, SETTINGS)
    assert out.relay == machine.LOCK and machine.due_ms(door, SETTINGS) == 121_000
    assert kinds(step(door, active("rex", "contact"), 100_000, SETTINGS)[1]) == [words.EVENT_DOOR_OPENED]
    door, out = step(door, REX, 120_999, SETTINGS)
    assert kinds(out) == [] and machine.lock(door, 120_999) == words.LOCK_LOCKED
    door, out = step(door, REX, 121_000, SETTINGS)
    assert out.events == [(FAULT, words.REASON_STUCK_REX)] and door.alarms == words.ALARM_FAULT
    assert machine.lock(door, 121_000) == words.LOCK_FAULT and machine.due_ms(door, SETTINGS) == -1
    assert words.EVENT_FORCED_OPEN in kinds(step(door, active("rex", "contact"), 200_000, SETTINGS)[1])
    door, out = step(door, RESTING, 300_000, SETTINGS)
    assert door.alarms == 0 and machine.lock(door, 300_000) == words.LOCK_LOCKED
    assert step(door, REX, 300_100, SETTINGS)[1].relay == machine.PULSE


def test_door_loop_that_stays_occupied_is_a_fault_of_a_barrier_until_it_is_free() -> None:
    door, _ = step(LOCKED, LOOP, 0, BARRIER)
    door, _ = step(door, LOOP, 1_000, BARRIER)
    assert machine.due_ms(door, BARRIER) == 600_000
    door, out = step(door, LOOP, 599_999, BARRIER)
    assert kinds(out) == [] and door.alarms == 0
    door, out = step(door, LOOP, 600_000, BARRIER)
    assert out.events == [(FAULT, words.REASON_STUCK_LOOP)] and door.alarms == words.ALARM_FAULT
    assert kinds(step(door, LOOP, 700_000, BARRIER)[1]) == [] and machine.due_ms(door, BARRIER) == -1
    assert step(door, RESTING, 700_000, BARRIER)[0].alarms == 0
    door, _ = step(LOCKED, LOOP, 1_000, SETTINGS)
    assert step(door, LOOP, 700_000, SETTINGS)[0].alarms == 0


def test_door_contact_that_never_moves_is_a_fault_until_it_does() -> None:
    door, now_ms = LOCKED, 0
    for n in range(1, 25):
        now_ms += 60_000
        door, out = step(door, RESTING, now_ms, SETTINGS, 1)
        assert out.events == ([(FAULT, words.REASON_STUCK_CONTACT)] if n == 20 else [])
        door, out = step(door, RESTING, now_ms + 1_000, SETTINGS, 1)  # shown twice: one release
        assert out.events == []
        door, _ = step(door, RESTING, now_ms + 10_000, SETTINGS)
    assert door.alarms == words.ALARM_FAULT and machine.physical(door, now_ms) == words.DOOR_FAULT
    door, _ = step(door, RESTING, now_ms + 60_000, SETTINGS, 1)
    door, _ = step(door, OPEN, now_ms + 61_000, SETTINGS)
    assert door.alarms == 0 and machine.physical(door, now_ms + 61_000) == words.DOOR_OPEN


def test_door_fire_holds_until_it_ends_in_every_mode() -> None:
    for mode in (words.MODE_LOCKED, words.MODE_LOCKED_DOWN, words.MODE_BLOCKED, words.MODE_TRIAL):
        door, out = step(machine.initial(mode), FIRE, 1_000, SETTINGS)
        assert out.relay == machine.HOLD and out.events == [(words.EVENT_FIRE, NONE)]
        door, out = step(door, FIRE, 900_000, SETTINGS)
        assert out.relay == machine.KEEP and machine.lock(door, 900_000) == words.LOCK_UNLOCKED
        assert step(door, RESTING, 900_001, SETTINGS)[1].relay == machine.LOCK


def test_door_unlocked_mode_holds_raises_nothing_and_locks_again() -> None:
    door, out = step(LOCKED, RESTING, 0, SETTINGS, mode=words.MODE_UNLOCKED)
    assert out.relay == machine.HOLD
    door, out = step(door, OPEN, 1_000, SETTINGS)
    assert kinds(out) == [words.EVENT_DOOR_OPENED] and machine.due_ms(door, SETTINGS) == -1
    door, out = step(door, OPEN, 500_000, SETTINGS, mode=words.MODE_LOCKED)
    assert out.relay == machine.LOCK and kinds(out) == []
    assert machine.due_ms(door, SETTINGS) == 520_000  # from now on it may not stay open


def test_door_that_boots_in_a_holding_mode_holds_at_its_first_step() -> None:
    for mode in (words.MODE_UNLOCKED, words.MODE_LOCKED_OPEN):
        door = machine.initial(mode, RESTING, 500)
        assert machine.lock(door, 500) == words.LOCK_LOCKED
        assert step(door, RESTING, 500, SETTINGS)[1].relay == machine.HOLD


def test_door_found_open_and_pressed_at_boot_is_not_forced_and_releases_nothing() -> None:
    levels = active("contact", "rex", "tamper", "fire")
    door, out = step(machine.initial(words.MODE_LOCKED, levels, 700), active("contact", "rex"), 710, SETTINGS)
    assert out.events == [] and out.relay == machine.KEEP and door.alarms == 0
    assert machine.due_ms(door, SETTINGS) == 700 + 20_000
    door, out = step(machine.initial(words.MODE_LOCKED, levels, 700), levels, 710, SETTINGS)
    assert kinds(out) == [words.EVENT_FIRE, words.EVENT_TAMPER] and out.relay == machine.HOLD


def test_door_lockdown_ends_a_release_at_once_and_refuses_the_next() -> None:
    for mode in (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED):
        door, _ = step(LOCKED, RESTING, 1_000, SETTINGS, 1)
        door, out = step(door, RESTING, 2_000, SETTINGS, mode=mode)
        assert out.relay == machine.LOCK and machine.lock(door, 2_000) == words.LOCK_LOCKED
        assert step(LOCKED, RESTING, 2_100, SETTINGS, 1, mode)[1].refused == words.REASON_LOCKED_DOWN
        _, out = step(door, RESTING, 2_100, SETTINGS, 1)
        assert (out.relay, out.refused) == (machine.KEEP, words.REASON_LOCKED_DOWN)
        assert kinds(step(door, OPEN, 2_999, SETTINGS)[1]) == [words.EVENT_DOOR_OPENED]
        assert words.EVENT_FORCED_OPEN in kinds(step(door, OPEN, 3_000, SETTINGS)[1])


def test_door_a_release_outlasts_a_fire_that_ends() -> None:
    door, _ = step(LOCKED, FIRE, 1_000, SETTINGS)
    door, out = step(door, FIRE, 2_000, SETTINGS, 1)
    assert out.relay == machine.KEEP
    _, out = step(door, RESTING, 3_000, SETTINGS)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, 4_000)


def test_door_interlocked_refuses_until_its_partner_is_secure() -> None:
    partner = active("interlock")
    door, out = step(LOCKED, partner, 1_000, SETTINGS)
    door, out = step(door, partner, 1_000, SETTINGS, 1)
    assert (out.refused, out.relay) == (words.REASON_INTERLOCKED, machine.KEEP)
    assert step(door, RESTING, 2_000, SETTINGS, 1)[1].relay == machine.PULSE


def test_barrier_never_pulses_over_a_vehicle() -> None:
    door, out = step(LOCKED, LOOP, 1_000, BARRIER, 1)
    assert (out.refused, out.relay) == (words.REASON_LOOP_OCCUPIED, machine.KEEP)
    door, out = step(door, active("rex", "loop"), 2_000, BARRIER)
    assert out.events == [(words.EVENT_REQUEST_TO_EXIT, words.REASON_LOOP_OCCUPIED)] and out.relay == machine.KEEP
    _, out = step(door, RESTING, 3_000, BARRIER, 1)
    assert (out.refused, out.relay) == (NONE, machine.PULSE)
    assert step(LOCKED, LOOP, 1_000, SETTINGS, 1)[1].relay == machine.PULSE  # a door has no loop


def test_barrier_unlocked_under_a_vehicle_waits_for_it_and_stays_open_over_the_next() -> None:
    door, out = step(LOCKED, LOOP, 1_000, BARRIER)
    door, out = step(door, LOOP, 1_000, BARRIER, mode=words.MODE_UNLOCKED)
    assert out.relay == machine.KEEP and machine.lock(door, 1_000) == words.LOCK_LOCKED
    door, out = step(door, RESTING, 5_000, BARRIER)
    assert out.relay == machine.HOLD
    door, out = step(door, LOOP, 6_000, BARRIER)
    assert out.relay == machine.KEEP and machine.lock(door, 6_000) == words.LOCK_UNLOCKED


def test_barrier_that_was_raised_stays_up_over_a_vehicle_and_comes_down_behind_it() -> None:
    up, _ = step(LOCKED, RESTING, 1_000, BARRIER, 1)
    under, out = step(up, LOOP, 3_000, BARRIER)
    assert out.relay == machine.HOLD and machine.due_ms(under, BARRIER) == 3_000 + machine.LOOP_STUCK_MS
    under, out = step(under, LOOP, 60_000, BARRIER, mode=words.MODE_LOCKED_DOWN)
    assert out.relay == machine.KEEP and machine.lock(under, 60_000) == words.LOCK_UNLOCKED
    _, out = step(under, RESTING, 61_000, BARRIER)
    assert out.relay == machine.LOCK
    quick, _ = step(up, LOOP, 3_000, BARRIER)
    _, out = step(quick, RESTING, 4_000, BARRIER)
    assert (out.relay, out.pulse_ms) == (machine.PULSE, 2_000)  # what is left of its time
    _, out = step(step(LOCKED, RESTING, 1_000, SETTINGS, 1)[0], LOOP, 3_000, SETTINGS)
    assert out.relay == machine.KEEP  # a door has no loop


def test_door_whose_bolt_does_not_come_home_is_ajar() -> None:
    door, _ = step(LOCKED, BOLT, 1_000, SETTINGS, 1)
    assert machine.physical(door, 5_999) == words.DOOR_CLOSED and machine.physical(door, 6_000) == words.DOOR_AJAR
    door, out = step(door, BOLT, 6_000, SETTINGS)
    assert machine.due_ms(door, SETTINGS) == 16_000
    door, out = step(door, BOLT, 15_999, SETTINGS)
    assert kinds(out) == []
    door, out = step(door, BOLT, 16_000, SETTINGS)
    assert out.events == [(words.EVENT_AJAR, NONE)] and door.alarms == words.ALARM_AJAR
    assert kinds(step(door, BOLT, 90_000, SETTINGS)[1]) == []
    assert step(door, RESTING, 90_000, SETTINGS)[0].alarms == 0
    door, _ = step(door, BOLT, 90_000, SETTINGS, 1)
    assert door.alarms == 0 and machine.physical(door, 90_001) == words.DOOR_CLOSED


def test_door_tamper_is_told_and_clears() -> None:
    door, out = step(LOCKED, active("tamper"), 1_000, SETTINGS)
    assert out.events == [(words.EVENT_TAMPER, NONE)] and door.alarms == words.ALARM_TAMPER
    door, out = step(door, active("tamper"), 1_500, SETTINGS)
    assert out.events == [] and door.alarms == words.ALARM_TAMPER
    door, out = step(door, RESTING, 2_000, SETTINGS)
    assert kinds(out) == [] and door.alarms == 0
