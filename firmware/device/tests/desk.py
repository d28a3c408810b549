"""A door on the desk: the real parts of `device/` around a board that only remembers. Runs on both runtimes."""

import os
import sys

from device.board import Board
from device.clock import Clock
from device.commands import Commands
from device.doorway import PLAIN, Doorway, Habits
from device.journal_store import JournalStore
from device.list_store import ListStore
from doorlogic.door import Settings
from doorwire import vocabulary as words
from doorwire.doorlist import Record, credential_digest, digest_key
from doorwire.frame import Frame, Guard
from doorwire.listwriter import encode
from doorwire.messages import Message
from doorwire.tests.vectors import DEVICE, KEY

BOOT_ID = 77
NOW = 1_760_000_000
DIGESTS = digest_key(KEY)


class DeskBoard(Board):
    """Its time is `now_ms`; `pulses` are (output, ms, when)."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 10_000
        self.pulses: list[tuple[str, int, int]] = []
        self.order: list[str] = []

    def pulse(self, output: str, ms: int) -> None:
        self.pulses.append((output, ms, self.now_ms))
        self.order.append(output)

    def set(self, output: str, level: bool) -> None:
        self.order.append(output + ("=1" if level else "=0"))

    def uptime_ms(self) -> int:
        return self.now_ms

    def relay_pulses(self) -> int:
        """How often the relay was released."""
        return len([pulse for pulse in self.pulses if pulse[0] == "relay"])


class DeskLink:
    """Remembers what would go up."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.hellos = 0
        self.reports = 0

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def say_hello(self) -> None:
        self.hellos += 1

    def report(self) -> None:
        self.reports += 1

    def wake(self) -> None:
        pass


class Desk:
    """A whole door in `folder`, without reader and network."""

    def __init__(
        self, folder: str, barrier: bool = False, habits: Habits = PLAIN, mode: int = words.MODE_LOCKED
    ) -> None:
        self.board = DeskBoard()
        self.lists = ListStore(folder, KEY, DEVICE)
        self.lists.open()
        self.journal = JournalStore(folder)
        self.journal.open(1)
        self.clock = Clock()
        settings = Settings(5_000, 30_000, 10_000, 20, barrier)
        self.doorway = Doorway(self.board, settings, mode, self.lists, self.journal, self.clock, habits, folder)
        self.link = DeskLink()
        self.guard = Guard(DEVICE, BOOT_ID)
        self.commands = Commands(
            KEY, self.guard, self.board, self.doorway, self.lists, self.journal, self.clock, self.link, folder
        )
        self.counter = 0

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open in flash."""
        self.lists.close()
        self.journal.close()

    def frame(self, message: Message, lifetime_s: int = 5, boot_id: int = BOOT_ID, device: bytes = DEVICE) -> bytes:
        """A sealed frame as the controller makes it."""
        self.counter += 1
        return Frame(device, boot_id, self.counter, self.board.now_ms // 1000 + lifetime_s, message).to_bytes(KEY)

    def events(self) -> "list[tuple[int, int]]":
        """(kind, reason) of everything journalled."""
        found = []
        for seq in range(1, self.journal.next_seq):
            event = self.journal.read(seq)
            assert event is not None
            found.append((event.kind, event.reason))
        return found


def card_list(version: int, cards: "list[int]", revoked: "tuple[int, ...]" = (), device: bytes = DEVICE) -> bytes:
    """A sealed list of these cards; a card's person is the card."""
    granted = [Record(credential_digest(DIGESTS, 1, card), card) for card in cards]
    denied = [Record(credential_digest(DIGESTS, 1, card), card) for card in revoked]
    return encode(KEY, device, version, NOW, 0, denied, granted)


def scratch() -> str:
    """A fresh folder's path, slash at its end: LittleFS in memory on MicroPython, a temporary folder elsewhere."""
    if sys.implementation.name == "micropython":
        from device.tests.ramflash import mounted

        return mounted()
    import tempfile

    return tempfile.mkdtemp() + os.sep
