"""The message table. Ids are never reused; field order is the tuple's order.

Up is door → controller, down is controller → door. Times: `_unix` seconds since 1970 (0 = unknown),
`_uptime` seconds since the door's boot.
"""

from doorwire import vocabulary as words
from doorwire.errors import MalformedError
from doorwire.fields import Bounded, Fixed, OneOf, UInt

CHUNK_LIMIT = 1024  # bytes of list or bundle in one frame: small beside the 128 kB heap


class Message:
    """A frozen value: fields by keyword, every one of them, each in range."""

    TYPE = 0
    UP = False
    FIELDS: "tuple[UInt | Fixed | Bounded, ...]" = ()

    def __init__(self, **values: object) -> None:
        if len(values) != len(self.FIELDS):
            raise MalformedError("fields")
        for field in self.FIELDS:
            if field.name not in values:
                raise MalformedError(field.name)
            field.put(values[field.name])
            setattr(self, field.name, values[field.name])

    def to_bytes(self) -> bytes:
        return b"".join([field.put(getattr(self, field.name)) for field in self.FIELDS])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Message":
        """The message that `data` is, all of it; else MalformedError."""
        values: dict[str, object] = {}
        at = 0
        for field in cls.FIELDS:
            values[field.name], at = field.take(data, at)
        if at != len(data):
            raise MalformedError("trailing")
        return cls(**values)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_bytes() == other.to_bytes()

    def __repr__(self) -> str:
        inner = ", ".join([f"{field.name}={getattr(self, field.name)!r}" for field in self.FIELDS])
        return f"{type(self).__name__}({inner})"


class Hello(Message):
    """Up, first after each connection: who, which software, which list, which journal."""

    TYPE = 1
    UP = True
    FIELDS = (
        Bounded("firmware", 24),
        OneOf("board", words.BOARDS),
        OneOf("reset", words.RESETS),
        UInt("boot_count", 4),
        UInt("list_version", 4),
        Fixed("list_digest", 8),
        UInt("epoch", 4),
        UInt("first_seq", 4),
        UInt("next_seq", 4),
        UInt("clock_unix", 4),
        UInt("free_heap", 4),
    )
    firmware: bytes
    board: int
    reset: int
    boot_count: int
    list_version: int
    list_digest: bytes
    epoch: int
    first_seq: int
    next_seq: int
    clock_unix: int
    free_heap: int


class State(Message):
    """Up, at every change and each minute: the door as it stands."""

    TYPE = 2
    UP = True
    FIELDS = (
        OneOf("door", words.DOORS),
        OneOf("lock", words.LOCKS),
        OneOf("mode", words.MODES),
        UInt("alarms", 1, 0, 15),
        UInt("list_version", 4),
        UInt("clock_unix", 4),
        UInt("free_heap", 4),
    )
    door: int
    lock: int
    mode: int
    alarms: int
    list_version: int
    clock_unix: int
    free_heap: int


class Event(Message):
    """Up: one journalled event. The door keeps it until an Ack covers (epoch, seq).

    `credential` is the card's number (bits as an integer); 0 for a PIN. `person` is the list record's opaque number.
    """

    TYPE = 3
    UP = True
    FIELDS = (
        UInt("epoch", 4),
        UInt("seq", 4, 1),
        OneOf("kind", words.EVENTS),
        OneOf("reason", words.REASONS),
        UInt("at_unix", 4),
        UInt("at_uptime", 4),
        OneOf("credential_kind", words.CREDENTIALS),
        UInt("credential", 8),
        UInt("person", 4),
        UInt("list_version", 4),
        UInt("list_age_s", 4),
    )
    epoch: int
    seq: int
    kind: int
    reason: int
    at_unix: int
    at_uptime: int
    credential_kind: int
    credential: int
    person: int
    list_version: int
    list_age_s: int


class Ack(Message):
    """Down: every event of `epoch` up to and including `seq` is committed in the controller's store."""

    TYPE = 4
    FIELDS = (UInt("epoch", 4), UInt("seq", 4, 1))
    epoch: int
    seq: int


class Command(Message):
    """Down: do `op`. `argument` is a MODE_* for OP_MODE, else 0; `reason` says on whose behalf (face, plate, guard).

    OP_REPORT: say Hello and State again; so a controller that has restarted learns boot, list and journal.
    """

    TYPE = 5
    FIELDS = (OneOf("op", words.OPS), UInt("argument", 4), OneOf("reason", words.REASONS), UInt("person", 4))
    op: int
    argument: int
    reason: int
    person: int


class Result(Message):
    """Up: what became of the command with this counter; REASON_NONE = done."""

    TYPE = 6
    UP = True
    FIELDS = (UInt("command_counter", 4), OneOf("reason", words.REASONS))
    command_counter: int
    reason: int


class ListBegin(Message):
    """Down: a list of `size` bytes follows. `base_version` 0 = whole; `digest` is the SHA-256 of all its bytes."""

    TYPE = 7
    FIELDS = (UInt("version", 4, 1), UInt("base_version", 4), UInt("size", 4, 1, 4_000_000), Fixed("digest", 32))
    version: int
    base_version: int
    size: int
    digest: bytes


class ListChunk(Message):
    """Down: the list's bytes from `offset` on."""

    TYPE = 8
    FIELDS = (UInt("version", 4, 1), UInt("offset", 4), Bounded("data", CHUNK_LIMIT))
    version: int
    offset: int
    data: bytes


class ListProgress(Message):
    """Up: `offset` bytes are in flash; send from there (go-back-N)."""

    TYPE = 9
    UP = True
    FIELDS = (UInt("version", 4, 1), UInt("offset", 4))
    version: int
    offset: int


class ListCommit(Message):
    """Down: verify and switch to `version`."""

    TYPE = 10
    FIELDS = (UInt("version", 4, 1), Fixed("digest", 32))
    version: int
    digest: bytes


class ListInstalled(Message):
    """Up: the list now in force, and why a new one was refused (REASON_NONE = installed)."""

    TYPE = 11
    UP = True
    FIELDS = (UInt("version", 4), Fixed("digest", 8), OneOf("reason", words.REASONS))
    version: int
    digest: bytes
    reason: int


class Time(Message):
    """Down: now. Only ever accepted sealed, counted and fresh, so a broker cannot move a door's clock."""

    TYPE = 12
    FIELDS = (UInt("unix", 4, 1_700_000_000), UInt("millis", 2, 0, 999))
    unix: int
    millis: int


class UpdateBegin(Message):
    """Down: an application bundle of `size` bytes follows; `rollback` is its anti-rollback number."""

    TYPE = 13
    FIELDS = (
        Bounded("firmware", 24),
        UInt("size", 4, 1, 1_000_000),
        Fixed("digest", 32),
        UInt("rollback", 4),
    )
    firmware: bytes
    size: int
    digest: bytes
    rollback: int


class UpdateChunk(Message):
    """Down: the bundle's bytes from `offset` on."""

    TYPE = 14
    FIELDS = (UInt("offset", 4), Bounded("data", CHUNK_LIMIT))
    offset: int
    data: bytes


class UpdateCommit(Message):
    """Down: verify, switch slots, restart."""

    TYPE = 15
    FIELDS = (Fixed("digest", 32),)
    digest: bytes


class UpdateStatus(Message):
    """Up: bytes of the bundle in flash, or why it was refused."""

    TYPE = 16
    UP = True
    FIELDS = (UInt("offset", 4), OneOf("reason", words.REASONS))
    offset: int
    reason: int


TABLE = (
    Hello,
    State,
    Event,
    Ack,
    Command,
    Result,
    ListBegin,
    ListChunk,
    ListProgress,
    ListCommit,
    ListInstalled,
    Time,
    UpdateBegin,
    UpdateChunk,
    UpdateCommit,
    UpdateStatus,
)
BY_TYPE = {message.TYPE: message for message in TABLE}
