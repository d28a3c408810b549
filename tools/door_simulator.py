"""A door in CPython that speaks `doorwire`: for tests and benches of the controller.

Pure (time is passed in); `door_client.py` carries it over MQTT. The real firmware is the judge of what a door does;
this one is small enough to run by the hundred and to be made to misbehave.
"""

import contextlib
import hashlib
import secrets

from doorwire import doorlist, listwriter
from doorwire import vocabulary as words
from doorwire.errors import RefusedError, WireError
from doorwire.frame import SEAL_SIZE, Frame, Guard, hmac_sha256
from doorwire.messages import (
    Ack,
    Command,
    Event,
    Hello,
    ListBegin,
    ListChunk,
    ListCommit,
    ListInstalled,
    ListProgress,
    Message,
    Result,
    State,
    Time,
    UpdateBegin,
    UpdateChunk,
    UpdateCommit,
    UpdateStatus,
)

WINDOW = 8
RESEND_S = 1.0
PROGRESS_EVERY = 4


class SimulatedDoor:
    """One door. `outgoing` collects sealed frames for the controller; `receive` takes sealed frames from it."""

    def __init__(self, device: str, key: bytes) -> None:
        self.device = bytes.fromhex(device)
        self._key = key
        self.epoch = secrets.randbits(31) + 1
        self.journal: dict[int, Event] = {}
        self.next_seq = 1
        self.boots = 0
        self.opened: list[int] = []
        self.list_data = b""
        self.list_version = 0
        self.clock_offset: float | None = None
        self.mode = words.MODE_LOCKED
        self.fail_open_s: list[int] = []  # as it was told
        self.outgoing: list[bytes] = []
        self.unmerged = False  # it has a delta that is not merged yet: the next one is refused
        self.refuses = words.REASON_NONE  # for this reason it takes no list
        self.list_bytes = 0  # of lists and deltas, since the beginning
        self._arriving: tuple[ListBegin, bytearray] | None = None
        self._chunks = 0
        self.firmware = b"simulated"
        self.refuses_firmware = words.REASON_NONE  # for this reason it takes none
        self.image = b""  # of the firmware that it switched to
        self._uploading: tuple[UpdateBegin, bytearray] | None = None
        self.boot(0.0)

    def boot(self, now_s: float) -> None:
        """Power returns: a new boot, the same flash."""
        self.boots += 1
        self.boot_id = secrets.randbits(31) + 1
        self._booted_s = now_s
        self._counter = 0
        self._guard = Guard(self.device, self.boot_id)
        self._sent_seq = 0
        self._sent_s = now_s
        self._arriving = None
        self.clock_offset = None
        self.outgoing.clear()

    def try_firmware(self, now_s: float, undone_for: int = words.REASON_NONE) -> None:
        """Restart into the firmware that it has switched to; it is confirmed, or undone after another restart."""
        assert self._uploading is not None and self.image
        former, self.firmware = self.firmware, self._uploading[0].firmware
        self.boot(now_s)
        self.record(words.EVENT_UPDATE_STARTED, words.REASON_NONE, now_s)
        if undone_for:
            self.firmware = former
            self.boot(now_s)
            self.record(words.EVENT_UPDATE_UNDONE, undone_for, now_s)
        else:
            self.record(words.EVENT_UPDATE_CONFIRMED, words.REASON_NONE, now_s)
        self.connect(now_s)
        self.pump(now_s)

    def forget_upload(self) -> None:
        """The power was cut: what had come of a firmware is gone."""
        self._uploading = None

    def connect(self, now_s: float) -> None:
        """The link stands: Hello, then State, then events anew."""
        self._sent_seq = 0
        self.say(self._hello(now_s), now_s)
        self.say(self.state(now_s), now_s)

    def record(self, kind: int, reason: int, now_s: float, person: int = 0, card: int = 0) -> int:
        """Journal an event; its seq."""
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        self.journal[seq] = Event(
            epoch=self.epoch,
            seq=seq,
            kind=kind,
            reason=reason,
            at_unix=self._unix(now_s),
            at_uptime=self._uptime(now_s),
            credential_kind=words.CREDENTIAL_CARD if card else words.CREDENTIAL_NONE,
            credential=card,
            person=person,
            list_version=self.list_version,
            list_age_s=0,
        )
        return seq

    def swipe(self, card: int, now_s: float) -> int:
        """Decide about a card as the list says, record it; the reason."""
        reason = self._decide(card, self._unix(now_s))
        granted = reason == words.REASON_LISTED
        if granted:
            self.opened.append(reason)
        self.record(words.EVENT_GRANTED if granted else words.EVENT_DENIED, reason, now_s, card=card)
        return reason

    def pump(self, now_s: float) -> None:
        """Send what the window allows; all of it again after a silence."""
        if now_s - self._sent_s > RESEND_S:
            self._sent_seq = 0
        waiting = sorted(self.journal)[:WINDOW]
        for seq in waiting:
            if seq > self._sent_seq:
                self.say(self.journal[seq], now_s)
                self._sent_seq = seq
                self._sent_s = now_s

    def receive(self, payload: bytes, now_s: float) -> Message | None:
        """Carry out one frame from the controller; None when it was refused."""
        try:
            frame = Frame.from_bytes(self._key, payload)
            message = self._guard.admit(frame, self._uptime(now_s))
        except RefusedError as error:
            with contextlib.suppress(WireError):
                counter = Frame.from_bytes(self._key, payload).counter
                self.say(Result(command_counter=counter, reason=error.reason), now_s)
            return None
        except WireError:
            return None
        self._carry_out(frame.counter, message, now_s)
        return message

    def go_back(self, whole: bytes, now_s: float) -> None:
        """Its delta turned out to be damaged: the list before is in force again."""
        self.list_data, self.list_version = whole, doorlist.Header.from_bytes(whole).version
        self.unmerged = False
        self._say_installed(words.REASON_LIST_DIGEST, now_s)

    def say_state(self, now_s: float) -> None:
        """As each minute."""
        self.say(self.state(now_s), now_s)

    def state(self, now_s: float) -> State:
        """Closed."""
        return State(
            door=words.DOOR_CLOSED,
            lock=words.LOCK_LOCKED,
            mode=self.mode,
            alarms=0,
            list_version=self.list_version,
            clock_unix=self._unix(now_s),
            free_heap=50_000,
        )

    def _carry_out(self, counter: int, message: Message, now_s: float) -> None:
        if isinstance(message, Time):
            self.clock_offset = message.unix - now_s
        elif isinstance(message, Ack):
            if message.epoch == self.epoch:
                self.journal = {seq: event for seq, event in self.journal.items() if seq > message.seq}
        elif isinstance(message, Command):
            self._command(counter, message, now_s)
        elif isinstance(message, ListBegin):
            self._begin(message, now_s)
        elif isinstance(message, ListChunk):
            self._chunk(message, now_s)
        elif isinstance(message, ListCommit):
            self._commit(message, now_s)
        elif isinstance(message, UpdateBegin | UpdateChunk | UpdateCommit):
            self._take_firmware(message, now_s)

    def _command(self, counter: int, command: Command, now_s: float) -> None:
        if command.op == words.OP_SYNC:
            self.say(self._hello(now_s), now_s)
        if command.op in (words.OP_SYNC, words.OP_REPORT):
            self.say(self.state(now_s), now_s)
        if command.op == words.OP_MODE:
            self.mode = command.argument
        if command.op == words.OP_FAIL_OPEN:
            self.fail_open_s.append(command.argument)
        if command.op == words.OP_OPEN:
            self.opened.append(command.reason)
            self.record(words.EVENT_COMMAND_DONE, command.reason, now_s, command.person)
        self.say(Result(command_counter=counter, reason=words.REASON_NONE), now_s)

    def _begin(self, begin: ListBegin, now_s: float) -> None:
        self._arriving = None
        if self.refuses:
            self._say_installed(self.refuses, now_s)
        elif begin.version == self.list_version:
            self._say_installed(words.REASON_NONE, now_s)
        elif begin.version < self.list_version:
            self._say_installed(words.REASON_LIST_OLDER, now_s)
        elif begin.base_version and (self.unmerged or begin.base_version != self.list_version):
            self._say_installed(words.REASON_LIST_BASE, now_s)
        else:
            self._arriving = (begin, bytearray())
            self.say(ListProgress(version=begin.version, offset=0), now_s)

    def _chunk(self, chunk: ListChunk, now_s: float) -> None:
        self.list_bytes += len(chunk.data)
        if self._arriving is None or self._arriving[0].version != chunk.version:
            return
        begin, data = self._arriving
        expected = chunk.offset == len(data)
        if expected:
            data += chunk.data
        self._chunks += 1
        if not expected or self._chunks % PROGRESS_EVERY == 0 or len(data) == begin.size:
            self.say(ListProgress(version=begin.version, offset=len(data)), now_s)

    def _commit(self, commit: ListCommit, now_s: float) -> None:
        if self._arriving is None:
            self._say_installed(words.REASON_LIST_DIGEST, now_s)
            return
        begin, data = self._arriving
        if len(data) < begin.size:
            self.say(ListProgress(version=begin.version, offset=len(data)), now_s)
            return
        self._arriving = None
        reason = words.REASON_LIST_DIGEST
        if hashlib.sha256(data).digest() == commit.digest:
            header = listwriter.verify(self._key, self.device, bytes(data))
            whole = self._merged(header, bytes(data)) if header.base_version else bytes(data)
            if whole:
                self.list_data, self.list_version, self.unmerged = whole, begin.version, header.base_version > 0
                reason = words.REASON_NONE
        self._say_installed(reason, now_s)

    def _take_firmware(self, message: UpdateBegin | UpdateChunk | UpdateCommit, now_s: float) -> None:
        """What has come of an image is kept over a lost connection, as the real door does."""
        reason = self.refuses_firmware
        begin, data = self._uploading or (None, bytearray())
        if isinstance(message, UpdateBegin):
            if begin != message:
                self._uploading = (message, bytearray())
        elif isinstance(message, UpdateChunk):
            if message.offset == len(data):
                data += message.data
                self._chunks += 1
                if self._chunks % PROGRESS_EVERY and begin is not None and len(data) < begin.size:
                    return
        elif hashlib.sha256(data).digest() == message.digest:
            self.image = bytes(data)
        else:
            reason = words.REASON_UPDATE_DIGEST
        offset = len(self._uploading[1]) if self._uploading else 0
        self.say(UpdateStatus(offset=offset, reason=reason), now_s)

    def _merged(self, header: doorlist.Header, delta: bytes) -> bytes:
        """The whole list that the delta leads to from the one in force; nothing when it leads elsewhere."""
        goal = doorlist.Goal.from_bytes(delta[doorlist.HEADER_SIZE : header.calendar_at()])
        if goal.base_digest != self._list_digest():
            return b""
        base = doorlist.Header.from_bytes(self.list_data)
        counts = (
            (base.denied, header.removed_denied, header.denied),
            (base.granted, header.removed_granted, header.granted),
        )
        at, gone_at, new_at, body = base.records_at(), header.removed_at(), header.records_at(), b""
        for old, gone, new in counts:
            records = _records(self.list_data, at, old)
            for n in range(gone):
                del records[delta[gone_at + 8 * n : gone_at + 8 * n + 8]]
            records |= _records(delta, new_at, new)
            body += b"".join(record for _, record in sorted(records.items()))
            at, gone_at, new_at = at + 24 * old, gone_at + 8 * gone, new_at + 24 * new
        whole_header = doorlist.Header(
            header.version,
            header.generated_unix,
            header.expires_unix,
            goal.denied,
            goal.granted,
            self.device,
            utc_offset_min=header.utc_offset_min,
            schedules=header.schedules,
            holidays=header.holidays,
        )
        whole = whole_header.to_bytes() + delta[header.calendar_at() : header.removed_at()] + body
        whole += hmac_sha256(self._key, whole)[:SEAL_SIZE]
        return whole if hashlib.sha256(whole).digest() == goal.digest else b""

    def _say_installed(self, reason: int, now_s: float) -> None:
        self.say(ListInstalled(version=self.list_version, digest=self._list_digest(), reason=reason), now_s)

    def _decide(self, card: int, now_unix: int) -> int:
        if not self.list_data:
            return words.REASON_NO_LIST
        header = doorlist.Header.from_bytes(self.list_data)
        digest = doorlist.credential_digest(doorlist.digest_key(self._key), words.CREDENTIAL_CARD, card)
        for index in range(header.denied + header.granted):
            at = header.records_at() + index * doorlist.RECORD_SIZE
            record = doorlist.Record.from_bytes(self.list_data[at : at + doorlist.RECORD_SIZE])
            if record.digest != digest:
                continue
            if index < header.denied:
                return words.REASON_REVOKED
            if record.not_after and now_unix > record.not_after:
                return words.REASON_EXPIRED
            return words.REASON_LISTED
        return words.REASON_UNKNOWN_CREDENTIAL

    def _hello(self, now_s: float) -> Hello:
        return Hello(
            firmware=self.firmware,
            board=words.BOARD_UNIX,
            reset=1,
            boot_count=self.boots,
            list_version=self.list_version,
            list_digest=self._list_digest(),
            epoch=self.epoch,
            first_seq=min(self.journal, default=self.next_seq),
            next_seq=self.next_seq,
            clock_unix=self._unix(now_s),
            free_heap=50_000,
        )

    def say(self, message: Message, now_s: float) -> None:
        """One sealed frame up."""
        self._counter += 1
        frame = Frame(self.device, self.boot_id, self._counter, self._uptime(now_s), message)
        self.outgoing.append(frame.to_bytes(self._key))

    def _uptime(self, now_s: float) -> int:
        return int(now_s - self._booted_s)

    def _unix(self, now_s: float) -> int:
        return 0 if self.clock_offset is None else int(now_s + self.clock_offset)

    def _list_digest(self) -> bytes:
        return hashlib.sha256(self.list_data).digest()[:8] if self.list_data else bytes(8)


def _records(data: bytes, at: int, count: int) -> dict[bytes, bytes]:
    """So many records from `at` on, by digest."""
    rows = [data[at + 24 * n : at + 24 * n + 24] for n in range(count)]
    return {row[:8]: row for row in rows}
