"""The message table. Ids are never reused; field order is the tuple's order.

Up is door → controller, down is controller → door. Times: `_unix` seconds since 1970 (0 = unknown),
`_uptime` seconds since the door's boot.
"""

from doorwire import vocabulary as words
from doorwire.errors import MalformedError
from doorwire.fields import bounded, check, fixed, put, take, uint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from doorwire.fields import Codec

CHUNK_LIMIT = 1024  # bytes of list or bundle in one frame: small beside the 128 kB heap

_U32 = uint(4)
_U64 = uint(8)
_FROM_1 = uint(4, 1)
_NAME = bounded(24)
_CHUNK = bounded(CHUNK_LIMIT)
_DIGEST = fixed(32)
_DIGEST_8 = fixed(8)
_BOARD = uint(1, 1, words.LAST_BOARD)
_RESET = uint(1, 0, words.LAST_RESET)
_DOOR = uint(1, 0, words.LAST_DOOR)
_LOCK = uint(1, 0, words.LAST_LOCK)
_MODE = uint(1, 1, words.LAST_MODE)
_EVENT = uint(1, 1, words.LAST_EVENT)
_REASON = uint(1, 0, words.LAST_REASON)
_CREDENTIAL = uint(1, 0, words.LAST_CREDENTIAL)
_OP = uint(1, 1, words.LAST_OP)


class Message:
    """A frozen value: fields by keyword, every one of them, each in range."""

    TYPE = 0
    UP = False
    FIELDS: "tuple[tuple[str, Codec], ...]" = ()

    def __init__(self, **values: object) -> None:
        if len(values) != len(self.FIELDS):
            raise MalformedError("fields")
        for name, codec in self.FIELDS:
            if name not in values:
                raise MalformedError(name)
            check(codec, name, values[name])
            setattr(self, name, values[name])

    def to_bytes(self) -> bytes:
        return b"".join([put(codec, getattr(self, name)) for name, codec in self.FIELDS])

    @classmethod
    def from_bytes(cls, data: "bytes | memoryview") -> "Message":
        """The message that `data` is, all of it; else MalformedError."""
        values: dict[str, object] = {}
        at = 0
        for name, codec in cls.FIELDS:
            values[name], at = take(codec, name, data, at)
        if at != len(data):
            raise MalformedError("trailing")
        return cls(**values)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_bytes() == other.to_bytes()

    def __repr__(self) -> str:
        inner = ", ".join([f"{name}={getattr(self, name)!r}" for name, _ in self.FIELDS])
        return f"{type(self).__name__}({inner})"


class Hello(Message):
    """Up, first after each connection: who, which software, which list, which journal."""

    TYPE = 1
    UP = True
    FIELDS = (
        ("firmware", _NAME),
        ("board", _BOARD),
        ("reset", _RESET),
        ("boot_count", _U32),
        ("list_version", _U32),
        ("list_digest", _DIGEST_8),
        ("epoch", _U32),
        ("first_seq", _U32),
        ("next_seq", _U32),
        ("clock_unix", _U32),
        ("free_heap", _U32),
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
        ("door", _DOOR),
        ("lock", _LOCK),
        ("mode", _MODE),
        ("alarms", uint(1, 0, words.ALL_ALARMS)),
        ("list_version", _U32),
        ("clock_unix", _U32),
        ("free_heap", _U32),
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
        ("epoch", _U32),
        ("seq", _FROM_1),
        ("kind", _EVENT),
        ("reason", _REASON),
        ("at_unix", _U32),
        ("at_uptime", _U32),
        ("credential_kind", _CREDENTIAL),
        ("credential", _U64),
        ("person", _U32),
        ("list_version", _U32),
        ("list_age_s", _U32),
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
    FIELDS = (("epoch", _U32), ("seq", _FROM_1))
    epoch: int
    seq: int


class Command(Message):
    """Down: do `op`. `argument`: a MODE_* for OP_MODE, seconds for OP_FACTOR and OP_FAIL_OPEN, else 0; `reason`: for
    whom (face, …).

    OP_SYNC: say Hello again, so that a restarted controller learns boot, list and journal. OP_REPORT: say State.
    """

    TYPE = 5
    FIELDS = (("op", _OP), ("argument", _U32), ("reason", _REASON), ("person", _U32))
    op: int
    argument: int
    reason: int
    person: int


class Result(Message):
    """Up: what became of the command with this counter; REASON_NONE = done."""

    TYPE = 6
    UP = True
    FIELDS = (("command_counter", _U32), ("reason", _REASON))
    command_counter: int
    reason: int


class ListBegin(Message):
    """Down: a list of `size` bytes follows. `base_version` 0 = whole; `digest` is the SHA-256 of all its bytes."""

    TYPE = 7
    FIELDS = (
        ("version", _FROM_1),
        ("base_version", _U32),
        ("size", uint(4, 1, 4_000_000)),
        ("digest", _DIGEST),
    )
    version: int
    base_version: int
    size: int
    digest: bytes


class ListChunk(Message):
    """Down: the list's bytes from `offset` on."""

    TYPE = 8
    FIELDS = (("version", _FROM_1), ("offset", _U32), ("data", _CHUNK))
    version: int
    offset: int
    data: bytes


class ListProgress(Message):
    """Up: `offset` bytes are in flash; send from there (go-back-N)."""

    TYPE = 9
    UP = True
    FIELDS = (("version", _FROM_1), ("offset", _U32))
    version: int
    offset: int


class ListCommit(Message):
    """Down: verify and switch to `version`."""

    TYPE = 10
    FIELDS = (("version", _FROM_1), ("digest", _DIGEST))
    version: int
    digest: bytes


class ListInstalled(Message):
    """Up: the list now in force, and why a new one was refused (REASON_NONE = installed)."""

    TYPE = 11
    UP = True
    FIELDS = (("version", _U32), ("digest", _DIGEST_8), ("reason", _REASON))
    version: int
    digest: bytes
    reason: int


class Time(Message):
    """Down: now. Only ever accepted sealed, counted and fresh, so a broker cannot move a door's clock."""

    TYPE = 12
    FIELDS = (("unix", uint(4, 1_700_000_000)), ("millis", uint(2, 0, 999)))
    unix: int
    millis: int


class UpdateBegin(Message):
    """Down: an application bundle of `size` bytes follows; `rollback` is its anti-rollback number."""

    TYPE = 13
    FIELDS = (
        ("firmware", _NAME),
        ("size", uint(4, 1, 1_000_000)),
        ("digest", _DIGEST),
        ("rollback", _U32),
    )
    firmware: bytes
    size: int
    digest: bytes
    rollback: int


class UpdateChunk(Message):
    """Down: the bundle's bytes from `offset` on."""

    TYPE = 14
    FIELDS = (("offset", _U32), ("data", _CHUNK))
    offset: int
    data: bytes


class UpdateCommit(Message):
    """Down: verify, switch slots, restart."""

    TYPE = 15
    FIELDS = (("digest", _DIGEST),)
    digest: bytes


class UpdateStatus(Message):
    """Up: bytes of the bundle in flash, or why it was refused."""

    TYPE = 16
    UP = True
    FIELDS = (("offset", _U32), ("reason", _REASON))
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
