"""What the controller may ask: sealed frames in, deeds and answers out. A frame that is not admitted does nothing."""

import asyncio

from device import flash
from device.board import Board
from device.clock import Clock
from device.doorway import Doorway
from device.journal_store import JournalStore
from device.list_store import ListStore
from doorwire import messages
from doorwire import vocabulary as words
from doorwire.errors import MalformedError, RefusedError, SealError
from doorwire.frame import Frame, Guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from device.update import Update

    class Answers(Protocol):
        """What commands need of the link."""

        def send(self, message: messages.Message) -> None: ...
        def say_hello(self) -> None: ...
        def report(self) -> None: ...
        def wake(self) -> None: ...


PROGRESS_EVERY = 4  # chunks between two ListProgress (docs/ARCHITECTURE.md)
MODE_FILE = "mode"
FAIL_OPEN_FILE = "fail_open"
_LONGEST_SILENCE_S = 86_400
_REFUSALS_A_MINUTE = 6  # journalled; all are counted
_CLOCK_MOVED_MS = 2_000
_QUIET_S = 2  # before a delta is merged
_MODES = (words.MODE_LOCKED, words.MODE_UNLOCKED, words.MODE_LOCKED_DOWN, words.MODE_TRIAL)


class Commands:
    """`refused` counts the frames that did nothing."""

    def __init__(
        self,
        key: bytes,
        guard: Guard,
        board: Board,
        doorway: Doorway,
        lists: ListStore,
        journal: JournalStore,
        clock: Clock,
        link: "Answers",
        folder: str = "",
    ) -> None:
        self._key = key
        self._guard = guard
        self._board = board
        self._doorway = doorway
        self._lists = lists
        self._journal = journal
        self._clock = clock
        self._link = link
        self._folder = folder
        self._chunks = 0
        self._minute = 0
        self._refusals = 0
        self.refused = 0
        self.commit: messages.ListCommit | None = None  # the list to verify and switch to, when `work` is set
        self.work = asyncio.Event()
        self.restart = False
        self.switch: messages.UpdateCommit | None = None  # as `commit`, for a firmware
        self.updater: Callable[[], Update] | None = None  # makes what takes a firmware in
        self.updated = False  # the next boot is another firmware's
        self._update: Update | None = None

    def heard(self, data: bytes) -> None:
        """A frame from the broker, genuine or not."""
        try:
            frame = Frame.from_bytes(self._key, data)
        except SealError:
            self._refuse(words.REASON_SEAL)
            return
        except MalformedError:
            self._refuse(words.REASON_MALFORMED)
            return
        try:
            message = self._guard.admit(frame, self._board.uptime_ms() // 1000)
        except RefusedError as error:
            self._refuse(error.reason)
            answer = error.reason in (words.REASON_COMMAND_EXPIRED, words.REASON_OTHER_BOOT)
            if answer and isinstance(frame.message, messages.Command):
                self._link.send(messages.Result(command_counter=frame.counter, reason=error.reason))
            return
        self._doorway.heard()
        self._carry_out(frame, message)

    def _carry_out(self, frame: Frame, message: messages.Message) -> None:
        if isinstance(message, messages.Ack):
            if self._journal.ack(message.epoch, message.seq):
                self._link.wake()
        elif isinstance(message, messages.Command):
            reason = self._command(message)
            self._link.send(messages.Result(command_counter=frame.counter, reason=reason))
        elif isinstance(message, messages.ListChunk):
            self._list_chunk(message)
        elif isinstance(message, messages.ListBegin):
            self._list_begin(message)
        elif isinstance(message, messages.ListCommit):
            self.commit = message
            self.work.set()
        elif isinstance(message, messages.Time):
            self._set_clock(message)
        elif isinstance(message, messages.UpdateChunk):
            self._update_chunk(message)
        elif isinstance(message, messages.UpdateBegin):
            self._update_begin(message)
        elif isinstance(message, messages.UpdateCommit):
            self.switch = message
            self.work.set()

    def _command(self, command: messages.Command) -> int:
        """REASON_NONE when done."""
        if command.op == words.OP_OPEN:
            reason = self._doorway.open(command.reason, command.person)
            if reason:
                self._doorway.record(words.EVENT_COMMAND_REFUSED, reason, person=command.person)
            return reason
        if command.op == words.OP_MODE:
            return self._mode(command.argument, command)
        if command.op == words.OP_FAIL_OPEN:
            return self._fail_open(command.argument)
        if command.op == words.OP_IDENTIFY:
            self._doorway.identify()
        elif command.op == words.OP_SYNC:
            self._link.say_hello()
        elif command.op == words.OP_REBOOT:
            self.restart = True
        elif command.op == words.OP_REPORT:
            self._link.report()
        elif command.op == words.OP_FACTOR:
            self._doorway.vouch(command.reason, command.person, command.argument)
        return words.REASON_NONE

    def _mode(self, mode: int, command: messages.Command) -> int:
        """In force at once; in flash before it counts as done, because it outlives a power cut."""
        if mode not in _MODES:
            return words.REASON_UNSUPPORTED
        self._doorway.set_mode(mode)
        try:
            flash.replace(self._folder + MODE_FILE, str(mode).encode())
        except OSError:
            return words.REASON_FLASH
        self._doorway.record(words.EVENT_COMMAND_DONE, command.reason, person=command.person)
        return words.REASON_NONE

    def _fail_open(self, seconds: int) -> int:
        """For a barrier alone: a stairwell door never opens because somebody cut a cable."""
        if not self._doorway.barrier or seconds > _LONGEST_SILENCE_S:
            return words.REASON_UNSUPPORTED
        if seconds != self._doorway.fail_open_s:
            try:
                flash.replace(self._folder + FAIL_OPEN_FILE, str(seconds).encode())
            except OSError:
                return words.REASON_FLASH
            self._doorway.fail_open_s = seconds
        return words.REASON_NONE

    def _list_begin(self, begin: messages.ListBegin) -> None:
        self._chunks = 0
        if begin.version == self._lists.version and begin.digest[:8] == self._lists.digest:
            self._answer(words.REASON_NONE)
            return
        reason = self._lists.begin(begin.version, begin.base_version, begin.size, begin.digest)
        if reason:
            self._refuse_list(reason)
        else:
            self._progress()

    def _list_chunk(self, chunk: messages.ListChunk) -> None:
        if chunk.version != self._lists.incoming_version:
            return  # late for a transfer that ended
        self._chunks += 1
        if not self._lists.chunk(chunk.version, chunk.offset, chunk.data):
            if not self._lists.incoming_version:
                self._refuse_list(words.REASON_FLASH)
            else:
                self._progress()
        elif self._chunks % PROGRESS_EVERY == 0 or self._lists.offset == self._lists.incoming_size:
            self._progress()

    async def install(self) -> None:
        """For ever: verify and switch to each committed list, while badges are decided from the old one; merge a delta
        when nothing has come for a while and nobody is at the door.
        """
        while True:
            steps = [self.committing, self.switching]
            try:
                if self._lists.to_merge:
                    await asyncio.wait_for(self.work.wait(), _QUIET_S)
                else:
                    await self.work.wait()
            except asyncio.TimeoutError:
                steps = [self.merging] if self._doorway.due_ms() < 0 else []
            self.work.clear()
            for step in steps:
                for _ in step():
                    await asyncio.sleep(0)

    def committing(self) -> "Iterator[int]":
        """The steps of verifying and switching to the committed list, its answer at the end."""
        if self.commit is not None:
            commit, self.commit = self.commit, None
            for reason in self._lists.commit(commit.version, commit.digest):
                if reason >= 0:
                    self._installed(reason)
                yield reason

    def merging(self) -> "Iterator[int]":
        """The steps of merging the delta in force; the controller hears only of one that led to another list."""
        if self._lists.to_merge:
            for reason in self._lists.merge():
                if reason == words.REASON_LIST_DIGEST:
                    self._refuse_list(reason)
                yield reason

    def _installed(self, reason: int) -> None:
        if reason:
            self._refuse_list(reason)
        else:
            self._answer(words.REASON_NONE)
            self._doorway.record(words.EVENT_LIST_INSTALLED, words.REASON_NONE)

    def _refuse_list(self, reason: int) -> None:
        self._answer(reason)
        self._doorway.record(words.EVENT_LIST_REFUSED, reason)

    def _answer(self, reason: int) -> None:
        lists = self._lists
        self._link.send(messages.ListInstalled(version=lists.version, digest=lists.digest, reason=reason))

    def _progress(self) -> None:
        lists = self._lists
        self._link.send(messages.ListProgress(version=lists.incoming_version, offset=lists.offset))

    def _update_begin(self, begin: messages.UpdateBegin) -> None:
        if self._update is None and self.updater is not None:
            self._update = self.updater()
        if self._update is not None:
            self._chunks = 0
            self._update_status(self._update.begin(begin))

    def _update_chunk(self, chunk: messages.UpdateChunk) -> None:
        update = self._update
        if update is None:
            self._link.send(messages.UpdateStatus(offset=0, reason=words.REASON_UPDATE_DIGEST))
            return
        self._chunks += 1
        came_next = chunk.offset == update.offset
        reason = update.chunk(chunk.offset, chunk.data)
        if reason or not came_next or self._chunks % PROGRESS_EVERY == 0 or update.whole:
            self._update_status(reason)

    def switching(self) -> "Iterator[int]":
        """The steps of verifying the firmware that has come and of making it the next boot's."""
        if self.switch is not None and self._update is not None:
            commit, self.switch = self.switch, None
            for reason in self._update.commit(commit.digest):
                if reason >= 0:
                    self._update_status(reason)
                    self.updated = self.updated or reason == words.REASON_NONE
                yield reason

    def _update_status(self, reason: int) -> None:
        if self._update is not None:
            self._link.send(messages.UpdateStatus(offset=self._update.offset, reason=reason))
        if reason:
            self._doorway.record(words.EVENT_COMMAND_REFUSED, reason)

    def _set_clock(self, time: messages.Time) -> None:
        try:
            moved_ms = self._clock.set(time.unix * 1000 + time.millis, self._board.uptime_ms())
        except RefusedError as error:
            self._refuse(error.reason)
            return
        if moved_ms is None or abs(moved_ms) >= _CLOCK_MOVED_MS:
            self._doorway.record(words.EVENT_CLOCK_SET, words.REASON_NONE)

    def _refuse(self, reason: int) -> None:
        """Count it; journal it unless a flood of such frames would wear the flash out."""
        self.refused += 1
        minute = self._board.uptime_ms() // 60_000
        if minute != self._minute:
            self._minute, self._refusals = minute, 0
        self._refusals += 1
        if self._refusals <= _REFUSALS_A_MINUTE:
            self._doorway.record(words.EVENT_COMMAND_REFUSED, reason)
