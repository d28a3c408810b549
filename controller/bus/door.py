"""One door as the controller knows it: its boot, its uptime, its counters, what it reported."""

from collections import deque

from controller.bus.transfer import Transfer, transfer_to
from controller.events.ports import DoorView
from controller.events.upguard import UpGuard
from controller.site.tree import Place
from controller.store.doorlists import DoorList
from doorwire import names
from doorwire import vocabulary as words
from doorwire.frame import Frame
from doorwire.messages import Event, Hello, ListInstalled, Message, State

_UPTIME_SAMPLES = 8  # the best of so many recent frames; older ones would let two clocks drift apart


class Door:
    """State that changes with each frame; nothing here waits or sends."""

    def __init__(self, place: Place, guard: UpGuard, boot_unix: float = 0.0, last_counter: int = 0) -> None:
        self.place = place
        self.guard = guard
        self.boot_unix = boot_unix
        self.link = ""
        self.greeted = False
        self.firmware = ""
        self.state: State | None = None
        self.seen_unix = 0.0
        self.desired: DoorList | None = None
        self.installed: DoorList | None = None  # the last one that it reported and that we know
        self.reported_version = 0
        self.reported_digest = b""
        self.transfer: Transfer | None = None
        self.transfer_heard_mono = 0.0
        self.mode_asked = False
        self.journalled = (0, 0)  # epoch, and the highest seq that it has spoken of
        self._counters = range(0)
        self.last_counter = last_counter
        self._uptime_offsets: deque[float] = deque(maxlen=_UPTIME_SAMPLES)

    @property
    def device(self) -> str:
        return self.place.device

    @property
    def online(self) -> bool:
        """Its link stands and it has spoken since this controller started."""
        return self.link != "lost" and self.seen_unix > 0

    @property
    def list_current(self) -> bool:
        """The door has the list that it should have."""
        return self.desired is not None and self._has(self.desired)

    @property
    def counters_left(self) -> int:
        return len(self._counters)

    def heard(self, frame: Frame, mono_s: float, unix: float) -> None:
        """Take note of a frame that the guard admitted."""
        message = frame.message
        if isinstance(message, Hello):
            self._take_hello(message)
        if isinstance(message, State):
            self.state = message
        if isinstance(message, ListInstalled):
            self._take_report(message.version, message.digest)
        if isinstance(message, Event):
            self.journalled = max(self.journalled, (message.epoch, message.seq))
        self.seen_unix = unix
        self.link = "here"
        self._uptime_offsets.append(frame.uptime_s - mono_s)
        self.boot_unix = unix - self.uptime_s(mono_s)

    def reckon_uptime(self, mono_s: float, unix: float) -> None:
        """Before anything was heard: from the boot that the store remembers."""
        if not self._uptime_offsets and self.boot_unix:
            self._uptime_offsets.append(unix - self.boot_unix - mono_s)

    @property
    def known_installed(self) -> DoorList | None:
        """The list that it reports, byte for byte; None when we do not have those bytes."""
        return self.installed if self.installed is not None and self._has(self.installed) else None

    def transfer_to_desired(self) -> Transfer:
        """It should have a list."""
        assert self.desired is not None
        return transfer_to(self.desired, self.known_installed, self.guard.key)

    def forget_boot(self) -> None:
        """A new boot: nothing of the old one counts."""
        self._uptime_offsets.clear()
        self.transfer = None
        self.state = None

    def uptime_s(self, mono_s: float) -> float:
        """The door's uptime now: never later than the truth, for a frame can only have been delayed."""
        return max(self._uptime_offsets, default=-mono_s) + mono_s

    def give_counters(self, counters: range) -> None:
        """Counters that the store has reserved, all above those left; the few left are given up."""
        self._counters = counters

    def frame_down(self, message: Message, lifetime_s: float, mono_s: float) -> tuple[int, bytes]:
        """(counter, sealed bytes) of a frame void after `lifetime_s`; IndexError when no counter is left."""
        return self.frame_to_boot(self.guard.boot_id, int(self.uptime_s(mono_s) + lifetime_s), message)

    def frame_to_boot(self, boot_id: int, expires_s: int, message: Message) -> tuple[int, bytes]:
        """The same for any boot, void at its uptime `expires_s`. A boot's counters must rise: there is one sequence."""
        counter = self._counters[0]
        self._counters = self._counters[1:]
        self.last_counter = counter
        return counter, self.guard.seal(Frame(self.guard.device, boot_id, counter, expires_s, message))

    def view(self, update: str, gate_mode: str) -> DoorView:
        """For the page. `update`: the stage of a firmware on its way to it."""
        state = self.state
        alarms = state.alarms if state else 0
        return DoorView(
            self.place.id,
            self.place.name,
            self.place.gate,
            self.place.path_names,
            self.device,
            self.online,
            names.DOORS[state.door if state else words.DOOR_UNKNOWN],
            names.LOCKS[state.lock if state else words.LOCK_UNKNOWN],
            names.MODES[state.mode] if state else "",
            tuple(name for bit, name in names.ALARMS.items() if alarms & bit),
            self.firmware,
            self.seen_unix,
            self.desired.version if self.desired else 0,
            self.reported_version,
            self.list_current,
            update,
            gate_mode,
            self.place.fail_open_s,
        )

    def _has(self, door_list: DoorList) -> bool:
        return door_list.is_reported(self.reported_version, self.reported_digest)

    def _take_report(self, version: int, digest: bytes) -> None:
        self.reported_version, self.reported_digest = version, digest
        if self.desired is not None and self._has(self.desired):
            self.installed = self.desired

    def _take_hello(self, hello: Hello) -> None:
        self.firmware = hello.firmware.decode("ascii", "replace")
        self._take_report(hello.list_version, hello.list_digest)
        self.journalled = (hello.epoch, hello.next_seq - 1)
        self.greeted = True
        self.mode_asked = False
        self.transfer = None
