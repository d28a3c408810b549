"""What a year of events does to a door's flash, which holds the longest list and two firmwares beside them."""

import gc
import json

from device.journal_store import JournalStore
from device.tests.cuts import event
from device.tests.ramflash import RamFlash, blank, mount
from doorwire.doorlist import WHOLE_LIMIT

BLOCKS = 512  # × 4096: the 2 MB data partition of a 4 MB board
SLOT = 80 * 1024  # bytes of a firmware
EVENTS_A_DAY = 500


def wear(days: int) -> "dict[str, int]":
    """Erases after so many days with each event acknowledged at once: of all blocks, and of the one most worn."""
    power = RamFlash(blank(BLOCKS))
    folder = mount(power)
    for name, size in (("list.bin", WHOLE_LIMIT), ("a.rom", SLOT), ("b.rom", SLOT)):
        with open(folder + name, "wb") as file:
            file.write(bytes(size))
    power.erases = [0] * BLOCKS
    journal = JournalStore(folder)
    journal.open(9)
    for _ in range(days * EVENTS_A_DAY):
        assert journal.append(event(journal, journal.next_seq))
        journal.ack(journal.epoch, journal.next_seq - 1)
    journal.close()
    return {"days": days, "erases": sum(power.erases), "erases_sector_max": max(power.erases)}


def main(days: int) -> None:
    """For `menshen soak`."""
    gc.threshold(65_536)
    print(json.dumps(wear(days)))
