"""The door itself: decides, drives the relay, then writes flash, then wakes the link. In that order, and no network."""

from device.board import BUZZER, LED, RELAY, Board
from device.clock import Clock
from device.journal_store import JournalStore
from device.list_store import ListStore
from doorlogic import door as machine
from doorlogic.decide import Decision, decide
from doorlogic.door import Levels, Settings
from doorwire import vocabulary as words
from doorwire.messages import Event, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_EXTENDED = 3  # × release time, for those who need it
_DENIED_MS = 400
_GRANTED_MS = 1_000
_LONGEST_AGE_S = 0xFFFFFFFF


class Doorway:
    """One door. `wake` is called at every new event, `changed` when its state is another."""

    def __init__(
        self, board: Board, settings: Settings, mode: int, lists: ListStore, journal: JournalStore, clock: Clock
    ) -> None:
        self._board = board
        self._settings = settings
        self._lists = lists
        self._journal = journal
        self._clock = clock
        self._door = machine.initial(mode)
        self._fault = False
        self.wake: Callable[[], None] | None = None
        self.changed: Callable[[], None] | None = None

    @property
    def mode(self) -> int:
        """MODE_*."""
        return int(self._door.mode)

    def badge(self, kind: int, value: int) -> None:
        """A credential was shown."""
        decision = self._decide(kind, value)
        outcome, reason = None, decision.reason
        if decision.grant:
            release_ms = self._settings.release_ms * (_EXTENDED if decision.extended else 1)
            outcome = self._step(self._door.levels, release_ms)
            reason = outcome.refused or reason
        granted = outcome is not None and not outcome.refused
        self._board.pulse(LED if granted else BUZZER, _GRANTED_MS if granted else _DENIED_MS)
        self.record(
            words.EVENT_GRANTED if granted else words.EVENT_DENIED,
            reason,
            person=decision.person,
            credential_kind=kind,
            credential=value if kind == words.CREDENTIAL_CARD else 0,
        )
        if outcome is not None:
            self._told(outcome)

    def unreadable(self, reason: int) -> None:
        """A reader frame that is no card."""
        self._board.pulse(BUZZER, _DENIED_MS)
        self.record(words.EVENT_READER_ERROR, reason)

    def open(self, reason: int, person: int) -> int:
        """A fresh sealed command to open: REASON_NONE, or why not."""
        if self.mode in (words.MODE_LOCKED_DOWN, words.MODE_BLOCKED):
            return words.REASON_LOCKED_DOWN
        outcome = self._step(self._door.levels, self._settings.release_ms)
        if outcome.refused:
            return outcome.refused
        self.record(words.EVENT_COMMAND_DONE, reason, person=person)
        self._told(outcome)
        return words.REASON_NONE

    def set_mode(self, mode: int) -> None:
        """From now on."""
        self._told(self._step(self._door.levels, mode=mode))

    def sense(self, levels: Levels) -> None:
        """The debounced inputs as they are now."""
        self._told(self._step(levels))

    def identify(self) -> None:
        """Make the reader heard and seen."""
        self._board.pulse(LED, 3_000)
        self._board.pulse(BUZZER, 1_000)

    def due_ms(self) -> int:
        """After how long `sense` has to be called again even if nothing changes, or -1."""
        due = machine.due_ms(self._door, self._settings)
        return max(due - self._board.uptime_ms(), 0) if due >= 0 else -1

    def record(
        self, kind: int, reason: int, person: int = 0, credential_kind: int = words.CREDENTIAL_NONE, credential: int = 0
    ) -> None:
        """Journal an event and wake the link; flash that refuses it raises the fault alarm, the door goes on."""
        now_ms = self._board.uptime_ms()
        now_unix = self._clock.now_unix(now_ms)
        header = self._lists.header
        age_s = now_unix - header.generated_unix if header is not None and now_unix else 0
        event = Event(
            epoch=self._journal.epoch,
            seq=self._journal.next_seq,
            kind=kind,
            reason=reason,
            at_unix=now_unix,
            at_uptime=now_ms // 1000,
            credential_kind=credential_kind,
            credential=credential,
            person=person,
            list_version=self._lists.version,
            list_age_s=min(max(age_s, 0), _LONGEST_AGE_S),
        )
        if not self._journal.append(event) and not self._fault:
            self._fault = True
            print("journal: flash refuses events; the door goes on. Next step: replace this board")
        if self.wake is not None:
            self.wake()

    def state(self, free_heap: int) -> State:
        """The door as it stands, for the controller."""
        now_ms = self._board.uptime_ms()
        return State(
            door=machine.physical(self._door),
            lock=machine.lock(self._door, now_ms),
            mode=self.mode,
            alarms=self._door.alarms | (words.ALARM_FAULT if self._fault else 0),
            list_version=self._lists.version,
            clock_unix=self._clock.now_unix(now_ms),
            free_heap=free_heap,
        )

    def _decide(self, kind: int, value: int) -> Decision:
        now_unix = self._clock.now_unix(self._board.uptime_ms())
        try:
            return decide(
                self._lists.header, lambda header: self._lists.lookup(header, kind, value), now_unix, self.mode
            )
        except OSError:
            return Decision(False, words.REASON_FLASH)

    def _step(self, levels: Levels, release_ms: int = 0, mode: int = 0) -> machine.Outcome:
        """The next state; the relay follows before anything else happens."""
        before = self._door
        now_ms = self._board.uptime_ms()
        self._door, outcome = machine.step(before, levels, now_ms, self._settings, release_ms, mode)
        if outcome.relay == machine.PULSE:
            self._board.pulse(RELAY, outcome.pulse_ms)
        elif outcome.relay != machine.KEEP:
            self._board.set(RELAY, outcome.relay == machine.HOLD)
        return outcome

    def _told(self, outcome: machine.Outcome) -> None:
        for kind, reason in outcome.events:
            self.record(kind, reason)
        if (outcome.events or outcome.relay != machine.KEEP) and self.changed is not None:
            self.changed()
