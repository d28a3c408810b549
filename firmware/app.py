"""The door's composition: the only file that knows every part. Start reading at `Door`."""

import asyncio
import gc
import os
import sys

import config
from device import dial, flash
from device.board import Board
from device.clock import Clock
from device.commands import FAIL_OPEN_FILE, MODE_FILE, Commands
from device.doorway import Doorway, Habits
from device.inputs import Inputs
from device.journal_store import JournalStore
from device.link import Account, Link, Sealer
from device.list_store import ListStore
from device.proof import LASTS_S, Proof, line_of
from device.reader import Reader
from device.supervisor import Supervisor
from doorlogic.door import Settings
from doorwire import vocabulary as words
from doorwire.frame import KEY_SIZE, Guard
from doorwire.messages import Hello, State
from version import FIRMWARE, ROLLBACK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.update import Update

_IDLE_MS = 1_000
_COLLECT_AT = 8_192  # bytes allocated between two collections
_LAST_WORDS_S = 1  # a Result is on its way before the restart it announces
_PATIENCE_S = 60  # a restart that can wait does so until nobody is at the door, but not for longer


class Door:
    """One door from flash to running. `faults`: words of the self-test."""

    def __init__(self, board: Board, settings: config.Config) -> None:
        self.faults = ["config"] if settings.problems else []
        self._board = board
        self._formats, self._keypad = settings.formats, settings.keypad
        self._device = settings.device or b""
        self._boots = flash.count_boot("boot.count")
        key = flash.read("device.key") or b""
        if len(key) != KEY_SIZE:
            self.faults.append("key")
            key = os.urandom(KEY_SIZE)  # nothing is sealed under it: no list, no command
        self._lists = ListStore("", key, self._device)
        self._lists.open()
        self._journal = JournalStore("")
        try:
            self._journal.open(_random32())
        except OSError:
            self.faults.append("journal")
        self._clock = Clock()
        door = Settings(
            settings.release_s * 1000,
            settings.open_too_long_s * 1000,
            min(settings.warning_s * 1000, settings.open_too_long_s * 500),
            settings.contact_stuck_after,
            settings.barrier,
        )
        habits = Habits(
            settings.unlock_schedule,
            settings.first_person,
            settings.toggle,
            settings.pin_errors,
            settings.pin_lock_s,
        )
        self.doorway = Doorway(board, door, _mode(settings), self._lists, self._journal, self._clock, habits)
        if settings.barrier:
            self.doorway.fail_open_s = _number(FAIL_OPEN_FILE)
        self.proof = Proof(self._told, ROLLBACK)
        self.supervisor = Supervisor(board, self._failed)
        self.commands: Commands | None = None
        self._link: Link | None = None
        self._restart_by_s = 0
        if settings.osdp:
            self._read_bus(settings)
        self._connect(settings, key)

    def hello(self) -> Hello:
        """Who this door is and what it has."""
        gc.collect()
        return Hello(
            firmware=FIRMWARE.encode(),
            board=self._board.ID,
            reset=self._board.reset_cause,
            boot_count=self._boots,
            list_version=self._lists.version,
            list_digest=self._lists.digest,
            epoch=self._journal.epoch,
            first_seq=self._journal.first_seq,
            next_seq=self._journal.next_seq,
            clock_unix=self._clock.now_unix(self._board.uptime_ms()),
            free_heap=_free_heap(),
        )

    def boot_events(self) -> None:
        """What there is to tell of this boot."""
        self.doorway.record(words.EVENT_BOOT, words.REASON_NONE)
        self.proof.tell(self._board.reset_cause)
        if self._lists.reason:
            self.faults.append("list")
            self.doorway.record(words.EVENT_LIST_REFUSED, self._lists.reason)

    async def run(self) -> None:
        """Until a restart is asked for."""
        self.supervisor.start("door", self._serve, vital=True)
        await self.supervisor.watch(self._to_restart)
        await asyncio.sleep(_LAST_WORDS_S)
        self.proof.restarting()
        self._journal.close()
        self._board.restart()

    def _read_bus(self, settings: config.Config) -> None:
        """OSDP readers: code that only doors with such readers hold."""
        try:
            from device.osdp_bus import Bus

            bus = Bus(self._board, self.doorway, settings.osdp, settings.baud, settings.formats)
        except (ImportError, ValueError, OSError) as error:
            self.faults.append("readers")
            print("readers: no OSDP bus on this board:", error)
            return
        bus.alive = lambda: self.supervisor.beat("readers")
        self.supervisor.start("readers", bus.run)

    def _connect(self, settings: config.Config, key: bytes) -> None:
        """The link and its commands, if this door knows where its broker is and who it is there."""
        broker, password, ca = settings.broker, flash.read("broker.key"), flash.read("ca.pem")
        if broker is None or not self._device or not settings.site or not password or not ca:
            print(
                "link: no broker configured: the door opens from its list only. Next step: provision this board again"
            )
            return
        try:
            dialled = dial.dialler(self._board, broker.host, broker.port, broker.name, ca)
        except (ValueError, IndexError, OSError):
            self.faults.append("ca")
            print("link: ca.pem is no certificate: the door opens from its list only. Next step: flash it again")
            return
        boot_id = _random32()
        account = Account(self._device.hex(), settings.site, password)
        link = Link(
            account,
            Sealer(self._device, key, boot_id, self._board.uptime_ms),
            self._journal,
            dialled,
            self.hello,
            self._state,
        )
        guard = Guard(self._device, boot_id)
        self.commands = Commands(key, guard, self._board, self.doorway, self._lists, self._journal, self._clock, link)
        self.commands.updater = self._updater
        link.heard = self.commands.heard
        link.beat = lambda: self.supervisor.beat("link")
        self.doorway.wake = link.wake
        self.doorway.changed = link.report
        self._link = link
        self.supervisor.start("install", self.commands.install)
        self.supervisor.start("link", self._talk)

    async def _talk(self) -> None:
        """The link, for ever; in safe mode only once the door has shown that it lasts."""
        if self.proof.safe:
            await asyncio.sleep(LASTS_S)
        if self._link is not None:
            await self._link.run()

    async def _serve(self) -> None:
        """Edges and levels in, for ever; nothing in here waits for anything but them."""
        reader = Reader(self._board.edges, self._formats, self._keypad)
        inputs = Inputs(self.doorway.levels)
        self.doorway.sense(inputs.levels)
        while True:
            due = (reader.due_ms(), self.doorway.due_ms(), inputs.due_ms(self._board.uptime_ms()), _IDLE_MS)
            await self._board.wait(min([ms for ms in due if ms >= 0]))
            for reason, kind, value in reader.poll(self._board.ticks_us, self._board.uptime_ms()):
                if reason:
                    self.doorway.unreadable(reason, value)
                else:
                    self.doorway.badge(kind, value)
            before = inputs.levels
            if inputs.sample(self._board.inputs(), self._board.uptime_ms()) != before or self.doorway.due_ms() == 0:
                self.doorway.sense(inputs.levels)
            self.supervisor.beat("door")  # last: a task that fails over and over does not live

    def _state(self) -> State:
        return self.doorway.state(_free_heap())

    def _to_restart(self) -> bool:
        """Asked each second: whether it is time."""
        uptime_s = self._board.uptime_ms() // 1000
        if self.doorway.fail_open_s:
            self.doorway.follow()
        linked = self._link is not None and self._link.connected
        wanted = self.proof.second(uptime_s, len(self.faults), self.supervisor.failures, linked)
        commands = self.commands
        if commands is not None:
            if commands.restart:
                return True
            wanted = wanted or commands.updated
        if wanted and not self._restart_by_s:
            self._restart_by_s = uptime_s + _PATIENCE_S
        return self._restart_by_s > 0 and (self.doorway.due_ms() < 0 or uptime_s >= self._restart_by_s)

    def _updater(self) -> "Update":
        """For the first firmware that is offered: code that is hardly ever needed."""
        from device.update import Update

        return Update(self.proof.slots, ROLLBACK, len(self.faults))

    def _told(self, kind: int, reason: int, number: int) -> None:
        self.doorway.record(kind, reason, credential=number)

    def _failed(self, reason: int, error: "Exception | None") -> None:
        self._told(words.EVENT_FAULT, reason, line_of(error) if error is not None else 0)


def main() -> None:
    """What main.py calls."""
    asyncio.run(_main())


async def _main() -> None:
    door = _start()
    gc.collect()
    gc.threshold(_COLLECT_AT)
    await door.run()


def _start() -> Door:
    """The door out of its settings, which leave the heap: nothing that stays refers to their module."""
    settings = config.parse(flash.read("config.json"))
    for problem in settings.problems:
        print(problem)
    board = _this_board(settings)
    door = Door(board, settings)
    door.boot_events()
    device = settings.device.hex() if settings.device else "unknown"
    print("menshen hello", device, FIRMWARE, "self-test", " ".join(door.faults) or "ok")
    del sys.modules["config"]
    del globals()["config"]
    board.running()
    return door


def _this_board(settings: config.Config) -> Board:
    """The board this runs on; its outputs are low from here on."""
    if sys.platform == "esp32":
        from device.board_esp32 import Esp32Board

        return Esp32Board(settings.board, settings.network)
    if sys.platform == "rp2":
        from device.board_rp2 import Rp2Board

        return Rp2Board(settings.board, settings.network)
    from device.board_unix import UnixBoard

    board = UnixBoard()
    board.connect()
    return board


def _mode(settings: config.Config) -> int:
    """The mode last commanded, else the configured one."""
    kept = _number(MODE_FILE)
    return kept if 1 <= kept <= words.LAST_MODE else settings.mode


def _number(path: str) -> int:
    """What a file of digits says; 0 where there is none."""
    kept = flash.read(path)
    return int(kept) if kept is not None and kept.isdigit() else 0


def _free_heap() -> int:
    return gc.mem_free()


def _random32() -> int:
    """Not 0."""
    return int.from_bytes(os.urandom(4), "big") or 1
