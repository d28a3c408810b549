"""Every scenario of `cuts.py`, at every cut point; and what a year of events does to flash."""

import os

from device import flash
from device.journal_store import JournalStore
from device.tests.cuts import LISTS, SCENARIOS, event, every_cut, list_1, list_is_old_or_new, run
from device.tests.ramflash import BLOCKS, RamFlash, blank, mount

FEWEST = {"first_list": 10, "settings": 10, "pass": 10}  # cut points; 20 elsewhere
EVENTS_A_DAY = 500
DAYS = 10


def test_power_cut_at_every_flash_write() -> None:
    for scenario in SCENARIOS:
        name = scenario[0]
        points, failures = run(name)
        print(name + ":", points, "cut points")
        assert not failures, (name, failures)
        assert points >= FEWEST.get(name, 20), (name, points)


def test_a_story_that_loses_something_is_caught() -> None:
    def careless(folder, told):
        os.remove(folder + "list.bin")
        flash.replace(folder + "list.bin", LISTS[2])

    points, failures = every_cut(list_1, careless, list_is_old_or_new(1, 2))
    assert points >= 4 and 0 < len(failures) < points


def test_a_year_of_events_wears_no_block_out() -> None:
    power = RamFlash(blank())
    journal = JournalStore(mount(power), 4)
    journal.open(9)
    power.erases = [0] * len(power.erases)
    events = DAYS * EVENTS_A_DAY
    for _ in range(events):
        assert journal.append(event(journal, journal.next_seq))
        journal.ack(journal.epoch, journal.next_seq - 1)
    journal.close()
    total, most = sum(power.erases), max(power.erases)
    print("wear:", total / events, "erases an event;", most, "of one block in", DAYS, "days")
    assert total / events <= 0.25
    assert most * 365 / DAYS <= 1_000 * 512 / BLOCKS  # NOR flash lasts 100,000; a door's has 512 blocks to wear
