"""A boot's worth: confirmed, undone, safe; and the record that says so."""

import loader
from device import proof
from device.proof import LASTS_S, LINK_S, SAFE_AFTER, SAFE_S, Proof
from device.tests.desk import scratch
from doorwire import vocabulary as words

STARTED = (words.EVENT_UPDATE_STARTED, words.REASON_NONE)
CONFIRMED = (words.EVENT_UPDATE_CONFIRMED, words.REASON_NONE)


class Boots:
    """A board that boots again and again; `told` has what each boot journalled."""

    def __init__(self, trial: bool = False, faults: int = 0) -> None:
        self.folder = scratch()
        self.told: list[tuple[int, int]] = []
        record = loader.Record(self.folder)
        record.active, record.trial, record.faults = int(trial), int(trial), faults
        record.write()
        self.proof: Proof | None = None

    @property
    def record(self) -> loader.Record:
        return loader.Record(self.folder)

    def boot(self, reset: int = words.RESET_POWER_ON) -> Proof:
        """The loader's part, then the application's."""
        record = self.record
        loader.choose(record)
        record.write()
        found = Proof(lambda kind, reason, number: self.told.append((kind, reason)), 3, self.folder)
        found.tell(reset)
        self.proof = found
        return found

    def live(self, until_s: int, faults: int = 0, failures: int = 0, linked: bool = True) -> bool:
        """Second after second: whether a restart was wanted, which then is made."""
        assert self.proof is not None
        for uptime_s in range(until_s + 1):
            if self.proof.second(uptime_s, faults, failures, linked):
                self.proof.restarting()
                return True
        return False


def test_record_survives_and_a_damaged_one_is_slot_a() -> None:
    folder = scratch()
    record = loader.Record(folder)
    assert (record.active, record.trial, record.floor) == (0, 0, 0)
    record.active, record.trial, record.passed, record.bad, record.why, record.asked = 1, 2, 1, 200, 44, 2
    record.faults, record.floor = 3, 70_000
    assert record.write()
    again = loader.Record(folder)
    assert again.to_bytes() == record.to_bytes() and (again.active, again.bad, again.floor) == (1, 200, 70_000)
    whole = record.to_bytes()
    for damaged in [whole[:n] for n in range(len(whole))] + [
        whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :] for n in range(len(whole))
    ]:
        with open(folder + loader.RECORD, "wb") as file:
            file.write(damaged)
        assert loader.Record(folder).to_bytes() == loader.Record(scratch()).to_bytes()


def test_trial_passes_twice_and_is_confirmed_with_its_rollback_number() -> None:
    boots = Boots(trial=True)
    boots.boot()
    assert boots.told == [STARTED]
    assert not boots.live(LASTS_S - 1)
    assert boots.live(LASTS_S) and boots.record.passed == 1
    boots.boot()
    assert not boots.live(LASTS_S)
    assert boots.told == [STARTED, CONFIRMED]
    record = boots.record
    assert (record.active, record.trial, record.passed, record.floor, record.bad) == (1, 0, 0, 3, 0)


def test_trial_that_never_lasts_is_undone_after_a_few_boots() -> None:
    boots = Boots(trial=True)
    for _ in range(loader.TRIAL_BOOTS):
        boots.boot()
        assert boots.record.active == 1 and not boots.live(LASTS_S - 1)
    boots.boot()
    undone = (words.EVENT_UPDATE_UNDONE, words.REASON_BAD_BOOTS)
    assert boots.told == [STARTED, undone] and boots.record.active == 0
    boots.boot()
    assert boots.told == [STARTED, undone]  # told once


def test_trial_that_passed_once_and_then_never_lasts_is_undone_too() -> None:
    boots = Boots(trial=True)
    boots.boot()
    assert boots.live(LASTS_S)
    for _ in range(loader.TRIAL_BOOTS):
        boots.boot()
    boots.boot()
    assert boots.told == [STARTED, (words.EVENT_UPDATE_UNDONE, words.REASON_BAD_BOOTS)] and boots.record.active == 0


def test_trial_with_a_new_fault_a_failed_task_or_no_link_is_undone_with_its_reason() -> None:
    for reason, faults, failures, linked, lived_s in (
        (words.REASON_SELF_TEST, 2, 0, True, 0),
        (words.REASON_EXCEPTION, 0, 1, True, 0),
        (words.REASON_TIMEOUT, 0, 0, False, LINK_S),
    ):
        boots = Boots(trial=True, faults=1)
        boots.boot()
        assert boots.live(lived_s, faults, failures, linked)
        assert (boots.record.active, boots.record.trial) == (0, 0)
        boots.boot()
        assert boots.told == [STARTED, (words.EVENT_UPDATE_UNDONE, reason)]


def test_trial_keeps_a_fault_that_the_one_before_had_and_waits_for_a_late_link() -> None:
    boots = Boots(trial=True, faults=1)
    found = boots.boot()
    assert not boots.live(LINK_S - 1, faults=1, linked=False)
    assert found.second(LINK_S - 1, 1, 0, True) and boots.record.active == 1


def test_safe_mode_after_bad_boots_ends_after_a_good_hour() -> None:
    boots = Boots()
    for _ in range(SAFE_AFTER):
        assert not boots.boot().safe
    assert boots.boot().safe and boots.told == [(words.EVENT_SAFE_MODE, words.REASON_BAD_BOOTS)]
    assert not boots.live(SAFE_S - 1) and boots.record.bad == SAFE_AFTER + 1
    assert boots.live(SAFE_S) and not boots.boot().safe


def test_safe_mode_ends_by_a_restart_that_was_asked_for_and_not_by_a_reset() -> None:
    boots = Boots()
    for _ in range(SAFE_AFTER + 2):
        found = boots.boot()
    assert found.safe and boots.boot().safe
    assert boots.proof is not None
    boots.proof.restarting()
    assert not boots.boot().safe


def test_a_boot_that_lasts_clears_the_count() -> None:
    boots = Boots()
    for _ in range(3 * SAFE_AFTER):
        assert not boots.boot().safe
        assert not boots.live(LASTS_S)
    assert boots.record.bad == 0 and boots.told == []


def test_the_other_slot_has_its_turns_when_even_safe_mode_does_not_last() -> None:
    boots = Boots()
    slots = []
    for _ in range(loader.OTHER_AFTER + 4):
        boots.boot()
        slots.append(boots.record.active)
    assert slots == [0] * loader.OTHER_AFTER + [1, 0, 1, 0]


def test_watchdog_and_exception_of_the_last_boot_are_told_once() -> None:
    boots = Boots()
    boots.boot(words.RESET_WATCHDOG)
    assert boots.told == [(words.EVENT_FAULT, words.REASON_WATCHDOG)]
    found = boots.boot()
    found.restarting()
    boots.boot(words.RESET_WATCHDOG)  # how an RP2040 calls a restart that was asked for
    assert len(boots.told) == 1
    with open(boots.folder + loader.ERROR, "wb") as file:
        file.write(b'Traceback (most recent call last):\n  File "app.py", line 77, in x\nValueError: y\n')
    boots.boot()
    boots.boot()
    assert boots.told[1:] == [(words.EVENT_FAULT, words.REASON_EXCEPTION)]


def test_line_of_an_error_is_the_innermost() -> None:
    assert proof.line_in(b'  File "a.py", line 12, in b\n  File "c.py", line 345, in d\nE: line x\n') == 345
    assert proof.line_in(b"E: nothing\n") == 0
