"""The door itself: decides, drives the relay, then writes flash, then wakes the link. In that order, and no network."""

from collections import namedtuple

from device.board import BUZZER, LED, RELAY, Board
from device.clock import Clock
from device.journal_store import JournalStore
from device.list_store import ListStore
from device.pin_lock import PinLock
from device.uses import Uses
from doorlogic import door as machine
from doorlogic.decide import Decision, decide
from doorlogic.door import Levels, Settings
from doorlogic.schedule import QUARTER_S
from doorwire import doorlist
from doorwire import vocabulary as words
from doorwire.messages import Event, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from doorlogic.search import Found

_DENIED_MS = 400
_GRANTED_MS = 1_000
_LOCKED_OUT_MS = 1_500
_WARNING_MS = 2_000  # shut the door
_PIN_WANTED_MS = 200  # a short flash: go on
_PIN_WITHIN_MS = 15_000
_VOUCHED_MS = 15_000  # at most, for a face to stand for a PIN
_TWICE_MS = 3_000  # the same card again within that: switch the door
_LONGEST_AGE_S = 0xFFFFFFFF


# What a door does beyond its list. `unlock_schedule` 0: none; `first_person`: not before one who may begin it came;
# `toggle`: cards with FLAG_TOGGLE shown twice switch it; so many wrong PINs in a row shut the keypad for so long.
Habits = namedtuple("Habits", ("unlock_schedule", "first_person", "toggle", "pin_errors", "pin_lock_s"))
PLAIN = Habits(0, False, False, 5, 60)


class _Credential:
    """What was shown, as a decision asks for it."""

    def __init__(self, doorway: "Doorway", kind: int, value: int, person: int, now_unix: int) -> None:
        self._doorway = doorway
        self._kind = kind
        self._value = value
        self._person = person
        self._now_unix = now_unix

    def lookup(self) -> "Found":
        return self._doorway.lists.lookup(self._kind, self._value, self._person)

    def is_open(self, schedule: int) -> bool:
        return self._doorway.lists.is_open(schedule, self._now_unix)

    def used(self, record: doorlist.Record) -> int:
        return self._doorway.uses.of(record)


class Doorway:
    """One door. `wake` is called at every new event, `changed` when its state is another, `signal`(LED or BUZZER, ms)
    for whoever stands there. `alarms`: ALARM_* of its readers.
    """

    def __init__(
        self,
        board: Board,
        settings: Settings,
        mode: int,
        lists: ListStore,
        journal: JournalStore,
        clock: Clock,
        habits: Habits = PLAIN,
        folder: str = "",
    ) -> None:
        self._board = board
        self._settings = settings
        self.lists = lists
        self.uses = Uses(folder + "uses")
        self._pins = PinLock(folder + "pins", habits.pin_errors, habits.pin_lock_s, board.uptime_ms())
        self._habits = habits
        self._waiting: Decision | None = None  # a card whose PIN is awaited
        self._waiting_card = 0
        self._waiting_until_ms = 0
        self._vouched = (0, 0, 0)  # for whom, why, until when
        self._last_card = -1
        self._last_card_ms = 0
        self._by_itself = words.REASON_NONE  # why the door unlocked of its own accord
        self.fail_open_s = 0  # a barrier that has heard nothing genuine for so long goes up; 0: it stays down
        self._heard_ms = board.uptime_ms()
        self._followed = (-1, 0)  # the moment for which the schedule was last looked at
        self._begun = False  # in this span of the schedule somebody came who may begin it
        self._duress_seq = 0
        self._journal = journal
        self._clock = clock
        self._door = machine.initial(mode, board.inputs(), board.uptime_ms())
        self._said = (0, 0, 0, 0)
        self._fault = False
        self.wake: Callable[[], None] | None = None
        self.changed: Callable[[], None] | None = None
        self.signal: Callable[[str, int], None] = board.pulse
        self.alarms = 0

    @property
    def mode(self) -> int:
        """MODE_*."""
        return int(self._door.mode)

    @property
    def levels(self) -> Levels:
        """The debounced inputs as the door knows them."""
        return self._door.levels

    def badge(self, kind: int, value: int) -> None:
        """A credential was shown: a card, or a whole PIN (`doorlist.pin_value`)."""
        if kind == words.CREDENTIAL_PIN:
            self._pin(value)
            return
        self._give_up_waiting()
        decision = self._vouched_for(self._decide(kind, value, 0))
        if decision.reason == words.REASON_FACTOR_MISSING and not decision.grant:
            self._waiting, self._waiting_card = decision, value
            self._waiting_until_ms = self._board.uptime_ms() + _PIN_WITHIN_MS
            self.signal(LED, _PIN_WANTED_MS)
            return
        if self._settle(decision, kind, value):
            self._toggle(decision, value)

    def _pin(self, value: int) -> None:
        """A PIN: of the card before it, or alone."""
        now_ms = self._board.uptime_ms()
        card, self._waiting = self._waiting, None
        person = card.person if card is not None else 0
        if self._pins.locked(now_ms):
            self.signal(BUZZER, _LOCKED_OUT_MS)
            self.record(words.EVENT_DENIED, words.REASON_LOCKED_OUT, person, words.CREDENTIAL_PIN)
            return
        kind = words.CREDENTIAL_CARD_PIN if card is not None else words.CREDENTIAL_PIN
        decision = self._decide(kind, value, person)
        if decision.reason == words.REASON_UNKNOWN_CREDENTIAL:
            decision.reason, decision.person = words.REASON_PIN_WRONG, person
        if card is not None and decision.reason == words.REASON_LISTED:
            decision = self._both(decision)
        self._settle(decision, kind, self._waiting_card)
        if decision.reason == words.REASON_PIN_WRONG:
            if self._pins.wrong(now_ms):
                self.signal(BUZZER, _LOCKED_OUT_MS)
                self.record(words.EVENT_LOCKED_OUT, words.REASON_LOCKED_OUT, person)
        elif decision.reason in (words.REASON_LISTED, words.REASON_DURESS):
            self._pins.right()

    def vouch(self, reason: int, person: int, seconds: int) -> None:
        """The controller has seen the person, who needs no PIN with a card of his now, or within so many seconds."""
        self._vouched = person, reason, self._board.uptime_ms() + min(1000 * seconds, _VOUCHED_MS)
        if self._waiting is not None and self._waiting.person == person:
            self._waiting = None
            decision = self._vouched_for(self._decide(words.CREDENTIAL_CARD, self._waiting_card, 0))
            self._settle(decision, words.CREDENTIAL_CARD, self._waiting_card)

    def _vouched_for(self, card: Decision) -> Decision:
        """The card's decision; a grant where only the second factor is missing, and is here: for one card."""
        person, reason, until_ms = self._vouched
        known = person and card.person == person and self._board.uptime_ms() < until_ms
        if card.grant or card.reason != words.REASON_FACTOR_MISSING or not known:
            return card
        self._vouched = (0, 0, 0)
        return Decision(True, reason, card.person, card.record)

    def _both(self, pin: Decision) -> Decision:
        """The awaited card, looked up again (it may be revoked by now), and its person's right PIN."""
        card = self._decide(words.CREDENTIAL_CARD, self._waiting_card, 0)
        if card.reason != words.REASON_FACTOR_MISSING or card.record is None:
            return card
        if pin.has(doorlist.FLAG_DURESS):
            card.record.flags |= doorlist.FLAG_DURESS
        return Decision(True, words.REASON_LISTED, card.person, card.record)

    def _settle(self, decision: Decision, kind: int, value: int) -> bool:
        """Relay, then light, then flash. Whether the door was released."""
        outcome, reason = None, decision.reason
        duress = decision.grant and decision.has(doorlist.FLAG_DURESS)
        if decision.grant:
            outcome = self._step(self.levels, machine.EXTENDED if decision.has(doorlist.FLAG_EXTENDED) else 1)
            reason = outcome.refused or (words.REASON_DURESS if duress else reason)
        granted = outcome is not None and not outcome.refused
        self.signal(LED if granted else BUZZER, _GRANTED_MS if granted else _DENIED_MS)
        card = value if kind in (words.CREDENTIAL_CARD, words.CREDENTIAL_CARD_PIN) else 0
        self.record(words.EVENT_GRANTED if granted else words.EVENT_DENIED, reason, decision.person, kind, card)
        if duress:
            self._duress_seq = self._journal.next_seq
            self.record(words.EVENT_DURESS, words.REASON_DURESS, decision.person, kind)
        if outcome is not None:
            self._told(outcome)
        if granted and decision.record is not None:
            self._passed(decision.record)
        return granted

    def _passed(self, record: doorlist.Record) -> None:
        """What a grant leaves behind."""
        if record.uses:
            self.uses.tidy(self.lists.version, self.lists.grants)
            self.uses.count(record)
        if record.flags & doorlist.FLAG_FIRST_PERSON and not self._begun:
            self._begun = True
            self.follow()

    def _toggle(self, decision: Decision, card: int) -> None:
        """The same card twice switches the door, where that is configured."""
        now_ms = self._board.uptime_ms()
        twice = card == self._last_card and now_ms - self._last_card_ms <= _TWICE_MS
        self._last_card, self._last_card_ms = (-1 if twice else card), now_ms
        allowed = self._habits.toggle and decision.has(doorlist.FLAG_TOGGLE)
        if twice and allowed and self.mode in (words.MODE_LOCKED, words.MODE_UNLOCKED):
            self._by_itself = words.REASON_NONE
            mode = words.MODE_UNLOCKED if self.mode == words.MODE_LOCKED else words.MODE_LOCKED
            self._switch(mode, words.REASON_TOGGLED, decision.person)

    def _switch(self, mode: int, reason: int, person: int = 0) -> None:
        """Another mode, of the door's own accord: not kept over a power cut."""
        self._told(self._step(self.levels, mode=mode))
        self.record(words.EVENT_MODE_CHANGED, reason, person)

    def follow(self) -> None:
        """Unlock and lock by the door's own schedule, and a gate that fails open while the controller is silent. Any
        other mode than these two goes before it.
        """
        now_ms = self._board.uptime_ms()
        reason = words.REASON_NONE
        if self.fail_open_s and now_ms - self._heard_ms > self.fail_open_s * 1000:
            reason = words.REASON_LINK_LOST
        if self._habits.unlock_schedule and self._scheduled(self._clock.now_unix(now_ms)):
            reason = words.REASON_SCHEDULE
        if reason and not self._by_itself and self.mode == words.MODE_LOCKED:
            self._by_itself = reason
            self._switch(words.MODE_UNLOCKED, reason)
        elif self._by_itself and not reason:
            reason, self._by_itself = self._by_itself, words.REASON_NONE
            if self.mode == words.MODE_UNLOCKED:
                self._switch(words.MODE_LOCKED, reason)

    def _scheduled(self, now_unix: int) -> bool:
        """Whether the schedule wants it unlocked."""
        self._followed = self._moment(now_unix)
        try:
            span = self.lists.is_open(self._habits.unlock_schedule, now_unix)
        except OSError:
            span = False
        self._begun = self._begun and span
        return span and (self._begun or not self._habits.first_person)

    def _moment(self, now_unix: int) -> "tuple[int, int]":
        """While this is the same, so is the schedule: its list, its quarter of an hour."""
        return self.lists.version, now_unix // QUARTER_S

    def _give_up_waiting(self) -> None:
        """The PIN did not come."""
        if self._waiting is not None:
            person, self._waiting = self._waiting.person, None
            self.signal(BUZZER, _DENIED_MS)
            card = self._waiting_card
            self.record(words.EVENT_DENIED, words.REASON_FACTOR_MISSING, person, words.CREDENTIAL_CARD, card)

    def unreadable(self, reason: int, count: int) -> None:
        """Frames of a reader that were no card."""
        self.signal(BUZZER, _DENIED_MS)
        self.record(words.EVENT_READER_ERROR, reason, credential=count)

    def open(self, reason: int, person: int) -> int:
        """A fresh sealed command to open: REASON_NONE, or why not."""
        outcome = self._step(self.levels, 1)
        if outcome.refused:
            return outcome.refused
        self.record(words.EVENT_COMMAND_DONE, reason, person=person)
        self._told(outcome)
        return words.REASON_NONE

    @property
    def barrier(self) -> bool:
        """It is a gate's."""
        return bool(self._settings.barrier)

    def heard(self) -> None:
        """A genuine frame of the controller has come."""
        self._heard_ms = self._board.uptime_ms()
        if self._by_itself == words.REASON_LINK_LOST:
            self.follow()

    def set_mode(self, mode: int) -> None:
        """From now on."""
        self._by_itself = words.REASON_NONE
        self._told(self._step(self.levels, mode=mode))

    def sense(self, levels: Levels) -> None:
        """The debounced inputs as they are now; also what is due."""
        self._told(self._step(levels))
        if self._waiting is not None and self._board.uptime_ms() >= self._waiting_until_ms:
            self._give_up_waiting()
        self.follow()

    def identify(self) -> None:
        """Make the reader heard and seen."""
        self.signal(LED, 3_000)
        self.signal(BUZZER, 1_000)

    def due_ms(self) -> int:
        """After how long `sense` has to be called again even if nothing changes, or -1."""
        now_ms = self._board.uptime_ms()
        due = machine.due_ms(self._door, self._settings)
        left = max(due - now_ms, 0) if due >= 0 else -1
        if self._waiting is not None:
            left = _sooner(left, max(self._waiting_until_ms - now_ms, 0))
        if self._habits.unlock_schedule and self._followed != self._moment(self._clock.now_unix(now_ms)):
            return 0
        return left

    def record(
        self, kind: int, reason: int, person: int = 0, credential_kind: int = words.CREDENTIAL_NONE, credential: int = 0
    ) -> None:
        """Journal an event and wake the link; flash that refuses it raises the fault alarm, the door goes on."""
        now_ms = self._board.uptime_ms()
        now_unix = self._clock.now_unix(now_ms)
        header = self.lists.header
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
            list_version=self.lists.version,
            list_age_s=min(max(age_s, 0), _LONGEST_AGE_S),
        )
        if not self._journal.append(event) and not self._fault:
            self._fault = True
            print("journal: flash refuses events; the door goes on. Next step: replace this board")
        lost, self._journal.overwritten = self._journal.overwritten, 0
        if lost:
            self.record(words.EVENT_OVERWRITTEN, words.REASON_NONE, credential=lost)
        if self.wake is not None:
            self.wake()

    def state(self, free_heap: int) -> State:
        """The door as it stands, for the controller."""
        now_ms = self._board.uptime_ms()
        return State(
            door=machine.physical(self._door, now_ms),
            lock=machine.lock(self._door, now_ms),
            mode=self.mode,
            alarms=self._door.alarms
            | self.alarms
            | (words.ALARM_FAULT if self._fault else 0)
            | (words.ALARM_DURESS if self._duress_seq > self._journal.acked else 0),
            list_version=self.lists.version,
            clock_unix=self._clock.now_unix(now_ms),
            free_heap=free_heap,
        )

    def _decide(self, kind: int, value: int, person: int) -> Decision:
        now_unix = self._clock.now_unix(self._board.uptime_ms())
        try:
            return decide(self.lists.header, _Credential(self, kind, value, person, now_unix), now_unix, self.mode)
        except OSError:
            return Decision(False, words.REASON_FLASH)

    def _step(self, levels: Levels, release: int = 0, mode: int = 0) -> machine.Outcome:
        """The next state; the relay follows before anything else happens."""
        before = self._door
        now_ms = self._board.uptime_ms()
        self._door, outcome = machine.step(before, levels, now_ms, self._settings, release, mode)
        if outcome.relay == machine.PULSE:
            self._board.pulse(RELAY, outcome.pulse_ms)
        elif outcome.relay != machine.KEEP:
            self._board.set(RELAY, outcome.relay == machine.HOLD)
        return outcome

    def _told(self, outcome: machine.Outcome) -> None:
        """Its events into the journal, a warning to whoever stands there, the state to whoever wants it."""
        for kind, reason in outcome.events:
            if kind == words.EVENT_OPEN_TOO_LONG_WARNING:
                self.signal(BUZZER, _WARNING_MS)
            self.record(kind, reason)
        door, now_ms = self._door, self._board.uptime_ms()
        said = machine.physical(door, now_ms), machine.lock(door, now_ms), int(door.mode), int(door.alarms)
        if said != self._said:
            self._said = said
            if self.changed is not None:
                self.changed()


def _sooner(one: int, other: int) -> int:
    """The earlier of two times from now, -1 being never."""
    return other if one < 0 else min(one, other)
