"""A door that is reset over and over, at any moment of its life: no relay edge that nobody asked for, none left on.

The reset comes while the loop waits, inside a call of the board, at a write to flash or half way through it; it is the
power's, the watchdog's after the program hung, or the program's own after an exception. Other exceptions are raised in
each task, and after them the door has to go on. Seeded. `main()` prints what was found as JSON.
"""

import asyncio
import asyncio.core
import gc
import json
import random

import loader
from device import dial
from device.tests.controller import Controller
from device.tests.ramflash import PowerCut
from device.tests.warp import READ_MS, RELEASE_S, WARP, WarpBoard, WarpFlash, provisioned, started
from doorwire import vocabulary as words

BLOCKS = 64
RESIDENTS = 20
STRANGER = 0x700000
WAYS = ("waiting", "calling", "writing", "torn", "hanging", "failing")
TASKS = ("start", "watch", "door", "install", "link", "connection")
ERRORS = (OSError(5), MemoryError(), ValueError("bench"), KeyError("bench"), RuntimeError("bench"))
EDGE_AT_BOOT = "an edge of the relay at boot"
UNASKED = "an edge of the relay that nobody asked for"
LEFT_ON = "a relay left on"
SHUT_OUT = "a resident shut out"
_WATCHDOG_MS = 8_000
_MENDED_MS = 1_500  # a task that failed is started again after a second
_DEBOUNCED_MS = 100


class Hang(BaseException):
    """The program is stuck and never comes back."""


class Resets:
    """`found` counts what did not hold; `told` has the first of them in words."""

    def __init__(self, seed: int, start=started) -> None:
        random.seed(seed)
        self._start = start
        self._controller = Controller(WARP.ticks, RESIDENTS)
        self._memories = provisioned(BLOCKS, self._controller.whole_list())
        self._cause = words.RESET_POWER_ON
        self._door = self._board = self._watch = None
        self._asked = 0  # edges that somebody had a right to, in this boot
        self._sick_ms = WARP.now_ms  # until then a resident may have to try again
        self._aim = ""  # the task in which an exception is due
        self.boots = self.rises = 0
        self.ways = dict.fromkeys(WAYS, 0)
        self.exceptions = dict.fromkeys(TASKS, 0)
        self.found = {EDGE_AT_BOOT: 0, UNASKED: 0, LEFT_ON: 0, SHUT_OUT: 0}
        self.told: list[str] = []

    def run(self, resets: int) -> "dict[str, object]":
        """So many."""
        dial.dialler = lambda *arguments: self._controller.dial
        while self.boots < resets:
            self._boot()
        return {
            "resets": self.boots,
            "ways": self.ways,
            "exceptions": self.exceptions,
            "rises": self.rises,
            "lists": self._controller.lists,
            "found": self.found,
            "told": self.told,
        }

    def _boot(self) -> None:
        """From power on to the reset."""
        self.boots += 1
        self._asked, self._door, self._watch = 0, None, None
        self._sick_ms = WARP.now_ms
        asyncio.new_event_loop()
        gc.collect()
        power, board = WarpFlash(self._memories), WarpBoard()
        self._board = board
        board.reset_cause = self._cause
        board.level(contact=not random.getrandbits(3), rex=not random.getrandbits(3))  # found so
        self._plan(board, power)
        try:
            asyncio.run(self._live(board, power))
        except PowerCut:
            self._cause = words.RESET_POWER_ON
        except Hang:
            self._bitten(board)
        except Exception as error:  # noqa: BLE001  what main.py does
            loader.keep_error(error)
            self._cause = words.RESET_HARD
        WARP.cut_ms = -1
        self._count(UNASKED, max(board.rises, board.releases) > self._asked)
        self._count(LEFT_ON, board.longest_ms > 1000 * RELEASE_S or board.unasked_holds > 0)
        self.rises += board.rises
        power.freeze()
        self._controller.hang_up()
        WARP.now_ms += 100 + random.getrandbits(10)

    def _plan(self, board: WarpBoard, power: WarpFlash) -> None:
        """When and how this boot ends; by a power cut in any case."""
        way = WAYS[random.getrandbits(8) % len(WAYS)]
        self.ways[way] += 1
        self._aim = ""
        WARP.cut_ms = WARP.now_ms + _spread(15)
        if way in ("writing", "torn"):
            power.arm(1 + _spread(7), way == "torn")
        elif way == "calling":
            board.fault = self._at(1 + _spread(11), PowerCut())
        elif way == "hanging":
            board.fault = self._at(1 + _spread(11), Hang())
        elif way == "failing":
            self._aim = TASKS[random.getrandbits(8) % len(TASKS)]
            WARP.cut_ms = WARP.now_ms + 2_000 + random.getrandbits(13)
            self._aimed = _spread(7)
            board.fault = self._in_task

    def _at(self, call: int, error: BaseException):
        """A fault at this call of the board."""

        def fault(count: int) -> None:
            if count == call:
                raise error

        return fault

    def _in_task(self, count: int) -> None:
        """A fault in the task aimed at, once, after some calls of its own."""
        if self._aim and self._task() == self._aim:
            self._aimed -= 1
            if self._aimed <= 0:
                self.exceptions[self._aim] += 1
                self._aim = ""
                self._sick_ms = WARP.now_ms + _MENDED_MS
                raise ERRORS[random.getrandbits(8) % len(ERRORS)]

    def _task(self) -> str:
        """Which of TASKS runs now."""
        if self._door is None:
            return "start"
        now = asyncio.core.cur_task
        if now is self._watch:
            return "watch"
        for name, kept in self._door.supervisor._kept.items():
            if kept.task is now:
                return name
        return "connection"

    def _bitten(self, board: WarpBoard) -> None:
        """The program hangs; the hardware ends the pulse, the watchdog the program, and with it what fire holds."""
        noticed = WARP.now_ms - board.level_ms > _DEBOUNCED_MS
        self._count(LEFT_ON, board.held and not board.levels.fire and noticed)
        WARP.now_ms = max(WARP.now_ms, board.fed_ms + _WATCHDOG_MS)
        self._cause = words.RESET_WATCHDOG

    async def _live(self, board: WarpBoard, power: WarpFlash) -> None:
        """What main.py does, among people."""
        door = self._start(board, power)
        self._count(EDGE_AT_BOOT, board.rises > 0)
        self._door = self._controller.door = door
        self._watch = asyncio.create_task(door.run())
        asyncio.create_task(self._people(board))
        await self._watch

    async def _people(self, board: WarpBoard) -> None:
        """Residents, a stranger, the button, fire, a guard."""
        await asyncio.sleep_ms(500)
        self._count(EDGE_AT_BOOT, board.rises > 0)
        board.level()
        while True:
            await asyncio.sleep_ms(100 + _spread(14))
            draw = random.getrandbits(4)
            if draw < 8:
                await self._resident(board)
            elif draw == 8:
                board.swipe(STRANGER + random.getrandbits(8))
            elif draw == 9:
                self._asked += 1
                board.level(rex=True)
                await asyncio.sleep_ms(_DEBOUNCED_MS)
                board.level()
            elif draw == 10:
                self._asked += 1
                board.level(fire=True)
                await asyncio.sleep_ms(_spread(12))
                board.level()
                await asyncio.sleep_ms(_DEBOUNCED_MS)
                self._count(LEFT_ON, board.held and self._well())
            elif draw < 13:
                self._asked += self._controller.open()
            else:
                self._controller.new_list()

    async def _resident(self, board: WarpBoard) -> None:
        before = board.releases
        self._asked += 1
        board.swipe(1 + random.getrandbits(8) % RESIDENTS)
        await asyncio.sleep_ms(READ_MS)
        self._count(SHUT_OUT, board.releases == before and self._well())

    def _well(self) -> bool:
        """Whether no task has just failed."""
        return WARP.now_ms > self._sick_ms

    def _count(self, what: str, wrong: bool) -> None:
        if wrong:
            self.found[what] += 1
            if len(self.told) < 5:
                self.told.append("boot %d: %s" % (self.boots, what))  # noqa: UP031


def _spread(bits: int) -> int:
    """From 0 to 2 ** bits: as often small as large."""
    return random.getrandbits(1 + random.getrandbits(8) % bits)


def main(resets: int, seed: int) -> None:
    """For `menshen bench boot`."""
    print(json.dumps(Resets(seed).run(resets)))
