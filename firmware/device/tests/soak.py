"""Days of a door's life in minutes: people, weather in the line, and what goes wrong. Seeded: the same days each time.

`warp.py` is its time, `controller.py` the other end of its link. MicroPython only; `menshen soak` runs it.
"""

import asyncio
import gc
import json
import os
import random

from device import dial
from device.tests import ramflash
from device.tests.controller import Controller
from device.tests.warp import READ_MS, WARP, WarpBoard, WarpFlash, provisioned, started

DAY_MS = 86_400_000
BLOCKS = 512  # × 4096: the 2 MB data partition of a 4 MB board
RESIDENTS = 20  # few: the heap that is looked at is also that of the other end
PASSAGES_A_DAY = 125  # about four events each: 500 a day
STRANGER = 0x700000
_LOOK_MS = 1_800_000  # between two looks at heap and files
_FEW = 6  # looks
_SETTLED_MS = 3_600_000  # after a boot: everything that grows once has grown


class Life:
    """The days: what has happened, and what must not."""

    def __init__(self, days: int, seed: int, start=started) -> None:
        random.seed(seed)
        self._days = days
        self._start = start
        self._end_ms = WARP.now_ms + days * DAY_MS
        self.controller = Controller(WARP.ticks, RESIDENTS)
        self._memories = provisioned(BLOCKS, self.controller.whole_list())
        self.boots = self.cuts = 0
        self.passages = self.shut_out = self.rejected = self.strangers_in = 0
        self.asked = self.released = 0  # releases that somebody had a right to, and those there were
        self.heap_looks = 0  # comparisons
        self.heap_growth = 0  # bytes, from a boot's first looks to any later ones
        self.files = [0, 0]  # the fewest and the most
        self.erases = [0] * BLOCKS

    def run(self, show=lambda day: None) -> "dict[str, object]":
        """All of it; the figures."""
        dial.dialler = lambda *arguments: self.controller.dial
        first = WARP.now_ms
        while WARP.now_ms < self._end_ms:
            self._boot()
            show((WARP.now_ms - first) // DAY_MS)
        return self._figures()

    def _boot(self) -> None:
        """From power on to power off."""
        self.boots += 1
        asyncio.new_event_loop()
        gc.collect()
        power, board = WarpFlash(self._memories), WarpBoard()
        try:
            asyncio.run(self._live(board, power))
        except ramflash.PowerCut:
            self.cuts += 1
        WARP.cut_ms = -1
        power.freeze()
        self.controller.hang_up()
        self.released += board.releases
        for block in range(BLOCKS):
            self.erases[block] += power.erases[block]
        WARP.now_ms += 1_000 + random.getrandbits(18)  # dark for up to four minutes

    async def _live(self, board: WarpBoard, power: WarpFlash) -> None:
        door = self._start(board, power)
        self.controller.door = door
        over = asyncio.create_task(door.run())
        tasks = [asyncio.create_task(work) for work in (self._people(board), self._faults(power), self._looks())]
        while WARP.now_ms < self._end_ms and not over.done():  # noqa: ASYNC110 - time is MicroPython's, and jumps
            await asyncio.sleep(60)
        self.controller.reachable = True
        await asyncio.sleep(120)  # the last events go up
        for task in tasks:
            task.cancel()

    async def _people(self, board: WarpBoard) -> None:
        """Residents, strangers, buttons, doors that bounce, cards that are not read well."""
        while True:
            await asyncio.sleep_ms(random.getrandbits(20) % (2 * DAY_MS // PASSAGES_A_DAY // 1000) * 1000 + 7_000)
            draw = random.getrandbits(4)
            if draw == 0:
                await self._refused(board, STRANGER + random.getrandbits(16), 0)
            elif draw == 1:
                await self._refused(board, self._card(), 1 << random.getrandbits(4))
            elif draw == 2:
                self.asked += 1
                await self._bounce(board, board.levels.contact, True)
                await asyncio.sleep_ms(400)
                await self._through(board)
            else:
                await self._resident(board)

    async def _resident(self, board: WarpBoard) -> None:
        before = board.releases
        self.asked += 1
        self.passages += 1
        board.swipe(self._card())
        await asyncio.sleep_ms(READ_MS)
        self.shut_out += board.releases != before + 1
        await self._through(board)

    async def _refused(self, board: WarpBoard, card: int, wrong: int) -> None:
        before = board.releases
        self.rejected += 1
        board.swipe(card, wrong)
        await asyncio.sleep_ms(READ_MS)
        self.strangers_in += board.releases - before

    async def _through(self, board: WarpBoard) -> None:
        """Open, go, let it fall shut."""
        await asyncio.sleep_ms(800)
        await self._bounce(board, True, False)
        await asyncio.sleep_ms(3_000)
        await self._bounce(board, False, False)
        await asyncio.sleep_ms(6_000)

    async def _bounce(self, board: WarpBoard, contact: bool, rex: bool) -> None:
        """To these levels as real contacts go there."""
        was = board.levels
        for _ in range(random.getrandbits(3)):
            board.level(contact, rex)
            await asyncio.sleep_ms(1 + random.getrandbits(2))
            board.level(was.contact, was.rex)
            await asyncio.sleep_ms(1 + random.getrandbits(2))
        board.level(contact, rex)

    async def _faults(self, power: WarpFlash) -> None:
        """About eight an hour, of every kind."""
        controller = self.controller
        while True:
            await asyncio.sleep(random.getrandbits(10) % 900)
            draw = random.getrandbits(8)
            if draw < 40:
                controller.reachable = False
                controller.hang_up()
                await asyncio.sleep(random.getrandbits(10))
                controller.reachable = True
            elif draw < 80:
                controller.hang_up()  # the broker starts anew
            elif draw < 100:
                controller.fall_silent()
            elif draw < 160:
                controller.hostile(random.getrandbits(5))
            elif draw < 200:
                self.asked += controller.open()
            elif draw < 216:
                controller.new_list()
            elif draw < 219:
                power.arm(1 + random.getrandbits(8), bool(random.getrandbits(1)))
            elif draw < 221:
                WARP.cut_ms = WARP.now_ms + random.getrandbits(16)

    async def _looks(self) -> None:
        """Heap and files, twice an hour. What is under way needs memory: of a few looks the most counts."""
        await asyncio.sleep_ms(_SETTLED_MS)
        looks: list[int] = []
        while True:
            count = _files(".")
            self.files = [min(self.files[0] or count, count), max(self.files[1], count)]
            gc.collect()
            looks.append(gc.mem_alloc())
            if len(looks) == 2 * _FEW:
                self.heap_looks += 1
                self.heap_growth = max(self.heap_growth, max(looks[_FEW:]) - max(looks[:_FEW]))
                del looks[_FEW]
            await asyncio.sleep_ms(_LOOK_MS)

    def _card(self) -> int:
        return 1 + random.getrandbits(16) % RESIDENTS

    def _figures(self) -> "dict[str, object]":
        controller = self.controller
        return {
            "days": self._days,
            "boots": self.boots,
            "power_cuts": self.cuts,
            "passages": self.passages,
            "shut_out": self.shut_out,
            "rejected": self.rejected,
            "strangers_in": self.strangers_in,
            "releases": self.released,
            "releases_asked": self.asked,
            "events": controller.events,
            "events_a_day": controller.events // self._days,
            "events_again": controller.again,
            "events_missing": controller.missing(),
            "gaps": controller.gaps,
            "connections": controller.connections,
            "lists": controller.lists,
            "hostile": controller.hostiles,
            "heap_growth_bytes": self.heap_growth,
            "heap_looks": self.heap_looks,
            "files_fewest": self.files[0],
            "files_most": self.files[1],
            "erases": sum(self.erases),
            "erases_sector_max": max(self.erases),
        }


def _files(folder: str) -> int:
    """Files below a folder."""
    count = 0
    for entry in os.ilistdir(folder):
        count += _files(folder + "/" + entry[0]) if entry[1] == 0x4000 else 1
    return count


def main(days: int, seed: int) -> None:
    """Print each day's end, and the figures as JSON."""
    shown = [0]

    def show(day: int) -> None:
        if day > shown[0]:
            shown[0] = day
            print("day", day)

    gc.threshold(65_536)
    print(json.dumps(Life(days, seed).run(show)))
