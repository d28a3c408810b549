"""A hostile bus: frames made out of genuine ones, through the real gate of a door. `hostile.py` runs it.

`Bus` is the controller and the attacker at once. The attacker has the broker: every genuine frame passes his hands, to
be delivered, held back, changed, sent again later, sent to another door. He has the keys of another door. What the
relay may do is told by `Bus.due`, which knows genuine frames by their bytes and shares no code with the door's gate.
"""

import random

from device.tests.desk import BOOT_ID, DEVICE, KEY, NOW, Desk
from doorwire import messages
from doorwire import vocabulary as words
from doorwire.frame import HEADER_SIZE, SEAL_SIZE, Frame

OTHER_DEVICE = b"\x02\x99\x88\x77\x66\x55"
OTHER_KEY = bytes(range(7, 39))
REBOOT_EVERY = 20_000  # hostile messages between two power cuts of the door
GENUINE_EVERY = 40
_ON_ITS_WAY = 4  # hostile messages made of each genuine frame before it is delivered
KEPT = 64  # genuine frames that the attacker remembers
BOOTED_MS = 10_000  # the uptime of a door on the desk
AS_IT_IS = 6  # so many times as often as any other kind: a genuine frame, sent unchanged at the wrong moment
_TYPE = 1  # offsets in a frame (doorwire.frame)
_DEVICE = 2
_BOOT = 8
_COUNTER = 12
_NOT_AFTER = 16


class Genuine:
    """A frame that the controller sealed: what it may do, once."""

    def __init__(self, data: bytes, boot_id: int, counter: int, not_after_s: int, message: messages.Message) -> None:
        self.data = data
        self.boot_id = boot_id
        self.counter = counter
        self.not_after_s = not_after_s
        self.message = message
        self.spent = False


class Bus:
    """One door on it. `kinds` counts the hostile messages; the rest, what the door made of them."""

    def __init__(self, folder: str, seed: int) -> None:
        random.seed(seed)
        self._folder = folder
        self.remembered: list[Genuine] = []
        self._top = 0
        self._mode = words.MODE_LOCKED
        self._next_boot = 0
        self._next_honest = 0
        self.boots = self.boot_id = 0
        self.kinds: dict[str, int] = {}
        self.hostile = 0
        self.authorised = self.edges = self.unauthorised = self.missing = 0
        self.admitted = 0  # hostile messages that were not refused
        self.clock_errors = 0
        self.boot()

    def boot(self) -> None:
        """The door's power returns: a new boot, the same flash; what was sealed for the last one stays with him."""
        if self.boots:
            self.desk.close()
        self.boots += 1
        self.boot_id = BOOT_ID + self.boots
        self.desk = Desk(self._folder)
        self.desk.guard.boot_id = self.boot_id
        self._top = 0
        self._mode = words.MODE_LOCKED
        self._next_boot = self.hostile + REBOOT_EVERY
        self.deliver(self.seal(messages.Time(unix=NOW, millis=0)).data)

    def seal(self, message: messages.Message, lifetime_s: int = 5) -> Genuine:
        """The controller seals a frame; the attacker has it."""
        data = self.desk.frame(message, lifetime_s, self.boot_id)
        made = Genuine(data, self.boot_id, self.desk.counter, self.desk.board.now_ms // 1000 + lifetime_s, message)
        self.remembered.append(made)
        if len(self.remembered) > KEPT:
            self.remembered.pop(0)
        return made

    def honest(self) -> None:
        """The controller does its work, opens above all. One frame in four the attacker holds back."""
        draw = random.getrandbits(4)
        if draw < 9:
            made = self.seal(messages.Command(op=words.OP_OPEN, argument=0, reason=words.REASON_FACE, person=9))
        elif draw < 12:
            mode = (words.MODE_LOCKED, words.MODE_LOCKED, words.MODE_LOCKED_DOWN, words.MODE_UNLOCKED)[
                random.getrandbits(2)
            ]
            made = self.seal(messages.Command(op=words.OP_MODE, argument=mode, reason=words.REASON_GUARD, person=3))
        elif draw < 14:
            journal = self.desk.journal
            made = self.seal(messages.Ack(epoch=journal.epoch, seq=journal.next_seq - 1))
        else:
            since_ms = self.desk.board.now_ms - BOOTED_MS
            made = self.seal(messages.Time(unix=NOW + since_ms // 1000, millis=since_ms % 1000), 30)
        for _ in range(_ON_ITS_WAY):
            kind, make = random.choice(ATTACKS)
            self.attack(kind, make(self, made))
        draw = random.getrandbits(3)
        if draw > 1:
            self.deliver(made.data)
            if draw > 4:
                self.attack("duplicated", made.data)
        elif draw and isinstance(made.message, messages.Command):
            self.desk.board.now_ms += 6_000
            self.attack("expired", made.data)

    def deliver(self, data: bytes) -> bool:
        """Bytes to the door: whether they were due. What the relay does is compared with what they may do."""
        made, least, most = self._due(data)
        board, commands = self.desk.board, self.desk.commands
        refused = commands.refused
        commands.heard(data)
        released = board.relay_pulses() + board.order.count("relay=1")
        board.pulses.clear()
        board.order.clear()
        self.desk.link.sent.clear()
        self.edges += released
        self.authorised += min(max(released, least), most)
        self.unauthorised += max(released - most, 0)
        self.missing += max(least - released, 0)
        if not made and commands.refused == refused:
            self.admitted += 1
        return made

    def attack(self, kind: str, data: bytes) -> None:
        """One hostile message. One held back that comes in time and in order is late, and does what it may."""
        if not self.deliver(data):
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            self.hostile += 1

    def work(self) -> None:
        """Time passes; the controller, a power cut, and the check of the clock have their turn."""
        board = self.desk.board
        board.now_ms += random.getrandbits(6)
        if self.hostile >= self._next_honest:
            self._next_honest = self.hostile + GENUINE_EVERY
            self.honest()
            off_s = self.desk.clock.now_unix(board.now_ms) - (NOW + (board.now_ms - BOOTED_MS) // 1000)
            self.clock_errors += off_s not in (-2, -1, 0)  # a Time held back for longer is refused
        if self.hostile >= self._next_boot:
            self.boot()

    def storm(self, count: int) -> None:
        """So many hostile messages, with genuine ones among them."""
        while self.hostile < count:
            self.work()
            self.attack(*self.message())

    def message(self) -> "tuple[str, bytes]":
        """(kind, bytes) of what the attacker sends next."""
        genuine = random.choice(self.remembered)
        number = random.getrandbits(16) % (len(ATTACKS) + AS_IT_IS)
        if number >= len(ATTACKS):
            return self._state(genuine), genuine.data
        kind, make = ATTACKS[number]
        return kind, make(self, genuine)

    def _state(self, genuine: Genuine) -> str:
        """What sending this genuine frame now amounts to."""
        if genuine.boot_id != self.boot_id:
            return "other boot"
        if genuine.spent:
            return "replayed"
        return "reordered" if genuine.counter <= self._top else "expired"

    def _due(self, data: bytes) -> "tuple[bool, int, int]":
        """(whether these bytes are a genuine frame's first delivery, in time and in order; the releases it has to make,
        at least and at most)."""
        for made in self.remembered:
            if made.data == data and not made.spent and made.boot_id == self.boot_id and made.counter > self._top:
                made.spent = True
                self._top = made.counter
                if self.desk.board.now_ms // 1000 <= made.not_after_s:
                    least, most = self._releases(made.message)
                    return True, least, most
                break
        return False, 0, 0

    def _releases(self, message: messages.Message) -> "tuple[int, int]":
        if not isinstance(message, messages.Command):
            return 0, 0
        before = self._mode
        if message.op == words.OP_OPEN:
            number = int(before == words.MODE_LOCKED)
            return number, number
        self._mode = message.argument
        if before == words.MODE_UNLOCKED and self._mode != before:
            return 0, 1  # the rest of a release that was asked for while it was unlocked
        number = int(self._mode == words.MODE_UNLOCKED and before != self._mode)
        return number, number


def _patched(data: bytes, at: int, value: int, size: int = 4) -> bytes:
    return data[:at] + value.to_bytes(size, "little") + data[at + size :]


def _flipped(bus: Bus, genuine: Genuine) -> bytes:
    changed = bytearray(genuine.data)
    for _ in range(1 + random.getrandbits(2)):
        changed[random.getrandbits(10) % len(changed)] ^= 1 << random.getrandbits(3)
    return bytes(changed)


def _truncated(bus: Bus, genuine: Genuine) -> bytes:
    return genuine.data[: random.getrandbits(10) % len(genuine.data)]


def _beheaded(bus: Bus, genuine: Genuine) -> bytes:
    return genuine.data[1 + random.getrandbits(10) % (len(genuine.data) - 1) :]


def _oversized(bus: Bus, genuine: Genuine) -> bytes:
    return genuine.data + genuine.data[: 1 + random.getrandbits(5)] * (1 + random.getrandbits(6))


def _readdressed(bus: Bus, genuine: Genuine) -> bytes:
    """Another door's device id in this door's frame, or the other way round: that door's frame, well sealed."""
    if random.getrandbits(1):
        return genuine.data[:_DEVICE] + OTHER_DEVICE + genuine.data[_DEVICE + 6 :]
    return Frame(OTHER_DEVICE, bus.boot_id, 0x7FFFFFFF, 0x7FFFFFFF, genuine.message).to_bytes(OTHER_KEY)


def _wrong_key(bus: Bus, genuine: Genuine) -> bytes:
    """He seals himself what he would like to say."""
    return Frame(DEVICE, bus.boot_id, 0x7FFFFFFF, 0x7FFFFFFF, genuine.message).to_bytes(OTHER_KEY)


def _later(bus: Bus, genuine: Genuine) -> bytes:
    """A counter that is due, a life that does not end, for this boot."""
    data = _patched(genuine.data, _BOOT, bus.boot_id)
    return _patched(_patched(data, _COUNTER, genuine.counter + 1 + random.getrandbits(20)), _NOT_AFTER, 0xFFFFFFFF)


def _retyped(bus: Bus, genuine: Genuine) -> bytes:
    kind = genuine.data[_TYPE] ^ (1 + random.getrandbits(4))
    return genuine.data[:_TYPE] + bytes([kind]) + genuine.data[_TYPE + 1 :]


def _spliced(bus: Bus, genuine: Genuine) -> bytes:
    """Header of one, message of another, seal of either."""
    other = random.choice(bus.remembered).data
    tail = other[HEADER_SIZE:] if random.getrandbits(1) else other[HEADER_SIZE:-SEAL_SIZE] + genuine.data[-SEAL_SIZE:]
    return genuine.data[:HEADER_SIZE] + tail if tail != genuine.data[HEADER_SIZE:] else b""


def _other_boot(bus: Bus, genuine: Genuine) -> bytes:
    """Sealed under the door's own key for a boot that is not this one."""
    boot_id = bus.boot_id + 1 + random.getrandbits(8)
    return Frame(DEVICE, boot_id, 0x7FFFFFFF, 0x7FFFFFFF, genuine.message).to_bytes(KEY)


def _other_device(bus: Bus, genuine: Genuine) -> bytes:
    """Sealed under the door's own key for another device: a ledger with one key twice."""
    return Frame(OTHER_DEVICE, bus.boot_id, 0x7FFFFFFF, 0x7FFFFFFF, genuine.message).to_bytes(KEY)


def _reflected(bus: Bus, genuine: Genuine) -> bytes:
    """What the door itself says, sealed under its key for this boot, sent back to it."""
    said = messages.Result(command_counter=genuine.counter, reason=words.REASON_NONE)
    return Frame(DEVICE, bus.boot_id, 0x7FFFFFFF, 0x7FFFFFFF, said).to_bytes(KEY)


def _noise(bus: Bus, genuine: Genuine) -> bytes:
    return bytes([random.getrandbits(8) for _ in range(random.getrandbits(7))])


ATTACKS = (
    ("bits flipped", _flipped),
    ("truncated", _truncated),
    ("beheaded", _beheaded),
    ("oversized", _oversized),
    ("re-addressed", _readdressed),
    ("wrong key", _wrong_key),
    ("other counter", _later),
    ("other type", _retyped),
    ("spliced", _spliced),
    ("other boot, sealed", _other_boot),
    ("other device, sealed", _other_device),
    ("reflected", _reflected),
    ("noise", _noise),
)
