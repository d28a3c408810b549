"""What a boot is worth: whether it lasted, whether a firmware on trial proves itself, when safe mode ends.

A firmware on trial has to pass twice, a restart between: no fault that the one before did not have, no task that
failed, the link up, for `LASTS_S`. Otherwise the one before comes back. A link that stays down for `LINK_S` is a
failure too: a door nobody can reach could never be mended from afar.
"""

import loader
from device import flash
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LASTS_S = 60
LINK_S = 600
SAFE_S = 3600
SAFE_AFTER = 5  # boots in a row that did not last


class Proof:
    """`safe`: nothing optional may start. `record`(kind, reason, number) journals."""

    def __init__(self, record: "Callable[[int, int, int], None]", rollback: int, folder: str = "") -> None:
        self._journal = record
        self._rollback = rollback
        self._folder = folder
        self._done = False
        self.slots = loader.Record(folder)
        self._on_trial = self.slots.trial > 0
        self.safe = self.slots.bad > SAFE_AFTER

    def tell(self, reset_cause: int) -> None:
        """What the boots before this one left to tell."""
        slots = self.slots
        error = flash.read(self._folder + loader.ERROR)
        if error is not None:
            print("before this boot:", error.decode())
            self._journal(words.EVENT_FAULT, words.REASON_EXCEPTION, line_in(error))
            flash.remove(self._folder + loader.ERROR)
        elif reset_cause == words.RESET_WATCHDOG and slots.asked != 1:
            self._journal(words.EVENT_FAULT, words.REASON_WATCHDOG, 0)
        if slots.why:
            self._journal(words.EVENT_UPDATE_UNDONE, slots.why, 0)
            slots.why = 0
            slots.write()
        if slots.trial == 2 and not slots.passed:
            self._journal(words.EVENT_UPDATE_STARTED, words.REASON_NONE, 0)
        if self.safe:
            self._journal(words.EVENT_SAFE_MODE, words.REASON_BAD_BOOTS, slots.bad)

    def second(self, uptime_s: int, faults: int, failures: int, linked: bool) -> bool:
        """Once a second: whether to restart, which `restarting` is told of. `failures`: tasks that ended."""
        if self._done:
            return False
        if self._on_trial:
            return self._trial(uptime_s, faults, failures, linked)
        if uptime_s >= (SAFE_S if self.safe else LASTS_S):
            self._done = True
            if self.safe:
                return True
            self.slots.bad = 0
            self.slots.write()
        return False

    def restarting(self) -> None:
        """A restart is wanted, and not because the firmware hangs: the next boot starts with everything."""
        self.slots.bad = 0
        self.slots.asked = 2
        self.slots.write()

    def _trial(self, uptime_s: int, faults: int, failures: int, linked: bool) -> bool:
        slots = self.slots
        why = words.REASON_NONE
        if failures:
            why = words.REASON_EXCEPTION
        elif faults > slots.faults:
            why = words.REASON_SELF_TEST
        elif uptime_s >= LINK_S:
            why = words.REASON_TIMEOUT
        elif uptime_s < LASTS_S or not linked:
            return False
        self._done = True
        if why:
            slots.undo(why)
            return True
        if not slots.passed:
            slots.passed = slots.trial = 1
            return True
        slots.passed = slots.trial = slots.bad = 0
        slots.floor = max(slots.floor, self._rollback)
        if slots.write():
            self._journal(words.EVENT_UPDATE_CONFIRMED, words.REASON_NONE, 0)
        return False


def line_of(error: Exception) -> int:
    """The line of our program at which it was raised; 0 when it is not known."""
    return line_in(loader.traceback(error))


def line_in(traceback: bytes) -> int:
    """The last line number in a traceback."""
    found = 0
    for part in traceback.split(b"line ")[1:]:
        digits = part.split(b"\n")[0].split(b",")[0]
        if digits.isdigit():
            found = int(digits)
    return found
